"""How a search goes on: until when, on how many processes, how values are chosen and trials given up."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QComboBox, QLineEdit, QWidget

from engine.searches.begin import Options
from gui.widgets.count_box import CountBox
from gui.widgets.drops import let_drops_pass
from gui.widgets.flow import FlowLayout
from gui.widgets.labels import with_word
from gui.widgets.measured import by_type

TRIALS, MORE = 50, 50
"""Trials of a new search, and so many more of one that has had its share."""
FIELD = 8
"""Characters that there is room for in a field of numbers."""
MOST_TRIALS, MOST_MINUTES, MOST_PROCESSES = 100_000, 100_000, 256


class OptionFields(QObject):
    """Fields with their words: `limits` and `method`, each in as many lines as it needs."""

    changed = Signal()

    def __init__(self) -> None:
        from engine.hardware import processors

        super().__init__()
        self.limits, self.method = QWidget(), QWidget()
        self.trials, self.processes = CountBox(), CountBox()
        self.trials.setRange(1, MOST_TRIALS)
        self.trials.setGroupSeparatorShown(True)
        self.trials.setValue(TRIALS)
        self.minutes = CountBox()
        self.minutes.setRange(0, MOST_MINUTES)
        self.minutes.setGroupSeparatorShown(True)
        self.minutes.setSpecialValueText(self.tr("no limit"))
        self.processes.setRange(1, MOST_PROCESSES)
        self.processes.setValue(max(1, processors() - 1))
        self.sampler, self.pruner = QComboBox(), QComboBox()
        for text, name, tip in (
            (self.tr("TPE"), "tpe", self.tr("Values near those of good trials (Bergstra and others, 2011)")),
            (self.tr("Random"), "random", self.tr("Values at random, whatever came of the others")),
        ):
            self.sampler.addItem(text, name)
            self.sampler.setItemData(self.sampler.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        for text, name, tip in (
            (self.tr("Median"), "median", self.tr("Where an epoch is worse than the median of the others'")),
            (self.tr("Halving"), "halving", self.tr("By successive halving: of each rung the best go on")),
            (self.tr("Never"), "none", self.tr("Each trial is trained to its end")),
        ):
            self.pruner.addItem(text, name)
            self.pruner.setItemData(self.pruner.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.study = QLineEdit()
        self.study.setPlaceholderText(self.tr("made of the settings"))
        let_drops_pass(self.study)
        for box in (self.trials, self.minutes, self.processes):
            width = box.setMaximumWidth  # so that two stand on a line
            by_type(box, lambda metrics, width=width: width(FIELD * metrics.averageCharWidth() + 36))
        self._lay_out()
        for box in (self.trials, self.minutes, self.processes):
            box.valueChanged.connect(self.changed)
        for choice in (self.sampler, self.pruner):
            choice.currentIndexChanged.connect(self.changed)
        self.study.textEdited.connect(self.changed)

    def _lay_out(self) -> None:
        _fill(self.limits, (
            (self.tr("Trials"), self.trials, self.tr("In all: those of the study that were trained before count, too")),
            (
                self.tr("Minutes"), self.minutes,
                self.tr("The search ends when the first of both is reached: so many trials, or so long"),
            ),
            (
                self.tr("Processes"), self.processes,
                self.tr("So many trials are trained at a time, each on one thread: as many as there are processors, "
                        "less one for the window, is a good number"),
            ),
        ))  # fmt: skip
        _fill(self.method, (
            (self.tr("Choose values by"), self.sampler, self.tr("How the values of a trial are chosen")),
            (self.tr("Give up trials by"), self.pruner, self.tr("When a bad trial is ended before its last epoch")),
            (self.tr("Name of the study"), self.study, self.tr("Letters, digits, - and _; none needs to be given")),
        ))  # fmt: skip

    @property
    def options(self) -> Options:
        """As they stand there."""
        minutes = self.minutes.value()
        return Options(
            self.trials.value(), minutes or None, self.processes.value(), self.sampler.currentData(),
            self.pruner.currentData(), self.study.text().strip(),
        )  # fmt: skip

    def show_plan(self, sampler: str, pruner: str, study: str) -> None:
        """Show those of a study, which stay as they are."""
        self.sampler.setCurrentIndex(self.sampler.findData(sampler))
        self.pruner.setCurrentIndex(self.pruner.findData(pruner))
        self.study.setText(study)
        self.let_choose(False)

    def let_choose(self, can: bool) -> None:
        """Whether what makes a study may be chosen."""
        if can and not self.study.isEnabled():
            self.study.clear()
        for field in (self.sampler, self.pruner, self.study):
            field.setEnabled(can)


def _fill(place: QWidget, fields: Sequence[tuple[str, QWidget, str]]) -> None:
    line = FlowLayout(12, line_spacing=4)
    place.setLayout(line)
    for text, field, tip in fields:
        field.setToolTip(tip)
        field.setAccessibleName(text)
        line.addWidget(with_word(text, field))
