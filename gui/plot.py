"""One plot with axes for epochs and figures, a cursor, and a range that follows the data."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QMouseEvent
from PySide6.QtWidgets import QWidget

from gui.curves import Range, fitted, union
from gui.theme import Theme

AXIS_TEXT = "0.00001"
"""The widest tick that the left axis has room for; with one width for all plots, their x stay in line."""


def tabular(font: QFont) -> QFont:
    """The font with figures of one width, where it has them."""
    made = QFont(font)
    made.setFeature(QFont.Tag("tnum"), 1)
    return made


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

    def tickSpacing(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, float]]:  # noqa: N802, N803
        """The distance between ticks, as pyqtgraph asks for it."""
        step = tick_step(maxVal - minVal, size, self.APART)
        return [(step if maxVal - minVal < 2 else max(1.0, step), 0)]


class FigureAxis(pg.AxisItem):
    """Ticks as plain numbers; with `log`, of a figure that is drawn as its decimal logarithm."""

    APART = 26
    log = False

    def tickSpacing(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, float]]:  # noqa: N802, N803
        """The distance between ticks, as pyqtgraph asks for it."""
        return [(tick_step(maxVal - minVal, size, self.APART), 0)]

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:  # noqa: N802, N803
        """Where the ticks are, as pyqtgraph asks for them."""
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
    hovered = Signal(object)
    """The x under the pointer, in epochs; None where the pointer left."""

    def __init__(self, name: str, x_label: str, parent: QWidget | None = None) -> None:
        self.figures = FigureAxis("left")
        self.epochs = EpochAxis("bottom")
        super().__init__(parent, axisItems={"left": self.figures, "bottom": self.epochs})
        self.setAccessibleName(name)
        self.setMinimumSize(160, 96)
        self.view = self.plotItem.getViewBox()
        self._fitted: Range | None = None
        self._prepare(x_label)
        self.cursor_line = pg.InfiniteLine(angle=90, movable=False)
        self.cursor_line.hide()
        self.addItem(self.cursor_line, ignoreBounds=True)
        self.view.sigRangeChangedManually.connect(self.moved_by_hand)
        self.scene().sigMouseMoved.connect(self._on_mouse_moved)

    def _prepare(self, x_label: str) -> None:
        self.setMenuEnabled(False)
        self.hideButtons()
        menu = self.plotItem.ctrlMenu
        menu.setParent(self, menu.windowFlags())  # pyqtgraph makes it in any case, and would leave it behind
        self.view.disableAutoRange()
        self.view.setDefaultPadding(0)
        self.view.setLimits(minXRange=1e-3)
        self.setRange(xRange=(0, 10), yRange=(0, 1), padding=0)
        metrics = self.fontMetrics()
        for axis in (self.figures, self.epochs):
            axis.enableAutoSIPrefix(False)
            axis.setStyle(tickFont=tabular(self.font()), tickLength=0, hideOverlappingLabels=False)
        self.figures.setWidth(metrics.horizontalAdvance(AXIS_TEXT) + 8)
        self._x_label = x_label
        if x_label:
            self.epochs.setLabel(x_label)
        self.epochs.setHeight((2 if x_label else 1) * metrics.height() + 4)
        self.plotItem.layout.setContentsMargins(0, 4, 12, 0)
        self.plotItem.showGrid(y=True, alpha=0.12)

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        self.setBackground(theme.surface)
        for axis in (self.figures, self.epochs):
            axis.setPen(pg.mkPen(theme.border))
            axis.setTextPen(pg.mkPen(theme.muted))
        # The grid takes the colour of the tick pen, apart from its own alpha.
        self.figures.setTickPen(pg.mkPen(theme.muted))
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
        return int(self.epochs.height())

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
        """Make these ranges of figures visible, with so many pixels free above them. Moves only where it has to."""
        data = union(ranges)
        if data is None:
            return
        self._fitted = fitted(self._fitted, data, pixels_above / max(1.0, self.view.height()))
        if not np.allclose(self.view.viewRange()[1], self._fitted, rtol=0, atol=1e-12):
            self.view.setYRange(*self._fitted, padding=0)

    def set_cursor(self, x: float | None) -> None:
        """Draw the vertical cursor there, or nowhere."""
        self.cursor_line.setVisible(x is not None)
        if x is not None:
            self.cursor_line.setPos(x)

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        """The pointer left: there is no x under it."""
        super().leaveEvent(event)
        self.hovered.emit(None)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Tell of a double click, anywhere on the plot."""
        super().mouseDoubleClickEvent(event)
        if event.button() == Qt.MouseButton.LeftButton:
            self.double_clicked.emit()

    def _on_mouse_moved(self, position: QPointF) -> None:
        inside = self.view.sceneBoundingRect().contains(position)
        self.hovered.emit(self.view.mapSceneToView(position).x() if inside else None)
