"""A table with named rows, as high as its rows: sorted by its headings, copied as text."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

from pyqtgraph import mkBrush, mkPen
from pyqtgraph.graphicsItems.ScatterPlotItem import drawSymbol
from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    QSize,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QFont,
    QFontMetrics,
    QGuiApplication,
    QIcon,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QHeaderView, QSizePolicy, QTableView

from gui.graph.drawings import Style
from gui.widgets.measured import by_type
from gui.widgets.theme import Theme
from gui.widgets.type_size import tabular

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole
NAME_CHARACTERS = 30
"""Of the name of a row, at most: a longer one is cut, and whole in its tool tip."""
BEST = "\N{BLACK DIAMOND}"
"""Stands before the best figure of a column, as it does on the graph at the best epoch."""


class Cell(NamedTuple):
    """What stands in one place."""

    text: str
    value: float | str | None = None
    """What it is sorted by, and copied as; a text is copied as it stands."""
    best: str = ""
    """What makes it stand out, in a word or two; empty where nothing does."""
    help: str = ""


class Row(NamedTuple):
    """A line of the table."""

    key: Hashable
    """By which it is known when the table is filled anew."""
    name: str
    cells: tuple[Cell, ...]
    style: Style | None = None
    """The look of its curve."""
    help: str = ""


class Heading(NamedTuple):
    """What a column is called and what it means."""

    name: str
    help: str = ""


class CompareTable(QTableView):
    """Shows rows; the one in front, by its key, is told by `current_changed`. Without a value comes last."""

    current_changed = Signal()

    def __init__(self, name: str, *, sortable: bool) -> None:
        super().__init__()
        self._model = _Rows(self)
        self._sorted = _Sorted(self)
        self._sorted.setSourceModel(self._model)
        self._sorted.setSortRole(Role.UserRole)
        self.setModel(self._sorted)
        self.setAccessibleName(name)
        self.setProperty("role", "named")
        self.setFont(tabular(self.font()))
        self.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QTableView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QTableView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self._prepare_headers(sortable)
        self.selectionModel().selectionChanged.connect(self.current_changed)

    def _measure(self, metrics: QFontMetrics) -> None:
        self.verticalHeader().setDefaultSectionSize(metrics.height() + 10)
        self.verticalHeader().setMaximumWidth(metrics.averageCharWidth() * NAME_CHARACTERS)

    def _prepare_headers(self, sortable: bool) -> None:
        names, titles = self.verticalHeader(), self.horizontalHeader()
        names.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        by_type(self, self._measure)
        names.setTextElideMode(Qt.TextElideMode.ElideMiddle)  # what tells runs apart stands at the end
        names.setHighlightSections(False)
        titles.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        titles.setHighlightSections(False)
        titles.setMinimumSectionSize(40)
        titles.setFont(tabular(titles.font()))
        if sortable:
            titles.setSectionsClickable(True)
            titles.sectionClicked.connect(self.sort_by)
            self.setAccessibleDescription(self.tr("S sorts by the column of the cursor, Ctrl+C copies"))
        self._sortable = sortable

    def show_rows(self, headings: Sequence[Heading], rows: Sequence[Row], theme: Theme) -> None:
        """Show these; what was chosen stays chosen, and sorted as it was."""
        self._model.show(list(headings), list(rows), theme)
        self.updateGeometry()

    def sort_by(self, column: int) -> None:
        """Sort by a column: at first the least above, the next time the greatest, then as the rows were given."""
        order, up = self._model.order, Qt.SortOrder.AscendingOrder
        if order is None or order[0] != column:
            self._model.order = column, up
        else:
            self._model.order = (column, Qt.SortOrder.DescendingOrder) if order[1] == up else None
        self._sorted.sort(*(self._model.order or (-1, up)))
        self._model.headerDataChanged.emit(Qt.Orientation.Horizontal, 0, len(self._model.headings) - 1)

    @property
    def current(self) -> Hashable | None:
        """The key of the chosen row; None where there is none."""
        chosen = self.selectionModel().selectedRows()
        return self._model.rows[self._sorted.mapToSource(chosen[0]).row()].key if chosen else None

    def texts(self) -> list[list[str]]:
        """What is seen, line by line, each with its name first."""
        across, down = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
        columns, rows = range(self._sorted.columnCount()), range(self._sorted.rowCount())
        heads = ["", *(self._sorted.headerData(column, across) for column in columns)]
        return [heads] + [
            [self._sorted.headerData(row, down), *(self._sorted.index(row, column).data() for column in columns)]
            for row in rows
        ]

    def copy(self) -> None:
        """Put the chosen rows, or all where none is chosen, on the clipboard: tabs between figures, in full."""
        chosen = sorted(index.row() for index in self.selectionModel().selectedRows())
        lines = [["", *(heading.name for heading in self._model.headings)]]
        for place in chosen or range(self._sorted.rowCount()):
            row = self._model.rows[self._sorted.mapToSource(self._sorted.index(place, 0)).row()]
            lines.append([row.name, *map(_copied, row.cells)])
        text = "\n".join("\t".join(" ".join(each.split()) for each in line) for line in lines)
        QGuiApplication.clipboard().setText(text + "\n")

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Copy on Ctrl+C, sort on S."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        elif self._sortable and event.key() == Qt.Key.Key_S and self.currentIndex().isValid():
            self.sort_by(self.currentIndex().column())
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Keep room for the horizontal scroll bar where there is one."""
        super().resizeEvent(event)
        self.updateGeometry()

    def sizeHint(self) -> QSize:  # noqa: N802
        """As high as its rows."""
        rows = self.verticalHeader().length() + self.horizontalHeader().sizeHint().height()
        wide = self.horizontalHeader().length() + self.verticalHeader().width() > self.width() - 2
        bar = self.horizontalScrollBar().sizeHint().height() if wide else 0
        return QSize(320, rows + bar + 2 * self.frameWidth())

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """No lower than its rows: it never scrolls up and down by itself."""
        return QSize(160, self.sizeHint().height())


def mark(style: Style, theme: Theme) -> QIcon:
    """A piece of a curve with its symbol, as it looks on the graph."""
    icon = QIcon()
    for ratio in (1, 2, 3):
        image = QPixmap(ratio * QSize(16, 16))
        image.setDevicePixelRatio(ratio)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(mkPen(style.colour, width=style.width)))
        painter.drawLine(QPointF(0, 8), QPointF(16, 8))
        if style.symbol is not None:
            painter.translate(8, 8)
            fill, edge = (theme.surface, style.colour) if style.hollow else (style.colour, theme.surface)
            drawSymbol(painter, style.symbol, style.size + 1, mkPen(edge), mkBrush(fill))
        painter.end()
        icon.addPixmap(image)
    return icon


def _copied(cell: Cell) -> str:
    return repr(cell.value) if isinstance(cell.value, (int, float)) else cell.text


class _Rows(QAbstractTableModel):
    def __init__(self, parent: QTableView) -> None:
        super().__init__(parent)
        self.headings: list[Heading] = []
        self.rows: list[Row] = []
        self._marks: list[QIcon | None] = []
        self._looks: list[tuple[Style | None, Theme]] = []
        self.order: tuple[int, Qt.SortOrder] | None = None
        """The column by which the rows are sorted, and which way; None where they stand as they were given."""

    def show(self, headings: list[Heading], rows: list[Row], theme: Theme) -> None:
        same = headings == self.headings and [row.key for row in rows] == [row.key for row in self.rows]
        if not same:
            self.beginResetModel()
        looks = [(row.style, theme) for row in rows]
        if looks != self._looks:
            self._looks = looks
            self._marks = [mark(row.style, theme) if row.style else None for row in rows]
        self.headings, self.rows = headings, rows
        if not same:
            self.endResetModel()
        elif rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, max(0, len(headings) - 1)))
            self.headerDataChanged.emit(Qt.Orientation.Vertical, 0, len(rows) - 1)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008
        return 0 if parent.isValid() else len(self.headings)

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        cell = self.rows[index.row()].cells[index.column()]
        if role == Role.DisplayRole:
            return f"{BEST} {cell.text}" if cell.best else cell.text
        if role == Role.UserRole:
            return cell.value
        if role in (Role.ToolTipRole, Role.AccessibleDescriptionRole):
            return "\n".join(filter(None, (cell.best, cell.help)))
        if role == Role.FontRole and cell.best:
            font = tabular(self.parent().font())
            font.setWeight(QFont.Weight.DemiBold)
            return font
        if role == Role.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if isinstance(cell.value, (int, float)) else Qt.AlignmentFlag.AlignLeft
            return (side if cell.value is not None else Qt.AlignmentFlag.AlignRight) | Qt.AlignmentFlag.AlignVCenter
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> Any:  # noqa: N802
        if orientation == Qt.Orientation.Horizontal:
            return self._of_heading(self.headings[section], section, role)
        row = self.rows[section]
        if role == Role.DisplayRole:
            return row.name
        if role == Role.ToolTipRole:
            return row.help or row.name
        if role == Role.DecorationRole:
            return self._marks[section]
        if role == Role.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def _of_heading(self, heading: Heading, section: int, role: int) -> Any:
        if role == Role.DisplayRole:
            return self._with_arrow(heading.name, section)
        if role == Role.ToolTipRole:
            return heading.help or heading.name
        if role == Role.TextAlignmentRole:
            texts = any(isinstance(row.cells[section].value, str) for row in self.rows)
            side = Qt.AlignmentFlag.AlignLeft if texts else Qt.AlignmentFlag.AlignRight
            return side | Qt.AlignmentFlag.AlignBottom
        return None

    def _with_arrow(self, name: str, section: int) -> str:
        """The heading, with an arrow in its first line where the rows are sorted by it: Qt's own would take a place in
        every heading."""
        if self.order is None or self.order[0] != section:
            return name
        first, newline, rest = name.partition("\n")
        return f"{first} {'↑' if self.order[1] == Qt.SortOrder.AscendingOrder else '↓'}{newline}{rest}"


class _Sorted(QSortFilterProxyModel):
    """Sorts by value; what has none comes last, whichever way it is sorted."""

    def lessThan(self, left: QModelIndex, right: QModelIndex) -> bool:  # noqa: N802
        one, other = left.data(Role.UserRole), right.data(Role.UserRole)
        if one is None or other is None:
            last_first = self.sortOrder() == Qt.SortOrder.DescendingOrder
            return (one is None) < (other is None) if not last_first else (one is None) > (other is None)
        return bool(one < other)
