"""A figure of every layer over the steps of a run: the deeper a layer, the fainter its line."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from pyqtgraph.GraphicsScene.mouseEvents import MouseClickEvent
from PySide6.QtCore import QCoreApplication, QPointF, Qt, Signal

from gui.graph.drawings import Curve, Style, logarithm
from gui.graph.plot import Plot, blend
from gui.model.inside.profile import span_of
from gui.model.inside.seen import Seen
from gui.model.inside.words import Quantity
from gui.widgets.theme import LIGHT, Theme

FAINTEST = 0.35
"""How much of its run's colour the line of the last layer has."""


class CoursePlot(Plot):
    """A line for each layer of each run; a mark where the layers are looked at."""

    picked = Signal(float)
    """A step was clicked."""

    def __init__(self) -> None:
        super().__init__(
            QCoreApplication.translate("CoursePlot", "The layers over time"),
            QCoreApplication.translate("CoursePlot", "step"),
        )
        self.view.setMouseEnabled(False, False)
        self.setMinimumHeight(140)
        self.compact = True
        self._theme = LIGHT
        self._curves: list[Curve] = []
        self.at = pg.InfiniteLine(angle=90, movable=False)
        self.addItem(self.at, ignoreBounds=True)
        self.ends = [pg.TextItem(anchor=(0, 0.5)) for _ in range(2)]
        for end in self.ends:
            self.addItem(end, ignoreBounds=True)

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        super().set_theme(theme)
        self._theme = theme
        self.at.setPen(pg.mkPen(theme.accent, width=1, style=Qt.PenStyle.DashLine))

    def show_runs(self, runs: Sequence[Seen], quantity: Quantity, at: float) -> None:
        """Draw this figure of these runs; the first is looked at there. The other one's lines are dashed."""
        wanted = sum(len(seen.layers) for seen in runs)
        while len(self._curves) > wanted:
            self._curves.pop().remove()
        while len(self._curves) < wanted:
            self._curves.append(Curve(self, 10))
        curves = iter(self._curves)
        last = max(float(seen.steps[-1]) for seen in runs)
        self.show_epochs(1 - 0.02 * last, max(2.0, 1.09 * last))
        ranges = []
        for number, seen in enumerate(runs):
            values = seen.figure(quantity.name)
            ranges.append(span_of(values, quantity))
            drawn = 100 * values if quantity.percent else logarithm(values)
            for layer in range(len(seen.layers)):
                curve = next(curves)
                curve.set_style(self._style(number, layer / max(1, len(seen.layers) - 1)), self._theme.surface)
                curve.draw(seen.steps, drawn[:, layer])
            if number == 0:
                self._name_ends(seen, drawn)
        self.fit(ranges)
        self.at.setValue(at)

    def _style(self, run: int, depth: float) -> Style:
        """Of a layer so deep in the so-manieth run: 0 at the input, 1 at the output."""
        colour = (self._theme.train, self._theme.validation)[run]
        faint = blend(colour, self._theme.surface, 1 - (1 - FAINTEST) * depth).name()
        return Style(faint, 1.5, Qt.PenStyle.DashLine if run else Qt.PenStyle.SolidLine)

    def _name_ends(self, seen: Seen, drawn: np.ndarray) -> None:
        """Number the lines of the first and of the last layer where they end."""
        for end, layer in zip(self.ends, (0, len(seen.layers) - 1), strict=True):
            value = drawn[-1, layer]
            end.setVisible(bool(np.isfinite(value)) and (layer > 0 or end is self.ends[0]))
            end.setText(str(layer + 1), self._theme.text)
            if np.isfinite(value):
                end.setPos(QPointF(float(seen.steps[-1]), float(value)))

    def _on_mouse_clicked(self, event: MouseClickEvent) -> None:
        super()._on_mouse_clicked(event)
        if event.button() == Qt.MouseButton.LeftButton:
            self.picked.emit(self.view.mapSceneToView(event.scenePos()).x())
