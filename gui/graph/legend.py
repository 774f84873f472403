"""The legend: a row of buttons, each a curve's look and name, that show and hide it."""

from __future__ import annotations

import pyqtgraph as pg
from pyqtgraph.graphicsItems.ScatterPlotItem import drawSymbol
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from gui.graph.drawings import Style
from gui.widgets.flow import flow
from gui.widgets.looks import as_tip
from gui.widgets.theme import Theme

SWATCH = 18
"""Pixels of the piece of curve beside a name."""
ROOMS = (10_000, 240, 180, 140, 100, 72)
"""Pixels that a name may take: the first that makes few enough lines. One that is cut is whole in the tool tip."""


class LegendEntry(QAbstractButton):
    """A curve's look and name. Unchecked, its curve is hidden."""

    AROUND = 3 + SWATCH + 5 + 4
    """Pixels beside the name."""

    def __init__(self, name: str, style: Style, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.room = ROOMS[0]
        """Pixels that its name may take."""
        self.is_plain = False
        """Whether it is drawn as in a picture, without focus and pointer."""
        self.is_whole = False
        """Whether it takes what its name needs all the same."""
        self.setText(name)
        self.setToolTip(as_tip(self.tr("{name}: click to hide or show it").format(name=name)))
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
        return QSize(self.width_with(self.room), self.fontMetrics().height() + 6)

    def width_with(self, room: int) -> int:
        """Pixels that it takes where its name may take so many."""
        name = self.fontMetrics().horizontalAdvance(self.text())
        return self.AROUND + (name if self.is_whole else min(room, name))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Draw it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(QColor(self._theme.accent) if self.hasFocus() else Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._theme.raised) if self.underMouse() else Qt.BrushStyle.NoBrush)
        if not self.is_plain:
            painter.drawRoundedRect(frame, 4, 4)
        self._draw_swatch(painter)
        font = self.font()
        font.setStrikeOut(not self.isChecked())
        painter.setFont(font)
        painter.setPen(QColor(self._theme.text if self.isChecked() else self._theme.muted))
        room = QRect(3 + SWATCH + 5, 0, self.width() - self.AROUND + 3, self.height())
        name = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideMiddle, room.width() + 1)
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)
        painter.end()

    def _draw_swatch(self, painter: QPainter) -> None:
        painter.setOpacity(1.0 if self.isChecked() else 0.35)
        middle = self.height() / 2
        pen = QPen(QColor(self._style.colour), self._style.width, self._style.line)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)  # one as wide as a band would reach into the name
        painter.setPen(pen)
        painter.drawLine(QPointF(3, middle), QPointF(3 + SWATCH, middle))
        if self._style.symbol is not None:
            fill, edge = self._style.colour, self._theme.surface
            if self._style.hollow:
                fill, edge = edge, fill
            painter.save()
            painter.translate(3 + SWATCH / 2, middle)
            drawSymbol(painter, self._style.symbol, self._style.size + 1, pg.mkPen(edge), pg.mkBrush(fill))
            painter.restore()
        painter.setOpacity(1.0)


class Legend(QWidget):
    """Entries by key, in lines as wide as there is room. Long names are cut where there would be too many lines."""

    toggled = Signal(str, bool)
    """An entry's key, and whether its curves are to be shown."""

    GAP = 4

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._entries: dict[str, LegendEntry] = {}
        self._most_lines = 5
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def add(self, key: str, name: str, style: Style, theme: Theme, *, whole: bool = False) -> None:
        """Add an entry at the end; `whole`, its name is never cut."""
        entry = LegendEntry(name, style, theme, self)
        entry.is_whole = whole
        entry.toggled.connect(lambda checked: self.toggled.emit(key, checked))
        if self._entries:
            self.setTabOrder(list(self._entries.values())[-1], entry)
        self._entries[key] = entry
        entry.show()
        self._changed()

    def remove(self, key: str) -> None:
        """Remove an entry."""
        entry = self._entries.pop(key)
        entry.hide()
        entry.deleteLater()
        self._changed()

    def entry(self, key: str) -> LegendEntry:
        """An entry."""
        return self._entries[key]

    def keys(self) -> list[str]:
        """The keys of all entries, in order."""
        return list(self._entries)

    def set_shown(self, key: str, shown: bool) -> None:
        """Show or hide an entry; a hidden one takes no room."""
        self._entries[key].setVisible(shown)
        self._changed()

    def set_most_height(self, pixels: float) -> None:
        """Cut long names rather than be higher than this."""
        lines = max(2, int(pixels / self._line_height()))
        if lines != self._most_lines:
            self._most_lines = lines
            self._changed()

    def hasHeightForWidth(self) -> bool:  # noqa: N802
        """The narrower, the higher."""
        return True

    def heightForWidth(self, width: int) -> int:  # noqa: N802
        """Pixels for all lines."""
        return self._lines(self._widths(self._room(width)), width) * self._line_height()

    def sizeHint(self) -> QSize:  # noqa: N802
        """All entries in one line."""
        return QSize(sum(width + self.GAP for width in self._widths(ROOMS[0])), self._line_height())

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """The widest entry, cut."""
        return QSize(max(self._widths(ROOMS[-1]), default=0), self._line_height())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Place the entries anew."""
        super().resizeEvent(event)
        self._place()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Names in another language are of another width."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange:
            self._changed()

    def _changed(self) -> None:
        self._place()
        self.updateGeometry()

    def _shown(self) -> list[LegendEntry]:
        return [entry for entry in self._entries.values() if not entry.isHidden()]

    def _line_height(self) -> int:
        return self.fontMetrics().height() + 8

    def _widths(self, room: int) -> list[int]:
        return [entry.width_with(room) for entry in self._shown()]

    def _lines(self, widths: list[int], width: int) -> int:
        return max((line for _, line in flow(widths, width, self.GAP)), default=0) + 1

    def _room(self, width: int) -> int:
        few = (room for room in ROOMS if self._lines(self._widths(room), width) <= self._most_lines)
        return min(next(few, ROOMS[-1]), max(ROOMS[-1], width - LegendEntry.AROUND))

    def _place(self) -> None:
        room = self._room(self.width())
        for entry, (left, line) in zip(self._shown(), flow(self._widths(room), self.width(), self.GAP), strict=True):
            entry.room = room
            entry.setGeometry(QRect(QPoint(left, line * self._line_height() + 1), entry.sizeHint()))
