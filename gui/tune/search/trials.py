"""The trials of a study as a table that fills while it is watched."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.catalogue import Catalogue
from engine.searches.space import Free
from gui import numbers
from gui.tune.search import words
from gui.widgets.sortable_table import Column, SortableTable, Value

if TYPE_CHECKING:
    from engine.searches.watch import StudySeen, TrialSeen


class TrialTable(QWidget):
    """Newest first, until a heading is clicked; the chosen trial stays chosen as others come."""

    chosen = Signal(object)
    """The number of a trial, by the user; None for none."""

    def __init__(self) -> None:
        super().__init__()
        self.table: SortableTable | None = None
        self._shown: tuple[tuple[Free, ...], str] | None = None
        self._numbers: list[int] = []
        self._best: int | None = None
        self._filling = False
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)

    def show_study(self, seen: StudySeen, catalogue: Catalogue) -> None:
        """Show these trials."""
        monitor, chosen = seen.plan.config.monitor, self.current
        if self._shown != (seen.plan.space, monitor):
            self._shown = seen.plan.space, monitor
            self._make_table(seen.plan.space, monitor, catalogue)
        assert self.table is not None
        trials = seen.trials[::-1]
        self._best = seen.best.number if seen.best is not None else None
        self._numbers = [trial.number for trial in trials]
        self._filling = True
        place = self.table.verticalScrollBar().value()
        self.table.show_rows([_row(trial, seen.plan.space) for trial in trials])
        self.table.verticalScrollBar().setValue(place)
        self.choose(chosen)
        self._filling = False

    def forget(self) -> None:
        """Make the table anew when there is something to show: its headings have other words."""
        self._shown = None

    def _make_table(self, space: Sequence[Free], monitor: str, catalogue: Catalogue) -> None:
        if self.table is not None:
            self._column.removeWidget(self.table)
            self.table.hide()
            self.table.deleteLater()
        self._numbers = []
        self.table = SortableTable(self.tr("Trials"), [
            Column(self.tr("Trial"), self.tr("In the order in which they began"), self._number),
            Column(self.tr("State"), self.tr("How it stands: one that is given up was ended before its last epoch")),
            Column(words.monitored(monitor), self.tr("Of its best epoch so far"), partial(_figure, monitor)),
            Column(self.tr("Epochs"), self.tr("How many it has trained"), numbers.count),
            *(
                Column(words.called(free.name, catalogue), words.reach(free), _writer(free))
                for free in space
            ),
        ])  # fmt: skip
        self.table.chosen.connect(self._on_chosen)
        self._column.addWidget(self.table)

    def _number(self, number: int) -> str:
        return self.tr("{number} (best)").format(number=number) if number == self._best else str(number)

    @property
    def current(self) -> int | None:
        """The number of the chosen trial; None for none."""
        row = self.table.current if self.table is not None else -1
        return self._numbers[row] if 0 <= row < len(self._numbers) else None

    def choose(self, number: int | None) -> None:
        """Choose a trial; None, or one that is not there, chooses none."""
        if self.table is not None and number != self.current:
            blocked = self.table.blockSignals(True)
            self.table.current = self._numbers.index(number) if number in self._numbers else -1
            self.table.blockSignals(blocked)

    @Slot(int)
    def _on_chosen(self, row: int) -> None:
        if not self._filling:
            self.chosen.emit(self.current)


def _row(trial: TrialSeen, space: Sequence[Free]) -> list[Value]:
    value = math.nan if trial.value is None else trial.value
    return [trial.number, words.state(trial.state), value, trial.epochs, *(_cell(trial, free) for free in space)]


def _cell(trial: TrialSeen, free: Free) -> Value:
    """What was chosen, in the one type that its column is sorted by."""
    chosen = trial.params.get(free.name)
    if free.choices:
        return "" if chosen is None else str(chosen)
    return float(chosen) if isinstance(chosen, int | float) else math.nan


def _figure(monitor: str, value: float) -> str:
    return words.figure(value, monitor)


def _writer(free: Free) -> Callable[[Any], str]:
    if free.choices:
        return lambda text: words.word(text) if text else numbers.NONE
    return (lambda value: words.value(None if math.isnan(value) else int(value))) if free.integer else words.number
