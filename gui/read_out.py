"""The figures of all curves at one x, each in a place of fixed width."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.flow import flow
from gui.plot import tabular
from gui.theme import Theme


class Cell(NamedTuple):
    """One figure."""

    name: str
    widest: str
    """The widest value it can have: its room, so that nothing moves."""
    colour: str | None = None
    """Of its curve."""


class ReadOut(QWidget):
    """A line of figures with their names; two lines where the window is narrow."""

    GAP = 8
    BAR = 8
    """Pixels that the stroke of a curve's colour takes before the name."""
    MAX_NAME = 160

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._cells: list[Cell] = []
        self._values: list[str] = []
        self.setFont(tabular(self.font()))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def set_cells(self, cells: list[Cell], theme: Theme) -> None:
        """Say what is shown, and in which palette."""
        self._cells, self._theme = cells, theme
        self._values = [""] * len(cells)
        self._fit_height()
        self.update()

    def set_values(self, values: list[str]) -> None:
        """Show these values, one for each cell."""
        if values != self._values:
            self._values = values
            self.update()

    def text(self) -> str:
        """All names and values, as a line."""
        return "  ".join(f"{cell.name} {value}" for cell, value in zip(self._cells, self._values, strict=True))

    def sizeHint(self) -> QSize:  # noqa: N802
        """One line."""
        return QSize(400, self._line_height())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Take as many lines as the width asks for."""
        super().resizeEvent(event)
        self._fit_height()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Draw the figures."""
        if not any(self._values):
            return
        painter = QPainter(self)
        painter.setFont(self.font())
        metrics, height = self.fontMetrics(), self._line_height()
        for cell, value, (left, line) in zip(self._cells, self._values, self._places(), strict=True):
            top = line * height
            if cell.colour:
                painter.fillRect(left, top + 5, 3, height - 10, QColor(cell.colour))
                left += self.BAR
            room = self._name_width(cell)
            name = metrics.elidedText(cell.name, Qt.TextElideMode.ElideRight, room + 1)
            painter.setPen(QColor(self._theme.muted))
            painter.drawText(QRect(left, top, room + 1, height), Qt.AlignmentFlag.AlignVCenter, name)
            painter.setPen(QColor(self._theme.text))
            place = QRect(left + room + 5, top, metrics.horizontalAdvance(cell.widest) + 1, height)
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, value)
        painter.end()

    def _name_width(self, cell: Cell) -> int:
        return min(self.MAX_NAME, self.fontMetrics().horizontalAdvance(cell.name))

    def _width(self, cell: Cell) -> int:
        bar = self.BAR if cell.colour else 0
        return bar + self._name_width(cell) + 6 + self.fontMetrics().horizontalAdvance(cell.widest)

    def _places(self) -> list[tuple[int, int]]:
        return flow((self._width(cell) for cell in self._cells), self.width(), self.GAP)

    def _line_height(self) -> int:
        return self.fontMetrics().height() + 4

    def _fit_height(self) -> None:
        lines = max((line for _, line in self._places()), default=0) + 1
        self.setFixedHeight(lines * self._line_height())
