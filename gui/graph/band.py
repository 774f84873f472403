"""The band in which curves are expected: grey, behind all of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyqtgraph as pg

from gui.graph.curves import Range
from gui.graph.drawings import Plots, Ranges, Style, logarithm
from gui.graph.legend import Legend
from gui.graph.plot import Plot
from gui.widgets.theme import Theme

KEY = "band"


class Band(NamedTuple):
    """Between which curves, by epoch; each an array of as many."""

    epochs: np.ndarray
    low: np.ndarray
    high: np.ndarray


class _Filled:
    """One band on one plot."""

    def __init__(self, plot: Plot) -> None:
        self._edges = [pg.PlotCurveItem(pen=None) for _ in range(2)]
        self._fill = pg.FillBetweenItem(*self._edges)
        self._drawn: tuple[Band | None, bool] | None = None
        self._height: Range | None = None
        for item in (*self._edges, self._fill):
            item.setZValue(0.5)
            plot.addItem(item, ignoreBounds=True)

    def set_theme(self, theme: Theme) -> None:
        self._fill.setBrush(pg.mkBrush(theme.border))

    def draw(self, band: Band | None, log: bool) -> Range | None:
        """Draw it, or nothing; returns the height that it needs. What is drawn already costs nothing."""
        if self._drawn is None or self._drawn[0] is not band or self._drawn[1] != log:
            self._drawn, self._height = (band, log), self._draw(band, log)
        return self._height

    def _draw(self, band: Band | None, log: bool) -> Range | None:
        empty = np.empty(0)
        x, low, high = band or Band(empty, empty, empty)
        if log:
            low, high = logarithm(low), logarithm(high)
        known = np.isfinite(low) & np.isfinite(high)
        self._edges[0].setData(x[known], low[known])
        self._edges[1].setData(x[known], high[known])
        return (float(low[known].min()), float(high[known].max())) if known.any() else None


class BandDrawing:
    """The band of the validation loss, and that of the accuracy, with their entry in the legend."""

    def __init__(self, plots: Plots, legend: Legend, name: str, theme: Theme) -> None:
        self._legend, self._name, self._theme = legend, name, theme
        self.loss: Band | None = None
        self.accuracy: Band | None = None
        self.visible = True
        self._on_loss, self._on_accuracy = _Filled(plots.loss), _Filled(plots.accuracy)

    def set(self, loss: Band | None, accuracy: Band | None) -> None:
        """Expect curves there from now on; None: nowhere."""
        self.loss, self.accuracy = loss, accuracy
        there, wanted = KEY in self._legend.keys(), loss is not None or accuracy is not None  # noqa: SIM118 not a dict
        if wanted and not there:
            self.visible = True
            self._legend.add(KEY, self._name, _look(self._theme), self._theme, whole=True)
        elif there and not wanted:
            self._legend.remove(KEY)

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        self._theme = theme
        for filled in (self._on_loss, self._on_accuracy):
            filled.set_theme(theme)
        if KEY in self._legend.keys():  # noqa: SIM118 not a dict
            self._legend.entry(KEY).set_look(_look(theme), theme)

    def toggle(self, key: str, shown: bool) -> None:
        """Show or hide it, where the key in the legend is its own."""
        if key == KEY:
            self.visible = shown

    def draw(self, log: bool) -> Ranges:
        """Draw it; returns what it needs of the plots' heights."""
        loss = self._on_loss.draw(self.loss if self.visible else None, log)
        accuracy = self._on_accuracy.draw(self.accuracy if self.visible else None, False)
        return Ranges([loss], [accuracy], [])


def _look(theme: Theme) -> Style:
    """Of the entry in the legend: a broad piece of the band."""
    return Style(theme.border, width=9)
