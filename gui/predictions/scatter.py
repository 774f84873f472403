"""A regression: predicted against true values, and the samples that it misses most."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QSplitter, QVBoxLayout, QWidget

from gui.graph.plot import FigureAxis
from gui.numbers import count
from gui.widgets.drops import let_drops_pass
from gui.widgets.sortable_table import Column, SortableTable
from gui.widgets.theme import LIGHT, Theme
from gui.widgets.type_size import tabular

if TYPE_CHECKING:
    from engine.trained.predictions import Predictions

MOST_POINTS = 5_000
"""Points that are drawn; of more samples, evenly chosen ones."""
MOST_ROWS = 200
"""Samples in the table of the worst."""


class PredictionScatter(QSplitter):
    """A point for each value; on the diagonal a prediction is right."""

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Vertical)
        self.theme: Theme = LIGHT
        self.setChildrenCollapsible(False)
        self.plot = pg.PlotWidget(axisItems={"left": FigureAxis("left"), "bottom": FigureAxis("bottom")})
        self.plot.setAccessibleName(self.tr("Predicted against true values"))
        let_drops_pass(self.plot)
        self.plot.setMenuEnabled(False)
        self.plot.hideButtons()
        menu = self.plot.plotItem.ctrlMenu
        menu.setParent(self.plot, menu.windowFlags())  # pyqtgraph makes it in any case, and would leave it behind
        self.plot.setMinimumSize(160, 120)
        self.diagonal = pg.InfiniteLine(angle=45, movable=False)
        self.points = pg.ScatterPlotItem(size=6, pen=None)
        self.plot.addItem(self.diagonal, ignoreBounds=True)
        self.plot.addItem(self.points)
        self.table = SortableTable(self.tr("Samples with the largest error"), self._columns())
        worst = QWidget()
        column = QVBoxLayout(worst)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(4)
        title = QLabel(self.tr("The worst first"))
        title.setProperty("role", "heading")
        column.addWidget(title)
        column.addWidget(self.table, 1)
        self.addWidget(self.plot)
        self.addWidget(worst)
        self.setStretchFactor(0, 3)
        self.setStretchFactor(1, 2)

    def _columns(self) -> list[Column]:
        figure = "{:.4g}".format
        return [
            Column(self.tr("Sample"), self.tr("Its place in the part, from 1"), count),
            Column(self.tr("True"), self.tr("The value that is to be predicted"), figure),
            Column(self.tr("Predicted"), self.tr("What the network gives"), figure),
            Column(self.tr("Error"), self.tr("Predicted less true"), figure),
        ]

    def show_predictions(self, made: Predictions) -> None:
        """Show these."""
        true, predicted = made.targets.ravel(), made.outputs.ravel()
        every = -(-len(true) // MOST_POINTS)
        self.points.setData(true[::every], predicted[::every])
        values = np.concatenate([true, predicted])
        low, high = float(values.min()), float(values.max())
        margin = 0.05 * (high - low or 1.0)
        self.plot.setRange(xRange=(low - margin, high + margin), yRange=(low - margin, high + margin), padding=0)
        width = made.targets.shape[1]
        error = predicted - true
        worst = np.argsort(-np.abs(error), kind="stable")[:MOST_ROWS].tolist()
        figures = zip(true[worst].tolist(), predicted[worst].tolist(), error[worst].tolist(), strict=True)
        rows = [(place // width + 1, *values) for place, values in zip(worst, figures, strict=True)]
        self.table.show_rows(rows)

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        self.theme = theme
        self.plot.setBackground(theme.surface)
        for side, text in (("left", self.tr("Predicted")), ("bottom", self.tr("True"))):
            axis = self.plot.plotItem.getAxis(side)
            axis.enableAutoSIPrefix(False)
            axis.setPen(pg.mkPen(theme.border))
            axis.setTextPen(pg.mkPen(theme.muted))
            axis.setStyle(tickFont=tabular(self.font()), tickLength=0)
            axis.setLabel(text, color=theme.muted)
        self.diagonal.setPen(pg.mkPen(theme.muted, width=1, style=Qt.PenStyle.DashLine))
        self.points.setBrush(pg.mkBrush(theme.validation + "A0"))
