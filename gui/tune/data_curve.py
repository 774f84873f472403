"""The tool "Data curve": what the settings on the left come to with less data, and would with more."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QLineEdit, QPushButton, QVBoxLayout

from engine.config import RunConfig
from engine.run_records.index import RunIndex
from gui import numbers
from gui.background import Trouble
from gui.tune.data_curve_plot import DataCurvePlot
from gui.tune.tool import Tool
from gui.widgets.count_box import CountBox
from gui.widgets.drops import let_drops_pass
from gui.widgets.flow import FlowLayout
from gui.widgets.labels import text_label, with_word
from gui.widgets.looks import give
from gui.widgets.theme import Theme
from gui.words import say
from gui.workbench import Workbench

if TYPE_CHECKING:
    from engine.sweeps.data_curve import DataCurve
    from engine.sweeps.sweep import Member

KEY = "data-curve"
USUAL = "5, 10, 25, 50, 100"


class DataCurveTool(Tool):
    """One button lets all runs wait that are missing; the plot fills in as they end."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._index = RunIndex(bench.workspace)
        self.curve: DataCurve | None = None
        self._missing: list[Member] = []
        self.start = QPushButton(self.tr("Train"))
        self.start.setProperty("primary", True)
        self.start.clicked.connect(self._on_start)
        self.start.setEnabled(False)
        self.shares = QLineEdit(USUAL)
        let_drops_pass(self.shares)
        self.shares.setAccessibleName(self.tr("Shares of the training data in %"))
        self.shares.setToolTip(self.tr("Per cent of the training samples, with commas between"))
        self.shares.editingFinished.connect(self.touch)
        self.seeds = CountBox()
        self.seeds.setRange(1, 20)
        self.seeds.setValue(3)
        self.seeds.setAccessibleName(self.tr("Seeds"))
        self.seeds.setToolTip(self.tr("How many runs each share has: two at least tell the data from luck"))
        self.seeds.valueChanged.connect(self.touch)
        self.told, self.answer = text_label(role="muted"), text_label()
        self.plot = DataCurvePlot()
        self.setFocusProxy(self.start)
        self._lay_out()

    def _lay_out(self) -> None:
        head = FlowLayout(8, line_spacing=4)
        for widget in (with_word(self.tr("Shares in %"), self.shares), with_word(self.tr("Seeds"), self.seeds)):
            head.addWidget(widget)
        head.addWidget(self.start)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(head)
        for label in (self.told, self.answer):
            column.addWidget(label)
        column.addWidget(text_label(self.tr("Accuracy, %"), "heading"))
        column.addWidget(self.plot, 1)

    # --- what is shown ---------------------------------------------------------------------------

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        self.plot.set_theme(theme)
        super().set_theme(theme)

    def refresh(self) -> None:
        """Look, in the background, which of the runs are there."""
        config = self.config
        if config is None:
            return
        text, seeds, coming = self.shares.text(), self.seeds.value(), self.bench.coming()
        self.bench.background.ask(
            KEY, lambda: _look(self._index, config, text, seeds, coming), self._on_found, self._on_trouble
        )

    def _on_found(self, found: tuple[DataCurve, list[Member]]) -> None:
        self.curve, self._missing = found
        self.plot.show_curve(self.curve)
        self._show_words(self.curve)
        self._show_button(self.curve)

    def _show_button(self, curve: DataCurve) -> None:
        count, begun = len(self._missing), _begun(curve)
        can_go_on = begun is not None and not self.bench.busy()
        self.start.setEnabled(count > 0 or can_go_on)
        if count:
            text = self.tr("Train 1 run") if count == 1 else self.tr("Train {count} runs")
        else:
            text = self.tr("Continue") if begun is not None else self.tr("Nothing is missing")
        self.start.setText(text.format(count=numbers.count(count)))

    def _show_words(self, curve: DataCurve) -> None:
        from engine.sweeps.data_curve import TWICE
        from engine.sweeps.sweep import State

        done, left = curve.count(State.DONE), curve.count(State.BEGUN)
        give(self.told, role="muted")
        text = self.tr("{done} of {all} runs are done.").format(done=done, all=len(curve.standings))
        if not done:
            text = self.tr(
                "The settings on the left are trained on shares of the training data, each with some seeds. All have "
                "the same epochs, so more data means more steps. The runs wait in the queue, one after another."
            )
        if left:
            text += " " + self.tr("{count} were left before their end and can go on.").format(count=left)
        self.told.setText(text)
        if curve.estimate is not None:
            words = self.tr("With twice the data about {accuracy} ({low} to {high}) on the {part} part.").format(
                accuracy=numbers.percent(curve.estimate.accuracy), low=numbers.percent(curve.estimate.low),
                high=numbers.percent(curve.estimate.high),
                part=self.tr("test") if curve.part == "test" else self.tr("validation"),
            )  # fmt: skip
        elif curve.reason is not None:
            words = self.tr("What twice the data would bring can't be told. {reason}").format(reason=say(curve.reason))
        else:
            words = ""
        self.answer.setText(words)
        self.answer.setVisible(bool(words))
        known = [(amount.share, found.mean) for amount in curve.amounts if (found := amount.of(curve.part))]
        read = ", ".join(f"{share:g} %: {numbers.percent(mean)}" for share, mean in known)
        estimate = f", {TWICE:g} %: {words}" if curve.estimate is not None else ""
        self.plot.setAccessibleDescription(read + estimate)

    def _on_trouble(self, trouble: Trouble) -> None:
        self.curve, self._missing = None, []
        self.plot.show_curve(None)
        self.start.setEnabled(False)
        self.answer.hide()
        give(self.told, role="error")
        self.told.setText(say(trouble.text))

    @Slot()
    def _on_start(self) -> None:
        """Go on with what was left, if nothing trains, and let the others wait."""
        missing, self._missing = self._missing, []
        begun = _begun(self.curve) if self.curve is not None else None
        self.start.setEnabled(False)  # until it is seen that they wait
        if begun is not None and not self.bench.busy():
            self.continue_asked.emit(begun)
        if missing:
            self.runs_asked.emit([member.config for member in missing])
        self.touch()


def _begun(curve: DataCurve) -> Path | None:
    """The folder of a run that was left before its end."""
    from engine.sweeps.sweep import State

    records = [each.record for each in curve.standings if each.state is State.BEGUN]
    return next((record.folder for record in records if record is not None), None)


def _look(
    index: RunIndex, config: RunConfig, shares: str, seeds: int, coming: Sequence[RunConfig]
) -> tuple[DataCurve, list[Member]]:
    """In the background: the curve, and the members that must still be asked for."""
    from engine.sweeps.data_curve import data_curve, parse_shares, plan
    from engine.sweeps.sweep import standings, to_train

    config.check()
    planned = plan(config, parse_shares(shares), seeds)
    records = index.records()
    return data_curve(planned, standings(planned.members, records)), to_train(planned.members, records, coming)
