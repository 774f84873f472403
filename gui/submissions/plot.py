"""The curves of submissions over the band in which those of the lesson are expected."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QCoreApplication

from engine.history import EpochRow
from engine.lessons.band import Band
from gui.graph.plot import Plot
from gui.graph.plot_legend import dress, legend_in
from gui.widgets.theme import LIGHT, Theme

NAMED = 6
"""So many of the chosen ones are named on the plot."""
Curve = tuple[str, Sequence[EpochRow], bool]
"""A student, the epochs, and whether it is one of those that were chosen."""


class SubmissionsPlot(Plot):
    """One figure of one run of the lesson, of many students: the chosen ones stand out."""

    def __init__(self) -> None:
        super().__init__(
            QCoreApplication.translate("Submissions", "Curves of the submissions"),
            QCoreApplication.translate("Submissions", "epoch"),
        )
        self.setMinimumHeight(140)
        self._theme: Theme = LIGHT
        self._edges = [pg.PlotCurveItem(pen=None) for _ in range(2)]
        self._fill = pg.FillBetweenItem(*self._edges)
        for item in (*self._edges, self._fill):
            item.setZValue(-1)
            self.addItem(item, ignoreBounds=True)
        self.lines: list[pg.PlotDataItem] = []
        self.legend = legend_in(self, (-8, 8))
        self._shown: tuple[Sequence[Curve], str, Band | None] = ((), "val_loss", None)

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        super().set_theme(theme)
        self._theme = theme
        dress(self.legend, theme)
        self._fill.setBrush(pg.mkBrush(theme.border))
        self.show_curves(*self._shown)

    def show_curves(self, curves: Sequence[Curve], figure: str, band: Band | None) -> None:
        """Draw this figure of these; accuracies in per cent."""
        self._shown = (curves, figure, band)
        scale = 100.0 if figure.endswith("accuracy") else 1.0
        for line in self.lines:
            self.removeItem(line)
        self.legend.clear()
        chosen = [curve for curve in curves if curve[2]]
        self.lines = [self._line(curve, figure, scale, None) for curve in curves if not curve[2]]
        self.lines += [self._line(curve, figure, scale, place) for place, curve in enumerate(chosen)]
        x, low, high = (np.array(each) for each in (band.epochs, band.low, band.high)) if band else [np.empty(0)] * 3
        self._edges[0].setData(x, scale * low)
        self._edges[1].setData(x, scale * high)
        ends = [end for line in self.lines for end in _ends(line.yData)] + _ends(scale * low) + _ends(scale * high)
        last = max([1.0, *(float(row.epoch) for _, rows, _ in curves for row in rows[-1:]), *x[-1:].tolist()])
        self.show_epochs(0.0, last)
        self.forget_fit()
        self.fit([(min(ends), max(ends))] if ends else [])

    def _line(self, curve: Curve, figure: str, scale: float, place: int | None) -> pg.PlotDataItem:
        """A curve; `place` is that among the chosen ones, which have colours and are named."""
        name, rows, _ = curve
        known = [(row.epoch, scale * value) for row in rows if (value := getattr(row, figure)) is not None]
        colours = (self._theme.validation, *self._theme.comparisons)
        pen = pg.mkPen(self._theme.muted) if place is None else pg.mkPen(colours[place % len(colours)], width=2)
        line = pg.PlotDataItem([x for x, _ in known], [y for _, y in known], pen=pen)
        self.addItem(line, ignoreBounds=True)
        if place is not None and place < NAMED:
            self.legend.addItem(line, name)
        return line


def _ends(values: np.ndarray | None) -> list[float]:
    return [] if values is None or len(values) == 0 else [float(values.min()), float(values.max())]
