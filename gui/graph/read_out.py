"""The figures of all curves at one x, each in a place of fixed width, those that belong together in a column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pyqtgraph as pg
from pyqtgraph.graphicsItems.ScatterPlotItem import drawSymbol
from PySide6.QtCore import QPointF, QRect, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.graph.drawings import Style
from gui.widgets.flow import flow
from gui.widgets.theme import Theme
from gui.widgets.type_size import tabular


class Entry(NamedTuple):
    """One figure: its name, its curve's look, and the room for it."""

    said: str
    """Its name in full."""
    widest: str
    """The widest value that it can have: its room, so that nothing moves."""
    name: str = ""
    """What is written beside it; nothing where its look or the figure above tells."""
    style: Style | None = None
    """Of its curve."""


Column = tuple[Entry, Entry]
"""Two figures, one above the other."""


class ReadOut(QWidget):
    """Two lines of figures in columns; those that have no room go on below, each group in lines of its own.

    Where it is not given the height for that, curves are told by their looks alone, and go on from group to group.
    """

    GAP = 8
    SWATCH = 12
    """Pixels that a curve's look takes before the name."""
    BETWEEN = 4
    """Pixels between two pairs of lines."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._groups: list[list[Column]] = []
        self._values: list[tuple[str, str]] = []
        self.setFont(tabular(self.font()))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Maximum)

    def set_columns(self, groups: Sequence[Sequence[Column]], theme: Theme) -> None:
        """Say what is shown, and in which palette."""
        self._groups, self._theme = [list(group) for group in groups if group], theme
        self._values = [("", "")] * len(self._columns)
        self.updateGeometry()
        self.update()

    def set_values(self, values: Sequence[tuple[str, str]]) -> None:
        """Show these values, two for each column."""
        if list(values) != self._values:
            self._values = list(values)
            self.update()

    @property
    def _columns(self) -> list[Column]:
        return [column for group in self._groups for column in group]

    def text(self) -> str:
        """All names and values, as a line."""
        return "  ".join(
            f"{entry.said} {value}"
            for column, pair in zip(self._columns, self._values, strict=True)
            for entry, value in zip(column, pair, strict=True)
            if value
        )

    def places(self) -> list[QRect]:
        """Where each column is."""
        height, terse = 2 * self._line_height(), self.is_terse
        return [
            QRect(left, line * (height + self.BETWEEN), self._width(column, terse), height)
            for column, (left, line) in zip(self._columns, self._flow(terse), strict=True)
        ]

    @property
    def is_terse(self) -> bool:
        """Whether there is not the height to name every curve."""
        return self.height() < self._height(terse=False)

    def sizeHint(self) -> QSize:  # noqa: N802
        """As many lines as the width asks for."""
        return QSize(400, self._height(terse=False))

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """As many lines as it takes without names."""
        return QSize(0, self._height(terse=True))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Take as many lines as the width asks for."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.updateGeometry()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Draw the figures."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(self.font())
        terse = self.is_terse
        for column, pair, place in zip(self._columns, self._values, self.places(), strict=True):
            names = self._name_width(column, terse)
            for number, (entry, value) in enumerate(zip(column, pair, strict=True)):
                if value:
                    top = place.top() + number * self._line_height()
                    self._draw_entry(painter, entry, value, place.left(), top, names)
        painter.end()

    def _draw_entry(self, painter: QPainter, entry: Entry, value: str, left: int, top: int, names: int) -> None:
        height, vertical = self._line_height(), Qt.AlignmentFlag.AlignVCenter
        if entry.style is not None:
            self._draw_swatch(painter, entry.style, left, top + height / 2)
        left += self.SWATCH
        painter.setPen(QColor(self._theme.muted))
        if names:
            painter.drawText(QRect(left, top, names + 1, height), vertical, entry.name)
        painter.setPen(QColor(self._theme.text))
        painter.drawText(QRect(left + names, top, self._value_width(entry), height), vertical, value)

    def _draw_swatch(self, painter: QPainter, style: Style, left: int, middle: float) -> None:
        painter.save()
        if style.symbol is None:
            painter.setPen(QPen(QColor(style.colour), 3, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
            painter.drawLine(QPointF(left, middle), QPointF(left + 9, middle))
        else:
            fill, edge = style.colour, self._theme.surface
            if style.hollow:
                fill, edge = edge, fill
            painter.translate(left + 4.5, middle)
            drawSymbol(painter, style.symbol, style.size + 1, pg.mkPen(edge), pg.mkBrush(fill))
        painter.restore()

    def _name_width(self, column: Column, terse: bool) -> int:
        if terse and all(entry.style is not None or not entry.name for entry in column):
            return 0
        widest = max(self.fontMetrics().horizontalAdvance(entry.name) for entry in column)
        return widest + 4 if widest else 0

    def _value_width(self, entry: Entry) -> int:
        return self.fontMetrics().horizontalAdvance(entry.widest) + 1

    def _width(self, column: Column, terse: bool) -> int:
        return self.SWATCH + self._name_width(column, terse) + max(self._value_width(entry) for entry in column)

    def _flow(self, terse: bool) -> list[tuple[int, int]]:
        places = flow((self._width(column, terse) for column in self._columns), self.width(), self.GAP)
        if terse or not places or places[-1][1] == 0:
            return places
        places, first = [], 0
        for group in self._groups:
            own = flow((self._width(column, terse) for column in group), self.width(), self.GAP)
            places += [(left, first + line) for left, line in own]
            first = places[-1][1] + 1
        return places

    def _line_height(self) -> int:
        return self.fontMetrics().height() + 2

    def _height(self, *, terse: bool) -> int:
        pairs = max((line for _, line in self._flow(terse)), default=0) + 1
        return pairs * (2 * self._line_height() + self.BETWEEN) - self.BETWEEN
