"""Accuracy over the share of the training data, with its intervals, and what twice the data would bring."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QColor

from gui.graph.plot import FigureAxis, Plot
from gui.graph.plot_legend import dress, legend_in
from gui.widgets.theme import LIGHT, Theme

if TYPE_CHECKING:
    from engine.sweeps.data_curve import DataCurve

PARTS = ("validation", "test")
ROOM = 0.25
"""Of the axis beside the outermost shares, in powers of ten over ten."""


class DataCurvePlot(Plot):
    """A line with error bars for each part, and one point more with an interval of its own."""

    def __init__(self) -> None:
        axis = FigureAxis("bottom")
        axis.log = True
        super().__init__(
            QCoreApplication.translate("DataCurvePlot", "Accuracy over the amount of training data"),
            QCoreApplication.translate("DataCurvePlot", "training data in %"), x_axis=axis,
        )  # fmt: skip
        self.view.setMouseEnabled(False, False)
        self.setMinimumHeight(160)
        self._theme: Theme = LIGHT
        self._curve: DataCurve | None = None
        self.legend = legend_in(self, (-8, -8))
        names = {
            "validation": QCoreApplication.translate("DataCurvePlot", "validation"),
            "test": QCoreApplication.translate("DataCurvePlot", "test"),
        }
        self.lines = {part: self.plotItem.plot(name=names[part]) for part in PARTS}
        self.bars = {part: pg.ErrorBarItem(x=np.zeros(0), y=np.zeros(0)) for part in PARTS}
        self.twice = self.plotItem.plot(name=QCoreApplication.translate("DataCurvePlot", "estimate"))
        self.reach = pg.ErrorBarItem(x=np.zeros(0), y=np.zeros(0))
        for item in (*self.bars.values(), self.reach):
            self.addItem(item, ignoreBounds=True)

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        super().set_theme(theme)
        self._theme = theme
        dress(self.legend, theme)
        self._draw()

    def show_curve(self, curve: DataCurve | None) -> None:
        """Draw a curve as far as there is one."""
        self._curve = curve
        self._draw()

    def _draw(self) -> None:
        curve, theme = self._curve, self._theme
        colours = {"validation": theme.validation, "test": theme.text}
        ends: list[float] = []
        for part in PARTS:
            ends += self._draw_part(part, colours[part], "o" if part == "validation" else "s")
        estimate = curve.estimate if curve is not None else None
        if estimate is None:
            self.twice.setData([], [])
            self.reach.setData(x=np.zeros(0), y=np.zeros(0), top=np.zeros(0), bottom=np.zeros(0))
        else:
            from engine.sweeps.data_curve import TWICE

            x, pen = np.array([math.log10(TWICE)]), pg.mkPen(theme.accent, width=2)
            y = 100 * np.array([estimate.accuracy])
            self.twice.setData(x, y, pen=None, symbol="d", symbolSize=11, symbolPen=pen, symbolBrush=theme.surface)
            top, bottom = 100 * np.array([estimate.high]) - y, y - 100 * np.array([estimate.low])
            self.reach.setData(x=x, y=y, top=top, bottom=bottom, beam=0.03, pen=pen)
            ends += [100 * estimate.low, 100 * estimate.high]
        self._show_all(ends)

    def _draw_part(self, part: str, colour: str, symbol: str) -> list[float]:
        """Draw one part; returns the ends of its intervals, in per cent."""
        amounts = self._curve.amounts if self._curve is not None else ()
        known = [(math.log10(each.share), found) for each in amounts if (found := each.of(part)) is not None]
        x = np.array([place for place, _ in known])
        y = np.array([100 * accuracy.mean for _, accuracy in known])
        lows = np.array([100 * (accuracy.interval or (accuracy.mean,))[0] for _, accuracy in known])
        highs = np.array([100 * (accuracy.interval or (accuracy.mean,))[-1] for _, accuracy in known])
        style = Qt.PenStyle.SolidLine if part == "validation" else Qt.PenStyle.DashLine
        self.lines[part].setData(
            x, y, pen=pg.mkPen(QColor(colour), width=2, style=style), symbol=symbol, symbolSize=7,
            symbolPen=None, symbolBrush=QColor(colour),
        )  # fmt: skip
        self.bars[part].setData(x=x, y=y, top=highs - y, bottom=y - lows, beam=0.02, pen=pg.mkPen(QColor(colour)))
        return [*lows.tolist(), *highs.tolist()]

    def _show_all(self, ends: list[float]) -> None:
        shares = [amount.share for amount in self._curve.amounts] if self._curve is not None else [5.0]
        self.show_epochs(math.log10(shares[0]) - ROOM / 2, math.log10(200.0) + ROOM)
        self.forget_fit()
        self.fit([(min(ends), max(ends))] if ends else [])
        self.legend.setVisible(bool(ends))
