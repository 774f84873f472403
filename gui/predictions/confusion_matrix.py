"""The confusion matrix: which classes are taken for which, as shades of one colour that can be walked through."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QToolTip

from gui.numbers import count, percent
from gui.predictions.matrix_colours import ground, ink
from gui.predictions.matrix_places import GAP, MatrixPlaces, fitting_font
from gui.widgets.theme import LIGHT, Theme
from gui.widgets.type_size import tabular

Cell = tuple[int, int]


class ConfusionMatrix(QAbstractScrollArea):
    """Rows are what samples are, columns what they were called. Arrow keys walk, Enter opens a cell."""

    looked_at = Signal(int, int)
    """The cell under the pointer, else the current one: row and column; -1, -1 for none."""
    opened = Signal(int, int)
    """By Enter or a click."""

    def __init__(self) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMouseTracking(True)
        self.viewport().setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Confusion matrix"))
        self.setToolTip("")
        self.theme: Theme = LIGHT
        self.counts = np.zeros((0, 0), dtype=np.int64)
        self.names: tuple[str, ...] = ()
        self.rates_shown = False
        self.current: Cell | None = None
        self._hovered: Cell | None = None
        self._rates = np.zeros((0, 0))
        self._places = MatrixPlaces.fitting(0, QSize(1, 1), 0, 1)
        self.setMinimumSize(160, 120)

    # --- what is shown ---------------------------------------------------------------------------

    def show_counts(self, counts: np.ndarray, names: tuple[str, ...]) -> None:
        """Show a confusion matrix int64 `[K, K]`; the current cell stays where there are as many classes."""
        if len(counts) != len(self.counts):
            self.current = None
        self._hovered = None
        self.counts, self.names = counts, names
        sums = counts.sum(1, keepdims=True)
        self._rates = counts / np.maximum(sums, 1)
        self._measure()

    def show_rates(self, rates: bool) -> None:
        """Show shares of each row in place of counts."""
        self.rates_shown = rates
        self._measure()

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        self.theme = theme
        self.viewport().update()

    def text(self, row: int, column: int) -> str:
        """What a cell says; nothing where no sample is in it."""
        number = self.counts[row, column]
        if not number:
            return ""
        return f"{100 * self._rates[row, column]:.0f}" if self.rates_shown else f"{number:,}"

    def sentence(self, row: int, column: int) -> str:
        """A cell in words."""
        number, of = int(self.counts[row, column]), int(self.counts[row].sum())
        if not of:
            return self.tr("{name}: there are no samples of this class").format(name=self.names[row])
        told = (
            self.tr("{name}: {count} of {all} were recognised ({share})")
            if row == column
            else self.tr("{name}: {count} of {all} were called {other} ({share})")
        )
        share = percent(number / of).replace(" ", "\N{NO-BREAK SPACE}")
        figures = {"count": count(number), "all": count(of), "share": share}
        return told.format(name=self.names[row], other=self.names[column], **figures)

    def choose(self, row: int, column: int) -> None:
        """Make a cell the current one, and bring it into sight."""
        self.current = (row, column)
        place, room = self.places.rect(row, column), self.places.room
        for bar, low, high, first, last in (
            (self.horizontalScrollBar(), place.left(), place.right(), room.left(), room.right()),
            (self.verticalScrollBar(), place.top(), place.bottom(), room.top(), room.bottom()),
        ):
            bar.setValue(bar.value() + min(0, low - first) + max(0, high - last))
        self.setAccessibleDescription(self.sentence(row, column))
        self._tell()

    # --- geometry --------------------------------------------------------------------------------

    @property
    def places(self) -> MatrixPlaces:
        """Where everything is now."""
        scrolled = QPoint(self.horizontalScrollBar().value(), self.verticalScrollBar().value())
        return replace(self._places, whole=self.viewport().size(), scrolled=scrolled)

    def _measure(self) -> None:
        """Make cells as large as there is room for, and scroll where the least size is too much."""
        metrics = self.fontMetrics()
        widest = max((metrics.horizontalAdvance(name) for name in self.names), default=0) + 2
        whole = self.maximumViewportSize()
        self._places = made = MatrixPlaces.fitting(len(self.counts), whole, widest, metrics.height())
        for bar, beyond, step, page in (
            (self.horizontalScrollBar(), made.beyond.width(), made.cell.width(), made.room.width()),
            (self.verticalScrollBar(), made.beyond.height(), made.cell.height(), made.room.height()),
        ):
            bar.setSingleStep(step)
            bar.setPageStep(max(1, page))
            bar.setRange(0, beyond + bar.sizeHint().height() if beyond else 0)
        self.viewport().update()

    # --- drawing ---------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Draw the cells in sight, then the names around them."""
        painter = QPainter(self.viewport())
        painter.fillRect(self.viewport().rect(), QColor(self.theme.surface))
        if not len(self.counts):
            return
        places = self.places
        painter.setClipRect(places.room)
        self._draw_cells(painter, places)
        for cell, colour, width in ((self._hovered, self.theme.text, 1), (self.current, self.theme.accent, 2)):
            if cell is not None:
                painter.setPen(QPen(QColor(colour), width + (self.hasFocus() and cell == self.current)))
                painter.drawRect(places.rect(*cell).adjusted(1, 1, -2, -2))
        self._draw_names(painter, places)
        self._draw_axes(painter, places)

    def _draw_cells(self, painter: QPainter, places: MatrixPlaces) -> None:
        longest = "100" if self.rates_shown else f"{int(self.counts.max(initial=0)):,}"
        font = fitting_font(tabular(self.font()), longest, places.cell)
        if font is not None:
            painter.setFont(font)
        for row in places.rows():
            for column in places.columns():
                place = places.rect(row, column).adjusted(0, 0, -1, -1)
                colour = ground(float(self._rates[row, column]), self.theme)
                painter.fillRect(place, colour)
                text = self.text(row, column)
                if font is not None and text:
                    painter.setPen(ink(colour))
                    painter.drawText(place, Qt.AlignmentFlag.AlignCenter, text)

    def _draw_names(self, painter: QPainter, places: MatrixPlaces) -> None:
        """Draw the names of the classes in sight; where they would touch, every so-manieth."""
        line = self.fontMetrics().height()
        painter.setFont(self.font())
        painter.setClipRect(QRect(0, places.top, places.left, places.room.height()))
        side, above = places.left - GAP - line - 4, places.top - GAP - line - 4
        for row in places.rows()[:: -(-line // places.cell.height())]:
            place = places.rect(row, 0)
            self._name(painter, row, QRect(line + 4, place.top(), side, place.height()), 0)
        painter.setClipRect(QRect(places.left, 0, places.room.width(), places.top))
        for column in places.columns()[:: -(-line // places.cell.width())]:
            place = places.rect(0, column)
            painter.save()
            painter.translate(place.center().x() + 1, places.top - GAP)
            painter.rotate(-90)
            self._name(painter, column, QRect(0, -place.width() // 2, above, place.width()), 1)
            painter.restore()
        painter.setClipping(False)

    def _name(self, painter: QPainter, number: int, place: QRect, axis: int) -> None:
        looked_at = self._hovered or self.current
        marked = looked_at is not None and looked_at[axis] == number
        painter.setPen(QColor(self.theme.text if marked else self.theme.muted))
        text = painter.fontMetrics().elidedText(self.names[number], Qt.TextElideMode.ElideRight, place.width())
        side = Qt.AlignmentFlag.AlignLeft if axis else Qt.AlignmentFlag.AlignRight
        painter.drawText(place, side | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextDontClip, text)

    def _draw_axes(self, painter: QPainter, places: MatrixPlaces) -> None:
        line, extent, centre = self.fontMetrics().height(), places.extent, Qt.AlignmentFlag.AlignCenter
        painter.setPen(QColor(self.theme.muted))
        painter.drawText(QRect(places.left, 0, extent.width(), line), centre, self.tr("predicted"))
        painter.translate(0, places.top + extent.height())
        painter.rotate(-90)
        painter.drawText(QRect(0, 0, extent.height(), line), centre, self.tr("true"))
        painter.resetTransform()

    # --- hand ------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Walk, or open."""
        last = len(self.counts) - 1
        row, column = self.current or (0, 0)
        there = {
            Qt.Key.Key_Left: (row, max(0, column - 1)),
            Qt.Key.Key_Right: (row, min(last, column + 1)),
            Qt.Key.Key_Up: (max(0, row - 1), column),
            Qt.Key.Key_Down: (min(last, row + 1), column),
            Qt.Key.Key_Home: (row, 0),
            Qt.Key.Key_End: (row, last),
        }.get(Qt.Key(event.key()))
        if last < 0:
            super().keyPressEvent(event)
        elif there is not None:
            self._hovered = None
            self.choose(*there if self.current else (0, 0))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.current is not None:
            self.opened.emit(*self.current)
        else:
            super().keyPressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Tell of the cell under the pointer."""
        self._hover(self.places.cell_at(event.position().toPoint()))

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Make the cell the current one."""
        cell = self.places.cell_at(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and cell is not None:
            self.choose(*cell)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Open the cell that was pressed."""
        cell = self.places.cell_at(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and cell is not None and cell == self.current:
            self.opened.emit(*cell)

    def viewportEvent(self, event: QEvent) -> bool:  # noqa: N802
        """Whole names on hover; nothing is hovered when the pointer is gone."""
        if event.type() == QEvent.Type.Leave:
            self._hover(None)
        elif isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), self._tip(event.pos()), self)
            return True
        return super().viewportEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        """Show where the keys are."""
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        """The keys are elsewhere."""
        super().focusOutEvent(event)
        self.viewport().update()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Make the cells fit."""
        super().resizeEvent(event)
        self._measure()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Make room for another font."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._measure()

    def scrollContentsBy(self, dx: int, dy: int) -> None:  # noqa: N802
        """Draw anew: the names stay where they are."""
        self.viewport().update()

    def _tip(self, point: QPoint) -> str:
        cell = self.places.cell_at(point)
        if cell is not None:
            return self.sentence(*cell)
        row = self.places.cell_at(QPoint(self.places.left, point.y()))
        column = self.places.cell_at(QPoint(point.x(), self.places.top))
        return self.names[row[0]] if row else self.names[column[1]] if column else ""

    def _hover(self, cell: Cell | None) -> None:
        if cell != self._hovered:
            self._hovered = cell
            self._tell()

    def _tell(self) -> None:
        self.looked_at.emit(*(self._hovered or self.current or (-1, -1)))
        self.viewport().update()
