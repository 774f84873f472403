"""A curve through points: a line with a few symbols."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg

from gui.graph.curves import Range
from gui.graph.drawings import Style
from gui.graph.plot import Plot

Line = tuple[np.ndarray, np.ndarray]
"""x and y, of the same length."""

SYMBOLS = 7
"""Symbols on a curve: so many tell it from the others, and don't look like points."""


class FitCurve:
    """A curve, with a few symbols where its look has one."""

    def __init__(self, plot: Plot, z: float) -> None:
        self._plot = plot
        self._line = pg.PlotCurveItem(connect="finite", skipFiniteCheck=False, antialias=True)
        self._symbols = pg.ScatterPlotItem(pxMode=True)
        for item, above in ((self._line, 0.0), (self._symbols, 0.5)):
            item.setZValue(z + above)
            plot.addItem(item, ignoreBounds=True)
        self._symbols_from: int | None = None

    def set_style(self, style: Style, surface: str, symbols_from: int = 0) -> None:
        """Take another look; the symbols of several curves begin at different places, lest they hide each other."""
        self._line.setPen(pg.mkPen(style.colour, width=style.width, style=style.line))
        self._symbols_from = None if style.symbol is None else symbols_from
        if style.symbol is not None:
            self._symbols.setSymbol(style.symbol)
            self._symbols.setSize(style.size)
            self._symbols.setPen(pg.mkPen(surface))
            self._symbols.setBrush(pg.mkBrush(style.colour))

    def draw(self, line: Line | None) -> None:
        """Draw this curve, or none."""
        x, y = line or (np.empty(0), np.empty(0))
        self._line.setData(x, y)
        if self._symbols_from is not None:
            every = max(1, len(x) // SYMBOLS)
            chosen = np.arange((every // 2 + self._symbols_from * every // 4) % every, len(x), every)
            chosen = chosen[np.isfinite(y[chosen])]
            self._symbols.setData(x=x[chosen], y=y[chosen])

    def points(self) -> Line:
        """What is drawn: x and y."""
        x, y = self._line.getData()
        return (np.empty(0), np.empty(0)) if x is None else (x, y)

    def set_visible(self, visible: bool) -> None:
        """Show or hide it."""
        self._line.setVisible(visible)
        self._symbols.setVisible(visible)

    def is_visible(self) -> bool:
        """Whether it is shown."""
        return bool(self._line.isVisible())

    def remove(self) -> None:
        """Take it off the plot."""
        self._plot.removeItem(self._line)
        self._plot.removeItem(self._symbols)


def span_of(values: np.ndarray) -> Range | None:
    """From the least to the greatest of the finite values; None where there are none."""
    known = values[np.isfinite(values)]
    return (float(known.min()), float(known.max())) if len(known) else None
