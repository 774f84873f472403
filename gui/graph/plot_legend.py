"""A legend that lies in a plot: in the colours of its curves, with words in the colour of text."""

from __future__ import annotations

import pyqtgraph as pg
from pyqtgraph.graphicsItems.LegendItem import ItemSample
from pyqtgraph.graphicsItems.ScatterPlotItem import drawSymbol
from PySide6.QtCore import QPointF
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget

from gui.graph.plot import Plot
from gui.widgets.theme import Theme


class CurveSample(ItemSample):
    """Line and symbol as they are drawn: pyqtgraph's own has grey symbols until there are points."""

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Draw what stands for the curve; one that was hidden by a click has pyqtgraph's closed eye."""
        opts = self.item.opts
        if not self.item.isVisible():
            super().paint(painter, option, widget)
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if opts["pen"] is not None:
            painter.setPen(pg.mkPen(opts["pen"]))
            painter.drawLine(QPointF(0, 11), QPointF(20, 11))
        if opts["symbol"] is not None:
            painter.translate(10, 11)
            pen, brush = pg.mkPen(opts["symbolPen"]), pg.mkBrush(opts["symbolBrush"])
            drawSymbol(painter, opts["symbol"], opts["symbolSize"], pen, brush)


def legend_in(plot: Plot, offset: tuple[int, int]) -> pg.LegendItem:
    """A legend of a plot, so far from its corner: from the right where the first is negative, below likewise."""
    return plot.addLegend(offset=offset, sampleType=CurveSample, labelTextSize=plot.legend_size())


def dress(legend: pg.LegendItem, theme: Theme) -> None:
    """Give a legend the colours of a palette."""
    legend.setLabelTextColor(theme.text)  # of what is added from now on
    for _, label in legend.items:
        label.setText(label.text, color=theme.text)
