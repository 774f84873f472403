"""The losses of a range test over the learning rate, drawn as they come."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QColor

from gui import numbers
from gui.graph.plot import FigureAxis, Plot
from gui.widgets.theme import Theme

HEADROOM = 1.3
"""How much of the first loss is in sight: what diverges would flatten all else."""
Points = Sequence[tuple[float, float]]
"""Learning rate and loss, step by step."""


class RateAxis(FigureAxis):
    """Ticks at powers of ten, as many as there is room for."""

    APART = 56
    log = True

    def tickValues(self, minVal: float, maxVal: float, size: float) -> list[tuple[float, list[float]]]:  # noqa: N802, N803
        """Where the ticks are, as pyqtgraph asks for them."""
        skip = max(1, math.ceil(self.APART * (maxVal - minVal) / max(1.0, size)))
        decades = range(math.ceil(minVal - 1e-9), math.floor(maxVal + 1e-9) + 1)
        return [(float(skip), [float(decade) for decade in decades if decade % skip == 0])]


class LrRangePlot(Plot):
    """Dots for the steps of each network, a line for what follows from them, and marks for the rates."""

    def __init__(self) -> None:
        super().__init__(
            QCoreApplication.translate("LrRangePlot", "Loss over the learning rate"),
            QCoreApplication.translate("LrRangePlot", "learning rate"),
            x_axis=RateAxis("bottom"),
        )
        self.view.setMouseEnabled(False, False)
        self.setMinimumHeight(160)
        self.usable = pg.LinearRegionItem(movable=False)
        self.usable.setZValue(-10)
        self.addItem(self.usable, ignoreBounds=True)
        self.line = self.plotItem.plot()
        self.present = pg.InfiniteLine(angle=90, movable=False, label="", labelOpts={"position": 0.94})
        self.suggested = pg.InfiniteLine(angle=90, movable=False, label="", labelOpts={"position": 0.86})
        for mark in (self.present, self.suggested):
            self.addItem(mark, ignoreBounds=True)
        self.dots: dict[int, pg.ScatterPlotItem] = {}
        self._present: float | None = None
        self.clear_curves(1e-6, 10.0)

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        super().set_theme(theme)
        self._theme = theme
        faint = QColor(theme.lr)
        faint.setAlpha(28)
        self.usable.setBrush(faint)
        for line in self.usable.lines:
            line.setPen(pg.mkPen(None))
        self.line.setPen(pg.mkPen(QColor(theme.lr), width=2))
        self.suggested.setPen(pg.mkPen(QColor(theme.lr), width=2))
        self.present.setPen(pg.mkPen(QColor(theme.muted), width=1, style=Qt.PenStyle.DashLine))
        self.suggested.label.setColor(theme.lr)
        self.present.label.setColor(theme.muted)
        for dots in self.dots.values():
            dots.setBrush(QColor(theme.train_faint))

    def clear_curves(self, lowest: float, highest: float) -> None:
        """Begin anew, over these rates."""
        self.show_epochs(math.log10(lowest), math.log10(highest))
        for dots in self.dots.values():
            self.removeItem(dots)
        self.dots.clear()
        self.forget_fit()
        self.show_line((), None, None, None)

    def show_steps(self, seed: int, points: Points) -> None:
        """The steps so far of the network with this seed."""
        if seed not in self.dots:
            dots = self.dots[seed] = pg.ScatterPlotItem(size=4, pen=None, brush=QColor(self._theme.train_faint))
            self.addItem(dots, ignoreBounds=True)
        losses = [loss for _, loss in points]
        self.dots[seed].setData([math.log10(lr) for lr, _ in points], losses)
        top = HEADROOM * float(np.median(losses[:5]))
        self.fit([(min(0.0, *losses), top)])

    def show_line(self, points: Points, lr: float | None, low: float | None, high: float | None) -> None:
        """The smooth curve, with the rate that it suggests and the range that is of use, as far as there are any."""
        self.line.setData([math.log10(rate) for rate, _ in points], [loss for _, loss in points])
        self.suggested.setVisible(lr is not None)
        self.usable.setVisible(low is not None and high is not None)
        if lr is not None:
            self.suggested.setValue(math.log10(lr))
            self.suggested.label.setText(self.tr("suggested: {lr}").format(lr=numbers.learning_rate(lr)))
        if low is not None and high is not None:
            self.usable.setRegion((math.log10(low), math.log10(high)))

    def show_present(self, lr: float | None) -> None:
        """The rate that stands in the settings."""
        self.present.setVisible(lr is not None)
        if lr is not None:
            self.present.setValue(math.log10(lr))
            self.present.label.setText(self.tr("set: {lr}").format(lr=numbers.learning_rate(lr)))
