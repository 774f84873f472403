"""A table of figures that is sorted by a click on a column's heading, or by the column's number."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QCoreApplication,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    QTimer,
    Signal,
    Slot,
)  # fmt: skip
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QTableView

from engine.language import Said
from gui.widgets.measured import by_type
from gui.widgets.type_size import tabular

HEADING = 17
"""Pixels of a heading beside its text."""
SHORTEST = 12
"""Characters for which there is always room in a first column whose texts are shortened."""

Index = QModelIndex | QPersistentModelIndex
Value = str | float | int


@dataclass(frozen=True)
class Column:
    """A column: what it is called, what it means, and how its values are written."""

    title: str
    explanation: str
    write: Callable[[Any], str] = str
    left: bool = False
    """Whether its values are words: they begin at the left, as those of the first column do."""
    yields: bool = False
    """Whether its texts are shortened where there is no room for all: a tool tip has the whole."""


class SortableTable(QTableView):
    """Rows of values under headings. What is no number comes last, whichever way it is sorted."""

    chosen = Signal(int)
    """The number of the current row, as it was given; -1 for none."""

    def __init__(self, name: str, columns: Sequence[Column], *, shortened: bool = False) -> None:
        """`shortened` texts of the first column leave room for the others: a tool tip has the whole."""
        super().__init__()
        self._shortened = shortened
        self._model = _Rows(columns, self)
        self._sorted = _Sorted(self)
        self._sorted.setSourceModel(self._model)
        self._sorted.setSortRole(Qt.ItemDataRole.UserRole)
        self.setModel(self._sorted)
        self.setAccessibleName(name)
        self.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QTableView.SelectionMode.SingleSelection)
        self.setEditTriggers(QTableView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setFont(tabular(self.font()))
        self.verticalHeader().hide()
        lines = self.verticalHeader().setDefaultSectionSize
        by_type(self, lambda metrics: lines(metrics.height() + 10))
        by_type(self, lambda _: QTimer.singleShot(0, self, self._measure))  # then its heading has the other font, too
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionsClickable(True)
        header.setMinimumSectionSize(40)
        header.sectionClicked.connect(self.sort_by)
        self._sort(-1)  # as given, until a heading is clicked
        self.selectionModel().currentRowChanged.connect(self._current_changed)

    def show_rows(self, rows: Sequence[Sequence[Value]]) -> None:
        """Show these rows; the current one stays current where there are as many."""
        row = self.current if len(rows) == len(self._model.rows) else -1
        blocked = self.blockSignals(True)
        self._model.replace(rows)
        self.current = row
        self.blockSignals(blocked)
        self._measure()

    @Slot(int)
    def sort_by(self, column: int) -> None:
        """Sort by a column: the least first, a second time the greatest, a third time as the rows were given."""
        if self._sorted.sortColumn() != column:
            self._sort(column)
        elif self._sorted.sortOrder() == Qt.SortOrder.AscendingOrder:
            self._sort(column, Qt.SortOrder.DescendingOrder)
        else:
            self._sort(-1)

    def _sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self._sorted.sort(column, order)
        self._model.mark(column, order)
        self._measure()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """The number of a column sorts by it."""
        column = event.key() - Qt.Key.Key_1
        if 0 <= column < len(self._model.columns) and event.modifiers() == Qt.KeyboardModifier.NoModifier:
            self.sort_by(column)
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Give the first column what the others leave."""
        super().resizeEvent(event)
        self._measure()

    def _measure(self) -> None:
        """Make columns as wide as what is in them; the first one takes the rest."""
        header, metrics = self.horizontalHeader(), self.fontMetrics()
        widths = [
            max(self.sizeHintForColumn(each) + 4, metrics.horizontalAdvance(self._model.heading(each)) + HEADING)
            for each in range(header.count())
        ]
        if self._shortened:
            widths[0] = min(widths[0], SHORTEST * metrics.averageCharWidth())
        self._shorten(widths)
        widths[0] = max(widths[0], self.viewport().width() - sum(widths[1:]))
        for column, width in enumerate(widths):
            header.resizeSection(column, width)

    def _shorten(self, widths: list[int]) -> None:
        """Take what is missing from the columns that yield, from the widest first."""
        least = SHORTEST * self.fontMetrics().averageCharWidth()
        missing = sum(widths) - self.viewport().width()
        yielding = [place for place, column in enumerate(self._model.columns) if column.yields]
        for place in sorted(yielding, key=lambda place: widths[place], reverse=True):
            given = max(0, min(missing, widths[place] - least))
            widths[place] -= given
            missing -= given

    @property
    def current(self) -> int:
        """The number of the current row, as it was given; -1 for none."""
        return self._sorted.mapToSource(self.currentIndex()).row()

    @current.setter
    def current(self, row: int) -> None:
        self.setCurrentIndex(self._sorted.mapFromSource(self._model.index(row, 0)) if row >= 0 else QModelIndex())
        if row < 0:
            self.clearSelection()

    def chosen_rows(self) -> list[int]:
        """The numbers of the chosen rows, as they were given, from the top of the table."""
        chosen = sorted(self.selectionModel().selectedRows(), key=lambda index: index.row())
        return [self._sorted.mapToSource(index).row() for index in chosen]

    def choose(self, rows: Sequence[int]) -> None:
        """Choose these rows, where more than one may be chosen."""
        flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
        for row in rows:
            if row < len(self._model.rows):
                self.selectionModel().select(self._sorted.mapFromSource(self._model.index(row, 0)), flags)

    def texts(self) -> list[list[str]]:
        """What is seen, line by line."""
        rows, columns = range(self._sorted.rowCount()), range(self._sorted.columnCount())
        return [[self._sorted.index(row, column).data() for column in columns] for row in rows]

    def _current_changed(self, index: QModelIndex) -> None:
        self.chosen.emit(self._sorted.mapToSource(index).row())


class _Rows(QAbstractTableModel):
    def __init__(self, columns: Sequence[Column], parent: QTableView) -> None:
        super().__init__(parent)
        self.columns = tuple(columns)
        self.rows: list[Sequence[Value]] = []
        self._arrow = (-1, "")

    def mark(self, column: int, order: Qt.SortOrder) -> None:
        """Say in a heading which way the rows are sorted."""
        self._arrow = (column, "\N{UPWARDS ARROW}" if order == Qt.SortOrder.AscendingOrder else "\N{DOWNWARDS ARROW}")
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(self.columns) - 1)

    def replace(self, rows: Sequence[Sequence[Value]]) -> None:
        self.beginResetModel()
        self.rows = list(rows)
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008
        return 0 if parent.isValid() else len(self.columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        value, column = self.rows[index.row()][index.column()], self.columns[index.column()]
        if role == Qt.ItemDataRole.UserRole:
            return value
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return column.write(value)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._side(index.column())
        return None

    def _side(self, section: int) -> Qt.AlignmentFlag:
        words = section == 0 or self.columns[section].left
        side = Qt.AlignmentFlag.AlignLeft if words else Qt.AlignmentFlag.AlignRight
        return side | Qt.AlignmentFlag.AlignVCenter

    def heading(self, section: int) -> str:
        title, (column, arrow) = _present(self.columns[section].title), self._arrow
        return f"{title} {arrow}" if section == column else title

    def explanation(self, section: int) -> str:
        how = QCoreApplication.translate("SortableTable", "Click to sort, or press {number} in the table")
        return f"{_present(self.columns[section].explanation)}\n{how.format(number=section + 1)}"

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation == Qt.Orientation.Vertical:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.heading(section)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self.explanation(section)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._side(section)
        return None


def _present(text: str) -> str:
    """A text in the language that is present now."""
    return text.again() if isinstance(text, Said) else text


class _Sorted(QSortFilterProxyModel):
    def lessThan(self, left: QModelIndex, right: QModelIndex) -> bool:  # noqa: N802
        one, other = left.data(Qt.ItemDataRole.UserRole), right.data(Qt.ItemDataRole.UserRole)
        if isinstance(one, float) and isinstance(other, float) and (math.isnan(one) or math.isnan(other)):
            last = math.isnan(other) if self.sortOrder() == Qt.SortOrder.AscendingOrder else math.isnan(one)
            return bool(last and not (math.isnan(one) and math.isnan(other)))
        return bool(one < other)
