"""What the settings on the left are compared with: themselves with one technique more or less, or those of a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QCoreApplication, Qt, Signal, Slot
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from engine.catalogue import Catalogue
from engine.config import RunConfig
from engine.message import InputError
from engine.strategy import KINDS, Strategy
from gui.settings.fields import Note
from gui.widgets.segments import Segments
from gui.words import kind_title, say, summary, title

FIRST = "dropout"
"""The technique that is offered first where a recipe offers none."""
LISTED = 200
"""Runs to choose from, at most: the newest."""
TECHNIQUE, RUN = range(2)


class Listed(NamedTuple):
    """A run whose settings can be compared with."""

    key: str
    """Its folder."""
    label: str
    config: RunConfig


class TwinChoice(QWidget):
    """Chooses the other settings, says what they are, and why they can't be twins of those on the left."""

    train_pressed = Signal()
    stop_pressed = Signal()
    mend_asked = Signal(object)
    """The settings on the left with what makes the batches as the chosen run has it."""

    def __init__(self) -> None:
        super().__init__()
        self.config: RunConfig | None = None
        self.other: RunConfig | None = None
        """What it is compared with; None where the two can't be twins."""
        self._catalogue: Catalogue | None = None
        self._runs: list[Listed] = []
        self._ticked: tuple[str, ...] | None = None
        self._training = False
        self.kind = Segments(self.tr("Compare with"), [
            (self.tr("One technique more or less"), self.tr("The settings on the left, but for one technique")),
            (self.tr("The settings of a run"), self.tr("What another run was trained with")),
        ])  # fmt: skip
        self.techniques = _combo(self.tr("Technique to switch on or off"))
        self.runs = _combo(self.tr("Run whose settings to take"))
        self.runs.setPlaceholderText(self.tr("No other run yet"))
        self.train = QPushButton(self.tr("Train twins"))
        self.train.setProperty("primary", True)
        self.train.setToolTip(self.tr("Train both side by side, from the same weights and on the same batches"))
        self.stop = QPushButton(self.tr("Stop"))
        self.stop.setToolTip(self.tr("Stop both; best and last are kept"))
        self.explanation = QLabel()
        self.explanation.setProperty("role", "muted")
        self.explanation.setWordWrap(True)
        self.note = Note()
        self.mend = QPushButton(self.tr("Set these on the left as in that run"))
        self._lay_out()
        self.kind.chosen.connect(self._look)
        self.techniques.currentIndexChanged.connect(self._look)
        self.runs.currentIndexChanged.connect(self._look)
        self.train.clicked.connect(self.train_pressed)
        self.stop.clicked.connect(self.stop_pressed)
        self.mend.clicked.connect(self._mend)

    # --- what is told ----------------------------------------------------------------------------

    def show_settings(self, config: RunConfig, catalogue: Catalogue) -> None:
        """The settings on the left have changed."""
        ticked = tuple(strategy.id for strategy in config.with_)
        if catalogue is not self._catalogue or ticked != self._ticked:
            first = self.config is None
            self._catalogue, self._ticked = catalogue, ticked
            _fill(self.techniques, [*_techniques(catalogue, ticked)])
            if first:
                offered = next((each.id for each in config.offered if each.id not in ticked), FIRST)
                self.techniques.setCurrentIndex(max(0, self.techniques.findData(offered)))
        self.config = config
        self._look()

    def show_runs(self, runs: Sequence[Listed]) -> None:
        """These can be compared with."""
        shown = list(runs)[:LISTED]
        if [(run.key, run.label) for run in shown] != [(run.key, run.label) for run in self._runs]:
            self._runs = shown
            _fill(self.runs, [(run.label, run.key, "") for run in shown])
        self._runs = shown
        self._look()

    def show_training(self, training: bool) -> None:
        """Whether twins train now."""
        if training == self._training:
            return
        self._training = training
        self.train.setVisible(not training)
        self.stop.setVisible(training)
        self.kind.setVisible(not training)  # room for the curves
        self._look()

    # --- within ----------------------------------------------------------------------------------

    @Slot()
    def _look(self) -> None:
        """See what was chosen, and whether the two can be twins."""
        by_technique = self.kind.current == TECHNIQUE
        self.techniques.setVisible(by_technique)
        self.runs.setVisible(not by_technique)
        self.other, mendable, problem = None, False, ""
        explanation = self.tr("Runs that were trained appear here: their settings can be compared with.")
        chosen = self._chosen()
        if chosen is not None and self.config is not None:
            explanation = self._explanation(self.config, chosen)
            try:
                _check([self.config, chosen])
                self.other = chosen
            except InputError as error:
                mendable = not by_technique and error.message.code == "twins-other-batches"
                problem = say(error.message)
        self.explanation.setText(explanation)
        self.explanation.setVisible(bool(explanation) and not self._training)
        self.note.say("error", problem) if problem else self.note.clear()
        self.train.setEnabled(self.other is not None)
        self.mend.setVisible(mendable)

    def _chosen(self) -> RunConfig | None:
        """The other settings, such as they are."""
        config, catalogue = self.config, self._catalogue
        if self.kind.current == RUN:
            key = self.runs.currentData()
            return next((run.config for run in self._runs if run.key == key), None)
        id = self.techniques.currentData()
        if config is None or catalogue is None or id is None:
            return None
        if any(strategy.id == id for strategy in config.with_):
            return config.unticked(id)
        return config.ticked(_strategy(id, config, catalogue))

    def _explanation(self, config: RunConfig, other: RunConfig) -> str:
        """What the second one is."""
        if config == other.changed({"offered": config.offered}):
            return self.tr("The two are the same: their curves will be, too.")
        more = [each for each in other.with_ if each not in config.with_]
        if self.kind.current == RUN or not more:
            return ""
        values = ", ".join(f"{name} {value}" for name, value in more[0].model_dump(mode="json").items())
        technique = title(type(more[0])) + (f" ({values})" if values else "")
        text = self.tr("The second one is trained with {technique}. {summary}")
        return text.format(technique=technique, summary=summary(type(more[0])))

    @Slot()
    def _mend(self) -> None:
        from engine.fork import BATCHES

        chosen = self._chosen()
        if self.config is not None and chosen is not None:
            self.mend_asked.emit(self.config.changed({name: getattr(chosen, name) for name in BATCHES}))

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.setSpacing(8)
        for combo in (self.techniques, self.runs):
            line.addWidget(combo, 1)
        line.addWidget(self.train)
        line.addWidget(self.stop)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.kind)
        column.addLayout(line)
        column.addWidget(self.explanation)
        column.addWidget(self.note)
        column.addWidget(self.mend, 0, Qt.AlignmentFlag.AlignLeft)
        self.stop.hide()
        self.mend.hide()


def _tr(text: str) -> str:
    return QCoreApplication.translate("Twins", text)


def _check(configs: list[RunConfig]) -> None:
    from engine.twin import check_twins

    check_twins(configs)


def _techniques(catalogue: Catalogue, ticked: Sequence[str]) -> list[tuple[str, str, str]]:
    """Of each technique that can be ticked the words, its id and what it does: those that are ticked first."""
    kinds = [strategy for name, kind in KINDS.items() if kind.many for strategy in catalogue.of_kind(name)]
    ordered = sorted(kinds, key=lambda strategy: strategy.id not in ticked)
    template = {True: _tr("Without {technique}"), False: _tr("With {technique}")}
    return [
        (
            template[each.id in ticked].format(technique=title(each)),
            each.id,
            f"{kind_title(each.kind)}: {summary(each)}",
        )
        for each in ordered
    ]


def _strategy(id: str, config: RunConfig, catalogue: Catalogue) -> Strategy:
    """The technique as the settings offer it, else with its defaults."""
    offered = next((strategy for strategy in config.offered if strategy.id == id), None)
    return offered or catalogue.make(None, id, {})


def _combo(name: str) -> QComboBox:
    combo = QComboBox()
    combo.setAccessibleName(name)
    combo.setToolTip(name)
    combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    combo.setMinimumContentsLength(12)
    combo.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
    return combo


def _fill(combo: QComboBox, entries: Sequence[tuple[str, str, str]]) -> None:
    """Other entries: words, what stands for them, and a tip. What was chosen stays so, where it is still there."""
    chosen = combo.currentData()
    combo.blockSignals(True)
    combo.clear()
    for place, (text, key, tip) in enumerate(entries):
        combo.addItem(text, key)
        combo.setItemData(place, tip, Qt.ItemDataRole.ToolTipRole)
    combo.setCurrentIndex(max(0, combo.findData(chosen)) if entries else -1)
    combo.blockSignals(False)
