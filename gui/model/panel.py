"""The tab "Model": the layers of the network and the planned learning rate, and a look inside as it trains."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSplitter, QStackedLayout, QVBoxLayout, QWidget

from engine.config import RunConfig
from engine.frozen.proof import Proof, read_proof
from engine.message import InputError
from gui import numbers
from gui.background import Trouble
from gui.model.layer_proof import summary
from gui.model.layer_tree import MANY, LayerTree
from gui.model.lr_plot import LrPlot
from gui.panel import Panel
from gui.runs.run import Run
from gui.widgets.fold_button import FoldButton
from gui.widgets.looks import give
from gui.widgets.segments import Segments
from gui.widgets.theme import Theme
from gui.words import say
from gui.workbench import PARTS, Workbench

if TYPE_CHECKING:
    from engine.preview.lr_plan import LrPlan
    from engine.preview.summary import NetworkTable
    from gui.model.inside.panel import InsidePanel

STEPS_PER_EPOCH = 100
"""Taken for the plan of the learning rate where the data, and so the number of steps, are not there yet."""


class Planned(NamedTuple):
    """The plan of the learning rate, and whether its number of steps is that of the data."""

    plan: LrPlan
    steps_known: bool


class ModelPanel(Panel):
    """Lists the network of the settings as they stand, and draws their learning rate; or looks into a run's network."""

    settings_asked = Signal(object)
    """The `RunConfig` that is to stand on the left from now on."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._listed: object = None
        self._drawn: object = None
        self.total = QLabel()
        self.total.setProperty("role", "heading")
        self.total.setWordWrap(True)
        self.total.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.problem = QLabel()
        self.problem.setTextFormat(Qt.TextFormat.PlainText)
        self.problem.setProperty("role", "error")
        self.problem.setWordWrap(True)
        self.problem.hide()
        self.fates = QLabel()
        self.fates.setTextFormat(Qt.TextFormat.PlainText)
        self.fates.setWordWrap(True)
        self.fates.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.fates.hide()
        self._proof: Proof | None = None
        self._proven: object = None
        self.tree = LayerTree()
        self.lr = LrPlot()
        self.all_layers = FoldButton(self.tr("All layers"))
        self.all_layers.setToolTip(self.tr("Show every layer, or each block as one line"))
        self.all_layers.toggled.connect(self._unfold)
        self.all_layers.hide()
        self.part = Segments(self.tr("Part"), [
            (self.tr("Layers"), self.tr("The layers of the network that the settings make")),
            (self.tr("Look inside"), self.tr("Values, gradients and updates of each layer as the network trains")),
        ])  # fmt: skip
        self._inside: InsidePanel | None = None
        self._lay_out()
        self.part.chosen.connect(self._on_part)
        self.total.setText(self.tr("The layers of the network will be listed here, as soon as there are settings."))

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.setSpacing(4)
        line.addWidget(self.total, 1)
        line.addWidget(self.all_layers)
        upper = QWidget()
        column = QVBoxLayout(upper)
        column.setContentsMargins(0, 0, 0, 8)
        column.setSpacing(8)
        column.addLayout(line)
        column.addWidget(self.problem)
        column.addWidget(self.fates)
        column.addWidget(self.tree, 1)
        self._splitter = QSplitter(Qt.Orientation.Vertical)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.addWidget(upper)
        self._splitter.addWidget(self.lr)
        self._splitter.setStretchFactor(0, 3)
        self._splitter.setStretchFactor(1, 2)
        self._pages = QStackedLayout()
        self._pages.addWidget(self._splitter)
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 8, 0, 0)
        page.setSpacing(8)
        page.addWidget(self.part)
        page.addLayout(self._pages, 1)

    @property
    def inside(self) -> InsidePanel:
        """The look inside, made if need be."""
        if self._inside is None:
            from gui.model.inside.panel import InsidePanel

            self._inside = InsidePanel(self.bench)
            self._inside.settings_asked.connect(self.settings_asked)
            self._inside.set_theme(self.theme)
            if self.config is not None:
                self._inside.show_settings(self.config)
            self._inside.show_run(self.run)
            self._pages.addWidget(self._inside)
        return self._inside

    def look_inside(self) -> InsidePanel:
        """Bring the look inside forward."""
        self.part.current = 1
        self._pages.setCurrentWidget(self.inside)
        return self.inside

    @Slot(int)
    def _on_part(self, part: int) -> None:
        if part:
            self.look_inside()
        else:
            self._pages.setCurrentWidget(self._splitter)

    def show_settings(self, config: RunConfig) -> None:
        """The settings have changed."""
        super().show_settings(config)
        if self._inside is not None:
            self._inside.show_settings(config)

    def show_run(self, run: Run | None) -> None:
        """Another run is in front, or it has come to the end of an epoch, or to its end."""
        super().show_run(run)
        if self._inside is not None:
            self._inside.show_run(run)

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        super().set_theme(theme)
        self.tree.set_theme(theme)
        self.lr.set_theme(theme)
        if self._inside is not None:
            self._inside.set_theme(theme)

    def refresh(self) -> None:
        """List and draw what the settings say, where they say something else than before."""
        config, bench = self.config, self.bench
        if config is None:
            return
        network = _network_essence(config)
        if network != self._listed:
            self._listed = network
            bench.background.ask("model-layers", lambda: _network(bench, config), self._show_network, self._no_network)
        self._look_for_proof()
        course = _course_essence(config)
        if course != self._drawn:
            self._drawn = course
            bench.background.ask("model-lr", lambda: _plan(bench, config), self._show_plan, self._no_plan)

    def _look_for_proof(self) -> None:
        """What became of the layers of the run in front: as it was told, else as its folder has it."""
        run = self.run
        asked = (run, run.proof if run is not None else None, len(run.history.epochs) if run is not None else 0)
        if asked == self._proven:
            return
        self._proven = asked
        folder = run.folder if run is not None else None
        if run is not None and run.proof is None and folder is not None:
            self.bench.background.ask(
                "model-proof", lambda: read_proof(folder), self._show_proof, lambda trouble: self._show_proof(None)
            )
        else:
            self.bench.background.forget("model-proof")
            self._show_proof(run.proof if run is not None else None)

    @Slot(object)
    def _show_proof(self, proof: Proof | None) -> None:
        self._proof = proof
        shown = self.tree.show_proof(proof)
        self.fates.setVisible(shown)
        if proof is not None and self.run is not None and shown:
            self.fates.setText(summary(proof))
            self.fates.setToolTip(self.run.label)
            give(self.fates, role="error" if proof.violated else "muted")

    # --- what the background has found -----------------------------------------------------------

    @Slot(object)
    def _show_network(self, network: NetworkTable) -> None:
        self.problem.hide()
        self.total.setText(self._total(network))
        give(self.total, role="heading")
        self.tree.show_network(network, self.bench.catalogue)
        self._show_proof(self._proof)
        self.all_layers.setVisible(len(network.layers) > MANY)

    @Slot(bool)
    def _unfold(self, opened: bool) -> None:
        self.tree.unfold_all() if opened else self.tree.fold_blocks()

    def _total(self, network: NetworkTable) -> str:
        words = {"count": numbers.count(network.parameters), "trained": numbers.count(network.trainable)}
        if network.trainable == network.parameters:
            text = self.tr("{count} parameters, all trainable")
        elif network.trainable == 0:
            text = self.tr("{count} parameters, none trainable")
        else:
            text = self.tr("{count} parameters, {trained} of them trainable")
        return f"{text.format(**words)} · {_size(network.bytes)}"

    @Slot(object)
    def _no_network(self, trouble: Trouble) -> None:
        """Say why there is no such network; the last one stays, greyed."""
        self._listed = None  # tried again when something changes, such as the data that arrive
        reason = say(trouble.text)
        if trouble.traceback:  # the model's own mistake, in its own words
            reason = self.tr("The network can't be built with these settings. {reason}").format(reason=reason)
        self.problem.setText(reason)
        self.problem.show()
        self.total.setText(self.tr("The last network that could be built:") if self.tree.topLevelItemCount() else "")
        give(self.total, role="muted")
        self.tree.set_stale(True)

    @Slot(object)
    def _show_plan(self, planned: Planned) -> None:
        if not planned.steps_known:
            self._drawn = None
        self.lr.show_plan(planned.plan, self.bench.catalogue, steps_known=planned.steps_known)

    @Slot(object)
    def _no_plan(self, trouble: Trouble) -> None:
        self._drawn = None
        self.lr.show_problem(say(trouble.text))


def _network(bench: Workbench, config: RunConfig) -> NetworkTable:
    from engine.preview.summary import network_table

    return network_table(config, bench.parts(config).spec)


def _plan(bench: Workbench, config: RunConfig) -> Planned:
    from engine.data import batch_bounds
    from engine.preview.lr_plan import lr_plan

    try:
        steps = len(batch_bounds(bench.parts(config).spec.samples[0], config.batch_size))
    except InputError:
        return Planned(lr_plan(config, STEPS_PER_EPOCH), steps_known=False)
    return Planned(lr_plan(config, steps), steps_known=True)


def _network_essence(config: RunConfig) -> object:
    """What the layers depend on."""
    tuned = (config.fine_tuning, config.epochs) if config.fine_tuning is not None else None
    return tuple(getattr(config, name) for name in PARTS), config.model, config.activation, config.regularizers, tuned


def _course_essence(config: RunConfig) -> object:
    """What the learning rate depends on."""
    data = tuple(getattr(config, name) for name in PARTS)
    return data, config.batch_size, config.epochs, config.lr, config.schedulers


def _size(count: int) -> str:
    """Bytes in words, with small networks told apart too: `2.1 MB`, `85 kB`."""
    for unit, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= unit:
            return f"{count / unit:.3g} {name}" if count / unit < 100 else f"{count / unit:,.0f} {name}"
    return f"{count} bytes"
