"""Where the cells and names of a confusion matrix are, and how large there is room to make them."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtGui import QFont, QFontInfo, QFontMetrics

LEAST, MOST = QSize(14, 14), QSize(72, 48)
"""Of a cell."""
LABEL = 112
"""Pixels of the name of a class, at most."""
LEAST_ABOVE = 72
"""Pixels of the names above the columns, where they are so long: a turned name of three letters says nothing."""
SLANT = 3
"""Halves of its shorter edge that a cell's longer edge may have."""
GAP = 6
"""Pixels between a name and the cells."""
FONT_SHARES = (1.0, 0.9, 0.8, 0.7)
"""Of the window's font, in which the text of a cell may be written."""


@dataclass(frozen=True)
class MatrixPlaces:
    """A matrix of so many classes in a viewport, moved by what it is scrolled."""

    classes: int
    whole: QSize
    """The viewport."""
    left: int
    """Pixels of the names of the rows."""
    top: int
    """Pixels of the names of the columns."""
    cell: QSize
    scrolled: QPoint

    @classmethod
    def fitting(cls, classes: int, whole: QSize, name: int, line: int) -> MatrixPlaces:
        """Cells as large as there is room for, where a name takes `name` pixels and a line of text is `line` high."""
        left = min(name, LABEL, max(40, whole.width() // 4)) + GAP + line + 4
        top = min(name, LABEL, max(LEAST_ABOVE, whole.height() // 4)) + GAP + line + 4
        wide, high = (whole.width() - left - 1) // max(1, classes), (whole.height() - top - 1) // max(1, classes)
        fit = QSize(min(wide, high * SLANT // 2), min(high, wide * SLANT // 2))
        return cls(classes, whole, left, top, fit.expandedTo(LEAST).boundedTo(MOST), QPoint(0, 0))

    @property
    def room(self) -> QRect:
        """Where cells can be seen."""
        return QRect(self.left, self.top, self.whole.width() - self.left, self.whole.height() - self.top)

    @property
    def extent(self) -> QSize:
        """What the cells take of the room."""
        return (self.cell * self.classes).boundedTo(self.room.size())

    @property
    def beyond(self) -> QSize:
        """By how much the cells are larger than the room."""
        return (self.cell * self.classes + QSize(1, 1) - self.room.size()).expandedTo(QSize(0, 0))

    def rect(self, row: int, column: int) -> QRect:
        """Where a cell is in the viewport."""
        corner = QPoint(self.left + column * self.cell.width(), self.top + row * self.cell.height())
        return QRect(corner - self.scrolled, self.cell)

    def cell_at(self, point: QPoint) -> tuple[int, int] | None:
        """The cell there."""
        if not self.room.contains(point):
            return None
        within = point + self.scrolled - self.room.topLeft()
        row, column = within.y() // self.cell.height(), within.x() // self.cell.width()
        return (row, column) if row < self.classes and column < self.classes else None

    def rows(self) -> range:
        """Those in sight."""
        return self._seen(self.scrolled.y(), self.cell.height(), self.room.height())

    def columns(self) -> range:
        """Those in sight."""
        return self._seen(self.scrolled.x(), self.cell.width(), self.room.width())

    def _seen(self, scrolled: int, size: int, room: int) -> range:
        first = scrolled // size
        return range(first, min(self.classes, first + room // size + 2))


def fitting_font(font: QFont, longest: str, cell: QSize) -> QFont | None:
    """The font, made smaller until the longest text fits into a cell; None where it could not be read any more."""
    size = QFontInfo(font).pointSizeF()
    for share in FONT_SHARES:
        made = QFont(font)
        made.setPointSizeF(size * share)
        metrics = QFontMetrics(made)
        if metrics.horizontalAdvance(longest) < cell.width() - 1 and metrics.height() <= cell.height():
            return made
    return None
