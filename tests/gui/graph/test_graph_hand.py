"""What a hand does to the graph: keys, the menu, zooming."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gui.graph.live_graph import LiveGraph
from gui.widgets.theme import LIGHT
from tests.gui.graph.graphs import PER_EPOCH, past, redraw, row, steps, train, turn_wheel


@pytest.fixture
def graph(show):
    graph = show(LiveGraph(theme=LIGHT), 900, 600)
    graph.start("now", PER_EPOCH, 10)
    train(graph, 3)
    return graph


def ranges(graph):
    return [plot.view.viewRange() for plot in graph.plots]


def press(plot, key, modifier=Qt.KeyboardModifier.NoModifier):
    plot.setFocus()
    QTest.keyClick(plot, key, modifier)
    QApplication.processEvents()


def middle(span):
    return sum(span) / 2


def width(span):
    return span[1] - span[0]


@pytest.mark.parametrize(
    ("key", "axis", "share"),
    [(Qt.Key.Key_Left, 0, -0.1), (Qt.Key.Key_Right, 0, 0.1), (Qt.Key.Key_Up, 1, 0.1), (Qt.Key.Key_Down, 1, -0.1)],
)
def test_arrows_move_the_view_by_a_tenth(graph, key, axis, share):
    plot = graph.plots.loss
    before = plot.view.viewRange()
    press(plot, key)
    after = plot.view.viewRange()
    assert middle(after[axis]) - middle(before[axis]) == pytest.approx(share * width(before[axis]))
    assert width(after[axis]) == pytest.approx(width(before[axis]))
    assert after[1 - axis] == pytest.approx(before[1 - axis])
    assert not graph.following and graph.loss_pane.follow_button.isVisible()
    assert all(other.x_range() == pytest.approx(plot.x_range()) for other in graph.plots)


@pytest.mark.parametrize("key", [Qt.Key.Key_Plus, Qt.Key.Key_Equal])
def test_plus_and_minus_zoom_about_the_middle(graph, key):
    plot = graph.plots.accuracy
    before = plot.view.viewRange()
    press(plot, key)
    for old, new in zip(before, plot.view.viewRange(), strict=True):
        assert width(new) == pytest.approx(0.8 * width(old)) and middle(new) == pytest.approx(middle(old))
    press(plot, Qt.Key.Key_Minus)
    for old, new in zip(before, plot.view.viewRange(), strict=True):
        assert new == pytest.approx(old)


def test_home_shows_everything_again(graph):
    before = ranges(graph)
    press(graph.plots.lr, Qt.Key.Key_Plus)
    assert ranges(graph) != before
    press(graph.plots.lr, Qt.Key.Key_Home)
    assert graph.following
    for old, new in zip(before, ranges(graph), strict=True):
        assert new[0] == pytest.approx(old[0]) and new[1] == pytest.approx(old[1])


def test_keys_of_shortcuts_are_left_alone(graph):
    before = ranges(graph)
    press(graph.plots.loss, Qt.Key.Key_Right, Qt.KeyboardModifier.ControlModifier)
    press(graph.plots.loss, Qt.Key.Key_A)
    assert ranges(graph) == before and graph.following


def is_framed(plot):
    accent = plot.palette().highlight().color().name()
    return plot.grab().toImage().pixelColor(plot.width() // 2, 0).name() == accent


def test_a_plot_shows_that_keys_go_to_it_where_keys_brought_them(graph):
    loss, accuracy, lr = graph.plots
    lr.setFocus(Qt.FocusReason.MouseFocusReason)
    assert not is_framed(lr)
    loss.setFocus(Qt.FocusReason.TabFocusReason)
    assert is_framed(loss)
    QTest.keyClick(loss, Qt.Key.Key_Tab)
    assert accuracy.hasFocus() and is_framed(accuracy) and not is_framed(loss)


def test_keys_reach_the_controls_before_the_plots(graph):
    graph.overlay("earlier", past(0.5))
    reached, widget = [], graph.header.legend.entry("step")
    widget.setFocus()
    for _ in range(11):
        reached.append(widget)
        QTest.keyClick(widget, Qt.Key.Key_Tab)
        widget = QApplication.focusWidget()
    entries = [graph.header.legend.entry(key) for key in graph.header.legend.keys()]  # noqa: SIM118 not a dict
    assert reached[: len(entries)] == entries
    assert reached.index(graph.header.slider) < reached.index(graph.plots.loss) < reached.index(graph.plots.accuracy)


def test_whatever_comes_in_while_the_view_is_zoomed_leaves_it(graph):
    turn_wheel(graph.plots.loss)
    view = ranges(graph)
    graph.add_steps(steps(31, 60, loss=40.0, lr=1.0))
    for epoch in (4, 5, 6):
        graph.add_epoch(row(epoch, 90.0, 90.0), best=True)
    graph.overlay("earlier", past(*[70.0] * 30))
    graph.mark(6.0, "stopped")
    graph.mark_changed(6.0, 1e-3, 1e-4)
    graph.continue_run(50)
    graph.set_smoothing(0.5)
    redraw(graph)
    assert ranges(graph) == view and not graph.following


# --- the menu ---------------------------------------------------------------------------------


@pytest.fixture
def menus(graph, monkeypatch):
    """Where the graph's menu was shown; the offscreen platform can't show one without a warning."""
    shown = []
    monkeypatch.setattr(graph.menu, "popup", shown.append)
    return shown


def right_click(plot):
    QTest.mouseClick(plot.viewport(), Qt.MouseButton.RightButton, pos=plot.viewport().rect().center())
    QApplication.processEvents()


def test_a_right_click_shows_the_graphs_own_menu_alone(graph, menus):
    for plot in (*graph.plots, graph.panes.fit.plot):
        at = plot.viewport().rect().center()
        right_click(plot)
        assert menus.pop() == plot.viewport().mapToGlobal(at) and not menus
        assert QApplication.activePopupWidget() is None
    assert [action.text() for action in graph.menu.actions() if action.text()] == [
        "Show the whole graph", "Logarithmic", "Copy picture", "Save picture…", "Save figures (CSV)…",
    ]  # fmt: skip


@pytest.mark.parametrize("reason", [QContextMenuEvent.Reason.Keyboard, QContextMenuEvent.Reason.Mouse])
def test_the_menu_key_shows_the_menu_too(graph, menus, reason):
    plot, at = graph.plots.accuracy, QPoint(50, 40)
    QApplication.sendEvent(plot.viewport(), QContextMenuEvent(reason, at, plot.mapToGlobal(at)))
    # Of the mouse, the click shows it.
    assert menus == ([plot.mapToGlobal(at)] if reason is QContextMenuEvent.Reason.Keyboard else [])


def test_a_drag_with_the_right_button_zooms_without_a_menu(graph, menus):
    viewport = graph.plots.loss.viewport()
    start = viewport.rect().center()
    before = ranges(graph)
    QTest.mousePress(viewport, Qt.MouseButton.RightButton, pos=start)
    for shift in (10, 30, 60):
        QTest.mouseMove(viewport, start + QPoint(shift, 0), delay=20)
    QTest.mouseRelease(viewport, Qt.MouseButton.RightButton, pos=start + QPoint(60, 0))
    QApplication.processEvents()
    assert not menus
    assert ranges(graph) != before


def test_the_menu_does_what_it_says(graph, menus):
    asked = []
    graph.picture_asked.connect(lambda: asked.append("picture"))
    graph.figures_asked.connect(lambda: asked.append("figures"))
    turn_wheel(graph.plots.loss)
    right_click(graph.plots.loss)
    assert not graph.menu.log.isChecked() and graph.menu.save_figures.isEnabled()
    graph.menu.log.trigger()
    assert graph.header.log.isChecked()
    turn_wheel(graph.plots.loss)
    graph.menu.whole.trigger()
    assert graph.following
    graph.menu.save_picture.trigger()
    graph.menu.save_figures.trigger()
    assert asked == ["picture", "figures"]
    right_click(graph.plots.loss)
    assert graph.menu.log.isChecked()


def test_an_empty_graph_has_no_figures_to_save(graph, menus):
    right_click(graph.plots.loss)
    assert graph.menu.save_figures.isEnabled()
    graph._run = None
    right_click(graph.plots.loss)
    assert not graph.menu.save_figures.isEnabled()
