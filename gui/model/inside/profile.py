"""The layers side by side, from input to output, at one moment: how large their values, or gradients, are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QColor, QPainterPath
from PySide6.QtWidgets import QGraphicsPathItem

from gui.graph.curves import Range
from gui.graph.drawings import Curve, Style, logarithm
from gui.graph.plot import Plot
from gui.model.inside.seen import CENTRES, LEAST_SHARE, Seen, medians
from gui.model.inside.words import Quantity
from gui.widgets.theme import Theme

HALF = 0.44
"""How far a body reaches to either side of its layer, at its widest."""
FILL = 110
"""Of 255: the colour of the bodies, under their middle line."""


class ProfilePlot(Plot):
    """For sizes a body at each layer, as wide as there are values of each size; of two runs each has one half of it.

    For other figures a point at each layer.
    """

    def __init__(self) -> None:
        super().__init__(
            QCoreApplication.translate("ProfilePlot", "The layers from input to output"),
            QCoreApplication.translate("ProfilePlot", "layer, from input to output"),
        )
        self.view.setMouseEnabled(False, False)
        self.setMinimumHeight(150)
        self.compact = True
        self._bodies = [QGraphicsPathItem() for _ in range(2)]
        for body in self._bodies:
            body.setZValue(5)
            self.view.addItem(body, ignoreBounds=True)
        self._lines = [Curve(self, 10 + number) for number in range(2)]

    def set_styles(self, styles: Sequence[Style], theme: Theme) -> None:
        """Take other looks: of the run in front, and of the one beside it."""
        self.set_theme(theme)
        for style, body, line in zip(styles, self._bodies, self._lines, strict=True):
            colour = QColor(style.colour)
            body.setPen(pg.mkPen(colour, width=1))
            colour.setAlpha(FILL)
            body.setBrush(pg.mkBrush(colour))
            line.set_style(style, theme.surface)

    def show_runs(self, runs: Sequence[tuple[Seen, int]], quantity: Quantity) -> None:
        """Draw these runs, each at one of its looks."""
        layers = max((len(seen.layers) for seen, _ in runs), default=1)
        self.show_epochs(0.4, layers + 0.6)
        ranges: list[Range | None] = []
        for number, (body, line) in enumerate(zip(self._bodies, self._lines, strict=True)):
            there = number < len(runs)
            body.setVisible(there and bool(quantity.sizes))
            line.set_visible(there)
            if there:
                seen, look = runs[number]
                ranges.append(self._draw(seen, look, quantity, body, line, side=number if len(runs) > 1 else None))
        self.figures.setVisible(True)
        self.fit(ranges)

    def _draw(
        self, seen: Seen, look: int, quantity: Quantity, body: QGraphicsPathItem, line: Curve, side: int | None
    ) -> Range | None:
        x = np.arange(1, len(seen.layers) + 1, dtype=np.float64)
        if quantity.sizes:
            shares = seen.sizes(quantity.sizes, look)
            body.setPath(_bodies(shares, side))
            line.draw(x, medians(shares))
            return seen.span(quantity.sizes, sorted({0, look, len(seen) - 1}))
        values = seen.figure(quantity.name)
        drawn = 100 * values[look] if quantity.percent else logarithm(values[look])
        line.draw(x, drawn)
        return span_of(values, quantity)


def span_of(values: np.ndarray, quantity: Quantity) -> Range | None:
    """The range in which these figures are drawn."""
    if quantity.percent:
        return 0.0, 100.0
    known = logarithm(values)
    known = known[np.isfinite(known)]
    return (float(known.min()), float(known.max())) if len(known) else None


def _bodies(shares: np.ndarray, side: int | None) -> QPainterPath:
    """The outlines of all layers; `side` 0 draws their left halves, 1 their right ones."""
    path = QPainterPath()
    for number, row in enumerate(shares, 1):
        bins = np.flatnonzero(row > LEAST_SHARE / 5)
        if not len(bins):
            continue
        first, last = bins[0], bins[-1]
        step = CENTRES[1] - CENTRES[0]
        y = np.concatenate([[CENTRES[first] - step / 2], CENTRES[first : last + 1], [CENTRES[last] + step / 2]])
        width = np.concatenate([[0.0], HALF * row[first : last + 1] / row.max(), [0.0]])
        left, right = (0.0 if side == 1 else -1.0), (0.0 if side == 0 else 1.0)
        path.moveTo(number, float(y[0]))
        for across, up in zip(left * width, y, strict=True):
            path.lineTo(number + float(across), float(up))
        for across, up in zip(right * width[::-1], y[::-1], strict=True):
            path.lineTo(number + float(across), float(up))
        path.closeSubpath()
    return path
