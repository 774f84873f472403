"""The legend: a row of buttons, each a curve's look and name, that show and hide it."""

from __future__ import annotations

import pyqtgraph as pg
from pyqtgraph.graphicsItems.ScatterPlotItem import drawSymbol
from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from gui.drawings import Style
from gui.flow import flow
from gui.theme import Theme

SWATCH = 24
"""Pixels of the piece of curve beside a name."""
MAX_NAME = 180
"""Pixels of a name, at most: a longer one is cut, and whole in the tool tip."""


class LegendEntry(QAbstractButton):
    """A curve's look and name. Unchecked, its curve is hidden."""

    def __init__(self, name: str, style: Style, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText(name)
        self.setToolTip(name)
        self.setCheckable(True)
        self.setChecked(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.set_look(style, theme)

    def set_look(self, style: Style, theme: Theme) -> None:
        """Take another look."""
        self._style, self._theme = style, theme
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Room for swatch and name."""
        metrics = self.fontMetrics()
        name = min(MAX_NAME, metrics.horizontalAdvance(self.text()))
        return QSize(4 + SWATCH + 6 + name + 5, metrics.height() + 6)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Draw it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QColor(self._theme.accent) if self.hasFocus() else Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._theme.raised) if self.underMouse() else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(frame, 4, 4)
        self._draw_swatch(painter)
        font = self.font()
        font.setStrikeOut(not self.isChecked())
        painter.setFont(font)
        painter.setPen(QColor(self._theme.text if self.isChecked() else self._theme.muted))
        room = QRect(4 + SWATCH + 6, 0, self.width() - SWATCH - 14, self.height())
        name = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, room.width() + 1)
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)
        painter.end()

    def _draw_swatch(self, painter: QPainter) -> None:
        painter.setOpacity(1.0 if self.isChecked() else 0.35)
        middle = self.height() / 2
        pen = QPen(QColor(self._style.colour), self._style.width, self._style.line)
        painter.setPen(pen)
        painter.drawLine(QPointF(4, middle), QPointF(4 + SWATCH, middle))
        if self._style.symbol is not None:
            fill, edge = self._style.colour, self._theme.surface
            if self._style.hollow:
                fill, edge = edge, fill
            painter.save()
            painter.translate(4 + SWATCH / 2, middle)
            drawSymbol(painter, self._style.symbol, self._style.size + 1, pg.mkPen(edge), pg.mkBrush(fill))
            painter.restore()
        painter.setOpacity(1.0)


class Legend(QWidget):
    """Entries by key, in lines as wide as there is room."""

    toggled = Signal(str, bool)
    """An entry's key, and whether its curves are to be shown."""

    GAP = 4

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._entries: dict[str, LegendEntry] = {}
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def add(self, key: str, name: str, style: Style, theme: Theme) -> None:
        """Add an entry at the end."""
        entry = LegendEntry(name, style, theme, self)
        entry.toggled.connect(lambda checked: self.toggled.emit(key, checked))
        self._entries[key] = entry
        entry.show()
        self._place()
        self.updateGeometry()

    def remove(self, key: str) -> None:
        """Remove an entry."""
        entry = self._entries.pop(key)
        entry.hide()
        entry.deleteLater()
        self._place()
        self.updateGeometry()

    def entry(self, key: str) -> LegendEntry:
        """An entry."""
        return self._entries[key]

    def keys(self) -> list[str]:
        """The keys of all entries, in order."""
        return list(self._entries)

    def hasHeightForWidth(self) -> bool:  # noqa: N802
        """The narrower, the higher."""
        return True

    def heightForWidth(self, width: int) -> int:  # noqa: N802
        """Pixels for all lines."""
        lines = max((line for _, line in self._places(width)), default=0) + 1
        return lines * self._line_height()

    def sizeHint(self) -> QSize:  # noqa: N802
        """All entries in one line."""
        widths = [entry.sizeHint().width() + self.GAP for entry in self._entries.values()]
        return QSize(sum(widths), self._line_height())

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """The widest entry."""
        widths = [entry.sizeHint().width() for entry in self._entries.values()]
        return QSize(max(widths, default=0), self._line_height())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Place the entries anew."""
        super().resizeEvent(event)
        self._place()

    def _line_height(self) -> int:
        return self.fontMetrics().height() + 8

    def _places(self, width: int) -> list[tuple[int, int]]:
        return flow((entry.sizeHint().width() for entry in self._entries.values()), width, self.GAP)

    def _place(self) -> None:
        for entry, (left, line) in zip(self._entries.values(), self._places(self.width()), strict=True):
            entry.setGeometry(QRect(QPoint(left, line * self._line_height() + 1), entry.sizeHint()))
