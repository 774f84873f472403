from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication

from gui.graph.drawings import overlay_style, styles
from gui.graph.live_graph import LiveGraph
from gui.graph.overlays import MAX_OVERLAYS
from gui.widgets.theme import DARK, LIGHT
from tests.gui.graph.graphs import PER_EPOCH, past, redraw, train

LONG = "CNN + dropout + weight decay"


@pytest.fixture
def graph(show):
    return show(LiveGraph(theme=LIGHT), 1024, 640)


def fill(graph, count):
    for number in range(count):
        graph.overlay(f"{LONG} ({number})", past(0.9 - number / 20, 0.8))
    graph.start("now", PER_EPOCH, 5)
    train(graph, 2)
    QApplication.processEvents()


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_ten_runs_can_be_told_apart(theme):
    looks = [overlay_style(theme, number) for number in range(MAX_OVERLAYS)]
    assert MAX_OVERLAYS == 10
    assert len({look.symbol for look in looks}) == 10
    assert len({(look.colour, look.line) for look in looks}) == 10
    own = {style.colour for style in styles(theme).values()}
    assert own.isdisjoint(look.colour for look in looks)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_training_and_validation_never_share_a_colour(theme):
    looks = styles(theme)
    training = {looks[key].colour for key in ("step", "smooth", "train", "clean")}
    assert looks["val"].colour not in training


@pytest.mark.parametrize(("width", "height", "count"), [(376, 525, 6), (402, 525, 10), (1024, 640, 6), (1360, 820, 10)])
def test_the_figures_of_all_runs_are_whole_and_in_line(graph, width, height, count):
    graph.resize(width, height)
    fill(graph, count)
    places = graph.read_out.places()
    assert len(places) == 5 + count
    assert all(graph.read_out.rect().contains(place) for place in places)
    assert graph.rect().contains(graph.read_out.geometry())
    assert not any(place.intersects(other) for index, place in enumerate(places) for other in places[:index])
    if places[0].top() != places[-1].top():
        assert places[5].left() == 0  # earlier runs begin a line
        tops = sorted({place.top() for place in places[5:]})
        lines = [[place.left() for place in places[5:] if place.top() == top] for top in tops]
        assert all(line == lines[0][: len(line)] for line in lines)
    loss, *lower = (plot.view.height() for plot in graph.plots)
    assert loss >= 64 and min(lower) >= 32  # the curves keep a place however much is said


def test_the_figures_of_a_run_are_its_loss_above_its_accuracy(graph):
    fill(graph, 1)
    assert f"{LONG} (0) 0.800  {LONG} (0) accuracy 75.0 %" in graph.read_out.text()
    graph.header.legend.entry("overlay-0").click()
    redraw(graph)
    assert LONG not in graph.read_out.text()


@pytest.mark.parametrize(("width", "cut"), [(1360, False), (402, True)])
def test_names_in_the_legend_are_cut_where_there_is_no_room_and_their_own_end_stays(graph, width, cut):
    graph.resize(width, 525)
    fill(graph, 10)
    legend = graph.header.legend
    assert legend.rect().contains(legend.childrenRect())
    assert legend.height() <= 0.25 * graph.height() or not cut
    present = [legend.entry(key) for key in graph.header.names()]
    assert all(entry.width() == entry.width_with(10_000) for entry in present)
    earlier = [legend.entry(f"overlay-{number}") for number in range(10)]
    assert any(entry.width() < entry.width_with(10_000) for entry in earlier) is cut
    assert all(LONG in entry.toolTip() for entry in earlier)


def test_a_wide_graph_can_become_narrow_again(graph):
    graph.resize(1400, 700)
    QApplication.processEvents()
    graph.resize(380, 640)
    QApplication.processEvents()
    assert graph.width() == 380


def test_hidden_runs_take_no_room_in_the_legend(graph):
    fill(graph, 10)
    height = graph.header.legend.height()
    graph.set_overlays_visible(False)
    QApplication.processEvents()
    assert graph.header.legend.height() < height
    graph.set_overlays_visible(True)
    QApplication.processEvents()
    assert graph.header.legend.height() == height


def test_a_run_added_while_earlier_ones_are_hidden_is_hidden_too(graph):
    graph.set_overlays_visible(False)
    graph.overlay("late", past(0.5))
    redraw(graph)
    assert not graph.overlays[0].loss["val"].is_visible()
    assert graph.header.legend.entry("overlay-0").isHidden()


def test_what_is_drawn_already_is_not_drawn_again(graph, monkeypatch):
    fill(graph, 2)
    redraw(graph)
    drawn = []
    still = [*graph.overlays[0].curves(), *graph.drawing.accuracy.values(), graph.drawing.loss["val"]]
    for curve in still:
        monkeypatch.setattr(curve._line, "setData", lambda *points: drawn.append("still"))
    graph.add_steps([(21, 0.3, 1e-3)])
    redraw(graph)
    assert not drawn
    assert graph.drawing.loss["step"].points()[0][-1] == pytest.approx(2.1)


def test_another_scale_draws_earlier_runs_anew(graph):
    fill(graph, 1)
    graph.set_log(True)
    redraw(graph)
    assert graph.overlays[0].loss["val"].points()[1] == pytest.approx([-0.0458, -0.0969], abs=1e-4)


# --- regressions ------------------------------------------------------------------------------

POINTS = (0.0, 0.5, 1.0), (0.1, 0.4, 1.1)
FIT = (0.0, 1.0), (0.0, 1.0)


def fit_curve(graph):
    return graph.panes.fit.curve


def test_a_regression_has_its_fit_in_place_of_the_accuracy(graph):
    graph.start("a", PER_EPOCH, 5)
    redraw(graph)
    assert graph.panes.accuracy.isVisible() and not graph.panes.fit.isVisible()
    graph.start("line", PER_EPOCH, 5)
    graph.show_points(POINTS, POINTS)
    graph.add_fit(*FIT)
    redraw(graph)
    assert graph.panes.fit.isVisible() and not graph.panes.accuracy.isVisible()
    assert graph.panes.fit._fit[1].tolist() == [0.0, 1.0]
    graph.start("b", PER_EPOCH, 5)
    redraw(graph)
    assert graph.panes.accuracy.isVisible() and not graph.panes.fit.isVisible()


def test_an_earlier_run_keeps_its_last_fit(graph):
    graph.start("first", PER_EPOCH, 5)
    graph.show_points(POINTS)
    graph.add_fit((0.0, 1.0), (9.0, 9.0))
    graph.add_fit(*FIT)
    train(graph, 1)
    history = past(0.6)
    graph.start("second", PER_EPOCH, 5)
    graph.show_points(POINTS)
    for _ in range(2):  # whoever owns the list of runs takes all away and gives them anew
        assert [(overlay.label, overlay.y.tolist()) for overlay in graph.panes.fit._overlays] == [("first", [0.0, 1.0])]
        graph.remove_overlays()
        assert graph.panes.fit._overlays == []
        graph.overlay("first", history)


def test_a_loaded_run_comes_with_its_fit(graph):
    graph.overlay("loaded", past(0.6), fit=FIT)
    redraw(graph)
    assert graph.panes.fit.isVisible()
    assert [overlay.label for overlay in graph.panes.fit._overlays] == ["loaded"]
    graph.header.legend.entry("overlay-0").click()
    redraw(graph)
    assert graph.panes.fit._overlays == [] and not graph.panes.fit.isVisible()


def test_without_accuracy_and_fit_the_learning_rate_takes_the_row(graph):
    graph.start("many inputs", PER_EPOCH, 5)
    redraw(graph)
    narrow = graph.plots.lr.width()
    graph.add_epoch(past(0.5).epochs[0]._replace(train_accuracy=None, val_accuracy=None), best=True)
    redraw(graph)
    QApplication.processEvents()
    assert not graph.panes.accuracy.isVisible() and graph.plots.lr.width() > 1.8 * narrow
    graph.start("classes", PER_EPOCH, 5)  # its accuracies are still to come, whatever the earlier run had
    redraw(graph)
    assert graph.overlays and graph.panes.accuracy.isVisible()
