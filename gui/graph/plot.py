"""One plot with axes for epochs and figures, a cursor, and a range that follows the data."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import pyqtgraph as pg
from pyqtgraph.GraphicsScene.mouseEvents import MouseClickEvent
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QFocusEvent,
    QFontMetrics,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QWidget

from gui.graph.curves import Range, fitted, union
from gui.widgets.drops import let_drops_pass
from gui.widgets.measured import by_type
from gui.widgets.theme import Theme
from gui.widgets.type_size import tabular

PAN = {
    Qt.Key.Key_Left: (-0.1, 0.0),
    Qt.Key.Key_Right: (0.1, 0.0),
    Qt.Key.Key_Up: (0.0, 0.1),
    Qt.Key.Key_Down: (0.0, -0.1),
}
"""By how much of the view each arrow moves it."""
ZOOM = {Qt.Key.Key_Plus: 0.8, Qt.Key.Key_Equal: 0.8, Qt.Key.Key_Minus: 1.25}
"""By how much each key makes the view narrower; plus without Shift is the key of the equals sign."""

GRID = 0.12
"""How much of the colour of text is in a line of the grid."""

AXIS_TEXT = "0.00001"
"""The widest tick that the left axis has room for; with one width for all plots, their x stay in line."""


def blend(colour: str, ground: str, share: float) -> QColor:
    """A colour that has such a share of the first in it, and the rest of the second."""
    one, other = QColor(colour), QColor(ground)
    parts = zip(one.getRgb()[:3], other.getRgb()[:3], strict=True)
    return QColor(*(round(share * above + (1 - share) * below) for above, below in parts))


def tick_step(span: float, pixels: float, apart: float) -> float:
    """The least of …, 1, 2, 5, 10, … that puts ticks at least so many pixels apart."""
    least = span * apart / max(1.0, pixels)
    if not 0 < least < math.inf:
        return 1.0
    decade = 10.0 ** math.floor(math.log10(least))
    return next(factor * decade for factor in (1, 2, 5, 10, 20) if factor * decade >= least * (1 - 1e-9))


class EpochAxis(pg.AxisItem):
    """Ticks at whole epochs, unless the view is too narrow for two of them."""

    APART = 40
    known = True
    """Whether there is anything whose place it tells; without, numbers would be invented."""

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:  # noqa: N802, N803
        """Where the ticks are, as pyqtgraph asks for them."""
        return super().tickValues(minVal, maxVal, size) if self.known else []

    def tickSpacing(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, float]]:  # noqa: N802, N803
        """The distance between ticks, as pyqtgraph asks for it."""
        step = tick_step(maxVal - minVal, size, self.APART)
        return [(step if maxVal - minVal < 2 else max(1.0, step), 0)]


class FigureAxis(pg.AxisItem):
    """Ticks as plain numbers; with `log`, of a figure that is drawn as its decimal logarithm."""

    APART = 26
    log = False
    known = True
    """Whether there is anything whose figures it tells; without, numbers would be invented."""

    def tickSpacing(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, float]]:  # noqa: N802, N803
        """The distance between ticks, as pyqtgraph asks for it."""
        return [(tick_step(maxVal - minVal, size, self.APART), 0)]

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:  # noqa: N802, N803
        """Where the ticks are, as pyqtgraph asks for them."""
        if not self.known:
            return []
        if not self.log:
            return super().tickValues(minVal, maxVal, size)
        if not -300 < minVal < maxVal < 300:
            return []
        if maxVal - minVal < 0.7:  # too narrow for powers of ten
            linear = super().tickValues(10**minVal, 10**maxVal, size)
            return [(spacing, [math.log10(value) for value in values if value > 0]) for spacing, values in linear]
        decades = range(math.floor(minVal), math.ceil(maxVal) + 1)
        skip = -(-len(decades) // 12)
        mantissas = (1,) if len(decades) > 5 else (1, 2, 5)
        values = [decade + math.log10(mantissa) for decade in decades[::skip] for mantissa in mantissas]
        return [(1.0, [value for value in values if minVal <= value <= maxVal])]

    def tickStrings(self, values: Iterable[float], scale: float, spacing: float) -> list[str]:  # noqa: N802
        """The ticks in words, as pyqtgraph asks for them."""
        if self.log:
            return [f"{10**value:.3g}" for value in values]
        return [f"{0.0 if abs(value) < 1e-12 else value:.4g}" for value in values]


class Plot(pg.PlotWidget):
    """A plot against epochs. Its range is set by `show_epochs` and `fit` alone, and by the user's hand."""

    moved_by_hand = Signal()
    double_clicked = Signal()
    """The whole is asked for: by a double click, or by the Home key."""
    menu_asked = Signal(QPoint)
    """A click with the right button, at this place on the screen; the Menu key is left to what the plot stands in."""
    hovered = Signal(object)
    """The x under the pointer, in epochs; None where the pointer left."""

    def __init__(
        self, name: str, x_label: str, parent: QWidget | None = None, *, x_axis: pg.AxisItem | None = None
    ) -> None:
        """`x_axis` is one for the bottom, where x is something else than epochs."""
        self.figures = FigureAxis("left")
        self.epochs = x_axis or EpochAxis("bottom")
        super().__init__(parent, axisItems={"left": self.figures, "bottom": self.epochs}, enableMenu=False)
        let_drops_pass(self)
        self.setAccessibleName(name)
        self.setAccessibleDescription(self.tr("Arrow keys move the view, plus and minus zoom, Home shows everything"))
        self.setMinimumSize(160, 96)
        self.view = self.plotItem.getViewBox()
        self._fitted: Range | None = None
        self._has_keys = False
        self.compact = False
        """Whether it asks for no more room than it needs, and takes what is left over."""
        self._least_of_curves = 0
        self._show_numbers(False)
        self._prepare(x_label)
        self.cursor_line = pg.InfiniteLine(angle=90, movable=False)
        self.cursor_line.hide()
        self.addItem(self.cursor_line, ignoreBounds=True)
        self.view.sigRangeChangedManually.connect(self.moved_by_hand)
        self.scene().sigMouseMoved.connect(self._on_mouse_moved)
        self.scene().sigMouseClicked.connect(self._on_mouse_clicked)

    def _prepare(self, x_label: str) -> None:
        self.setMenuEnabled(False)
        self.hideButtons()
        menu = self.plotItem.ctrlMenu
        menu.setParent(self, menu.windowFlags())  # pyqtgraph makes it in any case, and would leave it behind
        self.view.disableAutoRange()
        self.view.setDefaultPadding(0)
        self.view.setLimits(minXRange=1e-3)
        self.setRange(xRange=(0, 10), yRange=(0, 1), padding=0)
        self._x_label = x_label
        if x_label:
            self.epochs.setLabel(x_label)
        by_type(self, self._measure)
        self.plotItem.layout.setContentsMargins(0, 4, 12, 0)
        self.plotItem.showGrid(y=True, alpha=1.0)
        self.figures.setZValue(self.view.zValue() - 1)  # its grid lies under the curves

    def _measure(self, metrics: QFontMetrics) -> None:
        for axis in (self.figures, self.epochs):
            axis.enableAutoSIPrefix(False)
            axis.setStyle(tickFont=tabular(self.font()), tickLength=0, hideOverlappingLabels=False)
        if self._x_label:
            self.epochs.label.setFont(self.font())
        self.figures.setWidth(metrics.horizontalAdvance(AXIS_TEXT) + 8)
        self.epochs.setHeight((2 if self._x_label else 1) * metrics.height() + 4)
        if self.plotItem.legend is not None:
            self.plotItem.legend.setLabelTextSize(self.legend_size())
            for _, label in self.plotItem.legend.items:
                label.setText(label.text, size=self.legend_size())
        if self._least_of_curves:
            self.setMinimumHeight(self._least_of_curves + self.axis_height())

    def legend_size(self) -> str:
        """How large the words of a legend are: as those of the axes."""
        return f"{self.font().pointSizeF():g}pt"

    def let_curves_have(self, pixels: int) -> None:
        """So many pixels of height are left to the curves at least, whatever the axis takes."""
        self._least_of_curves = pixels
        self.setMinimumHeight(pixels + self.axis_height())

    def sizeHint(self) -> QSize:  # noqa: N802
        """In a `compact` place no more than it needs: among texts of many lines it would take the view with it."""
        return self.minimumSizeHint().expandedTo(self.minimumSize()) if self.compact else super().sizeHint()

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        self.setBackground(theme.surface)
        for axis in (self.figures, self.epochs):
            axis.setPen(pg.mkPen(theme.border))
            axis.setTextPen(pg.mkPen(theme.muted))
        # The grid takes the colour of the tick pen. An opaque one is painted many times faster than a transparent one.
        self.figures.setTickPen(pg.mkPen(blend(theme.muted, theme.surface, GRID)))
        self.epochs.setTickPen(pg.mkPen(theme.border))
        if self._x_label:
            self.epochs.setLabel(self._x_label, color=theme.muted)
        self.cursor_line.setPen(pg.mkPen(QColor(theme.muted), width=1))

    def set_log(self, log: bool) -> None:
        """Say that the drawn figures are decimal logarithms; the range starts anew."""
        self.figures.log = log
        self.figures.picture = None
        self.figures.update()
        self.forget_fit()

    def axis_height(self) -> int:
        """How many pixels lie below the curves."""
        return int(self.epochs.minimumHeight())  # its height is the same as soon as it is laid out

    def width_px(self) -> int:
        """How many pixels wide the curves are."""
        return max(100, int(self.view.width()))

    def x_range(self) -> Range:
        """The visible x, in epochs."""
        low, high = self.view.viewRange()[0]
        return float(low), float(high)

    def show_epochs(self, low: float, high: float) -> None:
        """Make these epochs the visible ones."""
        if not np.allclose(self.x_range(), (low, high), rtol=0, atol=1e-9):
            self.view.setXRange(low, high, padding=0)

    def forget_fit(self) -> None:
        """Let the next `fit` start anew, where it would rather leave the range as it is."""
        self._fitted = None

    def fit(self, ranges: Iterable[Range | None], pixels_above: int = 0) -> None:
        """Make these ranges of figures visible, with so many pixels free above them. Moves only where it has to.

        With nothing to show the axes have no numbers.
        """
        data = union(ranges)
        self._show_numbers(data is not None)
        if data is None:
            return
        self._fitted = fitted(self._fitted, data, pixels_above / max(1.0, self.view.height()))
        if not np.allclose(self.view.viewRange()[1], self._fitted, rtol=0, atol=1e-12):
            self.view.setYRange(*self._fitted, padding=0)

    def show_figures(self, low: float, high: float) -> None:
        """Make these figures the visible ones."""
        self._show_numbers(True)
        self.view.setYRange(low, high, padding=0)

    def _show_numbers(self, known: bool) -> None:
        told = [self.figures, *([self.epochs] if isinstance(self.epochs, EpochAxis) else [])]
        for axis in told:  # any other axis below has what was planned
            if axis.known != known:
                axis.known = known
                axis.picture = None
                axis.update()

    def set_cursor(self, x: float | None) -> None:
        """Draw the vertical cursor there, or nowhere."""
        self.cursor_line.setVisible(x is not None)
        if x is not None:
            self.cursor_line.setPos(x)

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        """The pointer left: there is no x under it."""
        super().leaveEvent(event)
        self.hovered.emit(None)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        """Show that keys go here, where it was a key that brought them."""
        super().focusInEvent(event)
        by_key = (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason, Qt.FocusReason.ShortcutFocusReason)
        self._show_focus(event, event.reason() in by_key)

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        """Keys go elsewhere."""
        super().focusOutEvent(event)
        self._show_focus(event, False)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Move with the arrows, zoom with plus and minus, show everything with Home."""
        plain = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier
        key, can_move = event.key(), any(self.view.mouseEnabled())
        if not can_move or event.modifiers() & ~plain or key not in {*PAN, *ZOOM, Qt.Key.Key_Home}:
            event.ignore()
        elif key == Qt.Key.Key_Home:
            self.double_clicked.emit()
        else:
            self._move(*PAN.get(key, (0.0, 0.0)), ZOOM.get(key, 1.0))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802
        """Leave the Menu key to what the plot stands in; of the mouse, a click asks and a drag zooms."""
        event.setAccepted(event.reason() == QContextMenuEvent.Reason.Mouse)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Tell of a double click, anywhere on the plot."""
        super().mouseDoubleClickEvent(event)
        if event.button() == Qt.MouseButton.LeftButton:
            self.double_clicked.emit()

    def _move(self, right: float, up: float, zoom: float) -> None:
        """Move the view by shares of itself, then take so many times of it about its middle."""
        (left, right_edge), (low, high) = self.view.viewRange()
        self.moved_by_hand.emit()
        width, height = right_edge - left, high - low
        x, y = (left + right_edge) / 2 + right * width, (low + high) / 2 + up * height
        self.view.setXRange(x - zoom * width / 2, x + zoom * width / 2, padding=0)
        self.view.setYRange(y - zoom * height / 2, y + zoom * height / 2, padding=0)

    def _show_focus(self, event: QFocusEvent, shown: bool) -> None:
        if event.reason() not in (Qt.FocusReason.ActiveWindowFocusReason, Qt.FocusReason.PopupFocusReason):
            self._has_keys = shown  # else it only goes or comes with the window
        self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Frame the plot that has the keys; the scene itself, as a picture has it, knows no frame."""
        super().paintEvent(event)
        if self._has_keys:
            painter = QPainter(self.viewport())
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(self.palette().highlight().color(), 1))
            painter.drawRoundedRect(QRectF(self.viewport().rect()).adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
            painter.end()

    def _on_mouse_clicked(self, event: MouseClickEvent) -> None:
        if event.button() == Qt.MouseButton.RightButton:
            event.accept()
            self.menu_asked.emit(event.screenPos().toPoint())

    def _on_mouse_moved(self, position: QPointF) -> None:
        inside = self.view.sceneBoundingRect().contains(position)
        self.hovered.emit(self.view.mapSceneToView(position).x() if inside else None)
