"""The band of expected curves."""

from __future__ import annotations

import numpy as np
import pytest

from gui.graph.band import KEY, Band
from gui.graph.live_graph import LiveGraph
from gui.widgets.theme import DARK, LIGHT

BAND = Band(np.arange(1.0, 6), np.array([2.0, 1, 0.5, 0.4, 0.01]), np.array([3.0, 2, 1, 0.5, 0.1]))


@pytest.fixture
def graph(show):
    return show(LiveGraph(theme=LIGHT), 700, 500)


def edges(graph):
    return [edge.getData()[1] for edge in graph.band._on_loss._edges]


@pytest.mark.parametrize("log", [False, True])
def test_it_is_drawn_on_the_scale_of_the_loss_and_seen_whole(graph, log):
    graph.set_log(log)
    graph.expect(BAND, None)
    graph.redraw()
    low, high = edges(graph)
    assert np.allclose(low, np.log10(BAND.low) if log else BAND.low)
    bottom, top = graph.plots.loss.view.viewRange()[1]
    assert bottom <= low.min() and high.max() <= top
    assert graph.header.legend.entry(KEY).isVisible()


def test_it_can_be_hidden_in_the_legend_and_is_gone_with_what_was_expected(graph):
    graph.expect(BAND)
    graph.set_theme(DARK)
    graph.header.legend.entry(KEY).click()
    graph.redraw()
    assert all(len(values) == 0 for values in edges(graph))
    graph.header.legend.entry(KEY).click()
    graph.redraw()
    assert all(len(values) == 5 for values in edges(graph))
    graph.expect(None)
    graph.redraw()
    assert all(len(values) == 0 for values in edges(graph)) and KEY not in list(graph.header.legend.keys())


def test_what_is_drawn_already_is_not_drawn_again(graph, monkeypatch):
    graph.expect(BAND)
    graph.redraw()
    drawn = []
    for edge in graph.band._on_loss._edges + graph.band._on_accuracy._edges:
        monkeypatch.setattr(edge, "setData", lambda *values, real=edge.setData: (drawn.append(values), real(*values)))
    graph.add_steps([(1, 1.0, 0.1)])
    graph.reset_view()
    graph.redraw()
    assert drawn == []
    graph.set_log(True)
    graph.redraw()
    assert drawn
