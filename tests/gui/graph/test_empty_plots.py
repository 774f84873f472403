"""A plot with nothing on it invents no figures; what lies in a plot can be read in both palettes."""

from __future__ import annotations

import pyqtgraph as pg
import pytest

from gui.compare.plot import ComparePlot
from gui.graph.live_graph import LiveGraph
from gui.graph.plot import EpochAxis
from gui.model.inside.course import CoursePlot
from gui.submissions.plot import SubmissionsPlot
from gui.tune.data_curve_plot import DataCurvePlot
from gui.tune.lr_range_plot import LrRangePlot
from gui.widgets.theme import DARK, LIGHT
from tests.gui.graph.graphs import train

EMPTY = {
    "live": lambda: LiveGraph(theme=LIGHT), "compare": ComparePlot, "data-curve": DataCurvePlot,
    "learning-rate": LrRangePlot, "submissions": SubmissionsPlot, "inside": CoursePlot,
}  # fmt: skip


def numbers(axis):
    return [value for _, values in axis.tickValues(*axis.range, 300) for value in values]


def invented(widget):
    """The numbers on axes of figures and of epochs; those on others, such as of learning rates, were planned."""
    plots = [widget] if isinstance(widget, pg.PlotWidget) else widget.findChildren(pg.PlotWidget)
    axes = [plot.getAxis(side) for plot in plots for side in ("left", "bottom")]
    told = [axis for axis in axes if axis.orientation == "left" or isinstance(axis, EpochAxis)]
    return [number for axis in told for number in numbers(axis)]


@pytest.mark.parametrize("name", EMPTY)
@pytest.mark.usefixtures("app")
def test_an_empty_plot_has_no_numbers(name):
    widget = EMPTY[name]()
    widget.set_theme(DARK)
    assert invented(widget) == []
    widget.deleteLater()  # what Python's collector takes apart piece by piece, Qt may yet want to lay out


def test_numbers_come_with_the_first_figures_and_go_with_the_last(show):
    graph = show(LiveGraph(theme=LIGHT), 600, 500)
    graph.start("mine", 10, 5)
    train(graph, 2)
    assert numbers(graph.plots.loss.figures) and numbers(graph.plots.loss.epochs)
    graph.plots.loss.fit([])
    assert numbers(graph.plots.loss.figures) == numbers(graph.plots.loss.epochs) == []


@pytest.mark.usefixtures("app")
def test_the_words_of_a_legend_in_a_plot_have_the_colour_of_text():
    plot = DataCurvePlot()
    for theme in (DARK, LIGHT):
        plot.set_theme(theme)
        labels = [label for _, label in plot.legend.items]
        assert len(labels) == 3 and all(theme.text.lower() in label.item.toHtml().lower() for label in labels)
    plot.deleteLater()
