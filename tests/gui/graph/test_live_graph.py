from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from engine.history import EpochRow, History
from gui.graph.live_graph import LiveGraph
from gui.graph.overlays import MAX_OVERLAYS
from gui.graph.run_curves import RunCurves
from gui.widgets.theme import DARK, LIGHT
from tests.gui.graph.graphs import PER_EPOCH, colours_of, drawn, past, pixels_of, redraw, row, steps, train, turn_wheel


@pytest.fixture
def graph(show):
    return show(LiveGraph(theme=LIGHT), 1000, 640)


def double_click(plot):
    middle = plot.viewport().rect().center()
    QTest.mouseClick(plot.viewport(), Qt.MouseButton.LeftButton, pos=middle)
    QTest.mouseDClick(plot.viewport(), Qt.MouseButton.LeftButton, pos=middle)
    QApplication.processEvents()


def count_draws(graph, monkeypatch):
    calls = []
    draw = graph.drawing.draw
    monkeypatch.setattr(graph.drawing, "draw", lambda *given: calls.append(1) or draw(*given))
    return calls


def test_an_empty_graph_says_what_will_be_here(graph):
    redraw(graph)
    text = graph.loss_pane.empty_text
    assert text.isVisible()
    place = QRect(text.mapTo(graph, QPoint()), text.size())
    assert len(colours_of(graph.grab(place).toImage())) > 10  # letters, on top of the plot
    graph.start("a", PER_EPOCH, 5)
    redraw(graph)
    assert not graph.loss_pane.empty_text.isVisible()


def test_steps_are_drawn_at_their_share_of_an_epoch(graph):
    graph.start("a", PER_EPOCH, 5)
    graph.add_steps([(1, 2.0, 0.1), (2, 1.0, 0.1), (10, 0.5, 0.1)])
    redraw(graph)
    x, y = drawn(graph, "step")
    assert x == pytest.approx([0.1, 0.2, 1.0])
    assert y == pytest.approx([2.0, 1.0, 0.5])


def test_epochs_are_drawn_on_loss_and_accuracy(graph):
    graph.start("a", PER_EPOCH, 5)
    train(graph, 2)
    assert drawn(graph, "val")[0].tolist() == [1, 2]
    assert graph.drawing.accuracy["val"].points()[1] == pytest.approx([75, 75])


def test_the_figures_of_epochs_are_all_there_however_they_came():
    run = RunCurves("a", PER_EPOCH)
    run.record.epochs = [row(epoch, loss=epoch / 7) for epoch in range(1, 4)]
    for epoch in range(4, 3000, 500):
        run.rows.extend(row(each, loss=each / 7, val_loss=None) for each in range(epoch, epoch + 500))
        assert run.epochs().tolist() == [each.epoch for each in run.rows]
        for name in EpochRow._fields:
            times = 100 if name.endswith("accuracy") else 1
            expected = [np.nan if getattr(each, name) is None else times * getattr(each, name) for each in run.rows]
            np.testing.assert_array_equal(run.figure(name), expected)


def picture(graph, key, mode=None):
    """The pixels of the loss's plot on which a curve goes up and down, drawn in pieces or as a whole."""
    curve, x = graph.drawing.loss[key], np.linspace(0, 5, 300)
    curve.draw(x, np.sin(2 * x))
    if mode is not None:
        curve._line.setSegmentedLineMode(mode)
    return pixels_of(graph.plots.loss.grab().toImage()).astype(int)


def ink(picture, ground):
    return np.abs(picture - ground).sum()


def test_a_wide_line_is_drawn_in_pieces_that_look_like_a_whole(graph):
    graph.start("a", PER_EPOCH, 5)
    redraw(graph)
    ground = pixels_of(graph.plots.loss.grab().toImage()).astype(int)
    drawn, pieces, whole = (picture(graph, "val", mode) for mode in (None, "on", "off"))
    assert ink(drawn, pieces) == 0 < ink(drawn, whole) < 0.08 * ink(whole, ground)


def test_a_dashed_line_of_many_points_keeps_its_gaps(graph):
    graph.start("a", PER_EPOCH, 5)
    redraw(graph)
    ground = pixels_of(graph.plots.loss.grab().toImage()).astype(int)
    assert ink(picture(graph, "clean"), ground) < 0.9 * ink(picture(graph, "clean", "on"), ground)


def test_a_faint_line_is_no_darker_where_its_pieces_would_meet(graph):
    graph.start("a", PER_EPOCH, 50, past(*[0.9, 0.5] * 20), forked_epoch=35.0, forked_from="b")
    redraw(graph)
    curve = graph.drawing.loss["val"]
    assert curve._past.opacity() < 1 == curve._line.opacity()
    before = pixels_of(graph.plots.loss.grab().toImage()).astype(int)
    curve._past.setSegmentedLineMode("off")
    assert ink(pixels_of(graph.plots.loss.grab().toImage()).astype(int), before) == 0


def test_a_figure_that_does_not_apply_is_a_gap(graph):
    graph.start("a", PER_EPOCH, 5)
    graph.add_epoch(EpochRow(1, 0.5), best=True)
    redraw(graph)
    assert np.isnan(drawn(graph, "val")[1]).all()


def test_the_whole_run_is_in_view_from_the_start(graph):
    graph.start("a", PER_EPOCH, 7)
    redraw(graph)
    for plot in graph.plots:
        low, high = plot.x_range()
        assert -0.5 < low <= 0
        assert 7 <= high < 7.5
    graph.continue_run(12)
    redraw(graph)
    assert 12 <= graph.plots.loss.x_range()[1] < 12.5


def test_redraw_does_nothing_when_nothing_changed(graph, monkeypatch):
    graph.start("a", PER_EPOCH, 5)
    train(graph, 1)
    calls = count_draws(graph, monkeypatch)
    redraw(graph)
    assert not calls
    graph.add_steps(steps(11, 11))
    redraw(graph)
    assert len(calls) == 1


def test_redraw_does_nothing_when_not_visible_and_catches_up_when_shown(graph, monkeypatch):
    calls = count_draws(graph, monkeypatch)
    graph.hide()
    graph.start("a", PER_EPOCH, 5)
    train(graph, 1)
    assert not calls
    graph.show()
    QApplication.processEvents()
    assert len(drawn(graph, "val")[0]) == 1


def test_new_data_never_steal_a_view_that_the_user_moved(graph):
    graph.start("a", PER_EPOCH, 10)
    train(graph, 3)
    turn_wheel(graph.plots.loss)
    assert not graph.following
    button = graph.loss_pane.follow_button
    assert button.isVisible() and graph.loss_pane.childAt(button.geometry().center()) is button
    view = graph.plots.loss.view.viewRange()
    graph.add_epoch(row(4, 90.0, 90.0), best=False)
    graph.continue_run(40)
    redraw(graph)
    assert graph.plots.loss.view.viewRange() == view


@pytest.mark.parametrize("way_back", ["button", "double click"])
def test_the_user_comes_back_to_following(graph, way_back):
    graph.start("a", PER_EPOCH, 10)
    train(graph, 3)
    whole = graph.plots.loss.view.viewRange()
    turn_wheel(graph.plots.loss)
    if way_back == "button":
        graph.loss_pane.follow_button.click()
        QApplication.processEvents()
    else:
        double_click(graph.plots.accuracy)
    assert graph.following
    assert not graph.loss_pane.follow_button.isVisible()
    assert np.allclose(graph.plots.loss.view.viewRange(), whole)


def test_the_plots_share_their_x(graph):
    graph.start("a", PER_EPOCH, 10)
    train(graph, 3)
    turn_wheel(graph.plots.accuracy)
    moved = graph.plots.accuracy.x_range()
    assert moved[1] - moved[0] < 9
    assert graph.plots.loss.x_range() == pytest.approx(moved)
    assert graph.plots.lr.x_range() == pytest.approx(moved)


def test_a_run_with_an_epoch_stays_as_an_overlay(graph):
    graph.start("no epoch", PER_EPOCH, 5)
    graph.start("one epoch", PER_EPOCH, 5)
    assert graph.overlays == []
    train(graph, 1)
    graph.start("now", PER_EPOCH, 5)
    redraw(graph)
    assert [drawing.run.label for drawing in graph.overlays] == ["one epoch"]
    assert graph.overlays[0].loss["val"].points()[0].tolist() == [1]
    assert len(drawn(graph, "val")[0]) == 0
    assert graph.marks.words() == []


def test_overlays_can_be_hidden_and_removed(graph):
    history = History()
    history.add_epoch(row(1))
    graph.overlay("before", history)
    redraw(graph)
    overlay = graph.overlays[0]
    assert overlay.loss["val"].is_visible()
    graph.set_overlays_visible(False)
    redraw(graph)
    assert not overlay.loss["val"].is_visible()
    items = len(graph.plots.loss.plotItem.items)
    graph.remove_overlays()
    redraw(graph)
    assert graph.overlays == []
    assert len(graph.plots.loss.plotItem.items) < items
    assert not any(key.startswith("overlay") for key in graph.header.legend.keys())  # noqa: SIM118 not a dict


def test_the_oldest_overlay_goes_when_there_are_too_many(graph):
    history = History()
    history.add_epoch(row(1))
    for number in range(MAX_OVERLAYS + 1):
        graph.overlay(f"run {number}", history)
    assert [drawing.run.label for drawing in graph.overlays] == [f"run {n}" for n in range(1, MAX_OVERLAYS + 1)]
    assert len({drawing.number for drawing in graph.overlays}) == MAX_OVERLAYS


def test_there_is_one_best_epoch_and_it_moves(graph):
    graph.start("a", PER_EPOCH, 5)
    graph.add_epoch(row(1), best=True)
    graph.add_epoch(row(2), best=True)
    graph.add_epoch(row(3), best=False)
    assert graph.marks.words() == [(2, "best, epoch 2")]


def test_a_drop_of_the_learning_rate_is_marked(graph):
    graph.start("a", PER_EPOCH, 5)
    graph.add_steps(steps(1, 30))
    graph.add_steps(steps(31, 40, lr=1e-4))
    assert graph.marks.words() == [(pytest.approx(3.0), "lr ×0.1")]


def test_a_history_is_drawn_and_where_it_goes_on_is_marked(graph):
    history = History()
    history.add_steps(steps(1, 20))
    history.add_epoch(row(1, val_loss=0.4))
    history.add_epoch(row(2, val_loss=0.5))
    graph.start("a", PER_EPOCH, 5, history, resumed_epoch=2.0)
    redraw(graph)
    assert len(drawn(graph, "step")[0]) == 20
    assert graph.marks.words() == [(1, "best, epoch 1"), (2.0, "resumed")]


def test_the_same_mark_twice_is_one_mark(graph):
    graph.start("a", PER_EPOCH, 5)
    graph.mark(3.0, "stopped")
    graph.mark(3.1, "stopped")
    graph.mark(4.0, "stopped")
    assert [x for x, _ in graph.marks.words()] == [3.0, 4.0]


def test_words_of_marks_do_not_overlap_and_stay_inside(graph):
    graph.start("a", PER_EPOCH, 20)
    for x in (9.8, 10.0, 10.2, 20.0):
        graph.mark(x, f"a mark at {x} with a long word")
    redraw(graph)
    boxes = [mark.word.mapRectToParent(mark.word.boundingRect()) for mark in graph.marks.marks if mark.word.isVisible()]
    assert len(boxes) >= 3
    for index, box in enumerate(boxes):
        assert box.left() >= 0
        assert box.right() <= graph.plots.loss.view.width()
        assert not any(box.intersects(other) for other in boxes[:index])


def test_a_logarithmic_scale_draws_logarithms_and_says_figures(graph):
    graph.start("a", PER_EPOCH, 5)
    graph.add_steps([(1, 100.0, 0.1), (2, 0.01, 0.1)])
    graph.set_log(True)
    redraw(graph)
    assert graph.header.log.isChecked()
    assert drawn(graph, "step")[1] == pytest.approx([2.0, -2.0])
    axis = graph.plots.loss.figures
    assert axis.tickStrings([-2.0, 0.0, 2.0], 1, 1) == ["0.01", "1", "100"]


def test_a_loss_of_zero_is_a_gap_on_a_logarithmic_scale(graph):
    graph.start("a", PER_EPOCH, 5)
    graph.add_steps([(1, 1.0, 0.1), (2, 0.0, 0.1)])
    graph.set_log(True)
    redraw(graph)
    assert np.isnan(drawn(graph, "step")[1][1])


def test_the_legend_hides_a_curve_on_all_plots(graph):
    graph.start("a", PER_EPOCH, 5)
    train(graph, 2)
    QTest.mouseClick(graph.header.legend.entry("val"), Qt.MouseButton.LeftButton)
    QApplication.processEvents()
    assert not graph.drawing.loss["val"].is_visible()
    assert not graph.drawing.accuracy["val"].is_visible()
    assert graph.drawing.loss["train"].is_visible()
    QTest.mouseClick(graph.header.legend.entry("val"), Qt.MouseButton.LeftButton)
    QApplication.processEvents()
    assert graph.drawing.loss["val"].is_visible()


@pytest.mark.parametrize("width", [480, 700, 1400])
def test_the_legend_is_whole_at_any_width(graph, width):
    graph.resize(width, 600)
    QApplication.processEvents()
    legend = graph.header.legend
    boxes = [legend.entry(key).geometry() for key in legend.keys()]  # noqa: SIM118 not a dict
    assert all(legend.rect().contains(box) for box in boxes)
    assert not any(box.intersects(other) for index, box in enumerate(boxes) for other in boxes[:index])


@pytest.mark.parametrize(("width", "beside"), [(700, False), (1400, True)])
def test_a_narrow_legend_has_a_line_of_its_own(graph, width, beside):
    graph.resize(width, 600)
    QApplication.processEvents()
    assert (graph.header.legend.y() < graph.header.log.geometry().center().y()) is beside


def test_the_scale_is_told_whoever_changes_it(graph):
    told = []
    graph.log_toggled.connect(told.append)
    graph.set_log(True)
    graph.set_log(True)
    graph.header.log.click()
    assert told == [True, False]


def test_spikes_of_single_steps_do_not_squash_the_curves(graph):
    graph.start("a", PER_EPOCH, 30)
    train(graph, 30)
    graph.add_steps([(299, 0.5, 1e-3), (300, 5000.0, 1e-3)])
    redraw(graph)
    graph.set_smoothing(0.99)
    redraw(graph)
    assert graph.plots.loss.view.viewRange()[1][1] < 200


def test_a_validation_loss_that_runs_away_stays_in_view(graph):
    graph.start("a", PER_EPOCH, 10)
    train(graph, 9)
    graph.add_epoch(row(10, val_loss=30.0), best=False)
    redraw(graph)
    assert graph.plots.loss.view.viewRange()[1][1] > 30


def test_the_read_out_tells_the_figures_under_the_pointer(graph):
    graph.start("a", PER_EPOCH, 5)
    graph.add_steps([(10, 0.111, 1e-3), (20, 0.222, 1e-4)])
    graph.add_epoch(row(1, val_loss=0.61), best=True)
    graph.add_epoch(row(2, val_loss=0.62), best=False)
    redraw(graph)
    assert "validation 0.620" in graph.read_out.text()
    graph.plots.accuracy.hovered.emit(1.1)
    text = graph.read_out.text()
    assert "epoch 1.1" in text
    assert "step 0.111" in text
    assert "validation 0.610" in text
    assert "lr 0.001" in text
    assert all(plot.cursor_line.isVisible() for plot in graph.plots)
    graph.plots.accuracy.hovered.emit(None)
    assert "validation 0.620" in graph.read_out.text()
    assert not any(plot.cursor_line.isVisible() for plot in graph.plots)


def test_without_a_pointer_earlier_runs_are_read_where_the_present_one_is(graph):
    history = History()
    for epoch in range(1, 6):
        history.add_epoch(row(epoch, val_loss=epoch / 10))
    graph.overlay("before", history)
    graph.start("now", PER_EPOCH, 5)
    train(graph, 2)
    assert graph.read_out.text().startswith("epoch 2.0") and "before 0.200" in graph.read_out.text()


def test_the_pointer_over_a_plot_moves_the_cursor_of_all(graph):
    graph.start("a", PER_EPOCH, 10)
    train(graph, 3)
    QTest.mouseMove(graph.plots.loss.viewport(), graph.plots.loss.viewport().rect().center())
    QApplication.processEvents()
    x = graph.plots.loss.cursor_line.value()
    assert 3 < x < 7
    assert graph.plots.lr.cursor_line.value() == x


def test_smoothing_acts_on_what_is_drawn(graph):
    graph.start("a", PER_EPOCH, 5)
    graph.add_steps([(1, 1.0, 0.1), (2, 2.0, 0.1)])
    graph.set_smoothing(0.0)
    redraw(graph)
    assert drawn(graph, "smooth")[1] == pytest.approx([1.0, 2.0])
    graph.set_smoothing(0.5)
    redraw(graph)
    assert drawn(graph, "smooth")[1] == pytest.approx([1.0, 5 / 3])


def test_the_learning_rate_is_drawn_as_steps(graph):
    graph.start("a", PER_EPOCH, 5)
    graph.add_steps([*steps(1, 10), *steps(11, 20, lr=1e-4)])
    redraw(graph)
    x, y = graph.drawing.lr.points()
    assert x == pytest.approx([0, 1, 1, 2])
    assert y == pytest.approx([1e-3, 1e-3, 1e-4, 1e-4])


def test_another_theme_reaches_every_part(graph):
    graph.start("before", PER_EPOCH, 5)
    train(graph, 2)
    graph.start("a", PER_EPOCH, 5)
    train(graph, 2)
    graph.set_theme(DARK)
    redraw(graph)
    for plot in graph.plots:
        colours = colours_of(plot.grab().toImage())
        assert DARK.surface in colours
        assert not colours & {LIGHT.surface, LIGHT.train, LIGHT.validation, LIGHT.lr, LIGHT.comparisons[0]}


def test_a_run_that_begins_takes_the_view_back(graph):
    graph.start("a", PER_EPOCH, 5)
    train(graph, 2)
    turn_wheel(graph.plots.loss)
    graph.start("b", PER_EPOCH, 5)
    assert graph.following


def test_the_read_out_makes_nothing_up_beyond_the_end_of_a_run(graph):
    graph.start("now", PER_EPOCH, 40)
    train(graph, 2)
    graph.read_out.show_figures(2.3, graph._run, [])
    assert "validation 0.600" in graph.read_out.text()
    graph.read_out.show_figures(30.0, graph._run, [])
    assert graph.read_out.text().startswith("epoch 30.0") and "validation 0.600" not in graph.read_out.text()


# --- marks of what was done -------------------------------------------------------------------


def test_a_rate_changed_by_hand_is_marked_once_whether_told_before_its_steps_or_after(graph):
    for told_first in (True, False):
        graph.start("a", PER_EPOCH, 10)
        graph.add_steps(steps(1, 30))
        if told_first:
            graph.mark_changed(3.0, 1e-3, 1e-4)
        graph.add_steps(steps(31, 60, lr=1e-4))
        if not told_first:
            graph.mark_changed(3.0, 1e-3, 1e-4)
        assert graph.marks.words() == [(3.0, "lr 0.001 → 0.0001")]
        graph.add_steps(steps(61, 70, lr=1e-5))  # by itself, later
        assert graph.marks.words()[1:] == [(pytest.approx(6.0), "lr ×0.1")]


def test_the_marks_of_a_run_come_back_when_it_is_loaded(graph):
    history = History()
    history.add_steps([*steps(1, 30), *steps(31, 60, lr=1e-4)][3::4])  # as a long record is kept
    history.add_epoch(row(1, val_loss=0.4))
    changes = [(30, "lr", 1e-3, 1e-4), (50, "epochs", 5, 15), (50, "schedule", 5, 15), (60, "epochs", 15, 16)]
    graph.start("a", PER_EPOCH, 16, history, resumed_epoch=6.0, changes=changes)
    assert graph.marks.words() == [
        (1, "best, epoch 1"), (3.0, "lr 0.001 → 0.0001"), (5.0, "10 more epochs"), (6.0, "1 more epoch"),
        (6.0, "resumed"),
    ]  # fmt: skip


def test_more_epochs_are_marked_where_they_begin(graph):
    graph.start("a", PER_EPOCH, 2)
    train(graph, 2)
    assert graph.continue_run(12) is True
    assert (2.0, "10 more epochs") in graph.marks.words()
    assert graph.continue_run(12) is False


def test_the_best_epoch_of_the_past_is_that_of_the_monitor(graph):
    history = History()
    for epoch, (loss, accuracy) in enumerate([(0.3, 0.5), (0.4, 0.9)], 1):
        history.add_epoch(EpochRow(epoch, 0.5, val_loss=loss, val_accuracy=accuracy))
    graph.start("a", PER_EPOCH, 5, history, monitor="val_accuracy")
    assert graph.marks.words() == [(2, "best, epoch 2")]


def test_a_mark_outside_the_view_says_nothing(graph):
    graph.start("a", PER_EPOCH, 10)
    graph.add_epoch(row(8), best=True)
    redraw(graph)
    (best,) = graph.marks.marks
    assert best.word.isVisible() and graph.marks.height() > 0
    graph.plots.loss.view.setXRange(0, 5, padding=0)
    graph.plots.loss.moved_by_hand.emit()
    redraw(graph)
    assert not best.word.isVisible() and graph.marks.height() == 0


def test_a_long_word_is_cut_in_its_middle_and_stays_inside(graph):
    graph.resize(400, 500)
    graph.start("child", PER_EPOCH, 10, forked_epoch=7.0, forked_from="CNN + dropout + weight decay + many more")
    redraw(graph)
    (mark,) = graph.marks.marks
    box = mark.word.mapRectToParent(mark.word.boundingRect())
    assert mark.word.isVisible() and box.left() >= 0 and box.right() <= graph.plots.loss.view.width()
    assert (
        mark.word.text().startswith("forked from") and mark.word.text().endswith("epoch 7") and "…" in mark.word.text()
    )


def test_words_leave_most_of_a_low_plot_to_the_curves(graph):
    graph.start("a", PER_EPOCH, 10)
    for x in (2.0, 2.1, 2.2):
        graph.mark(x, f"a mark at {x}")
    redraw(graph)
    assert sum(mark.word.isVisible() for mark in graph.marks.marks) == 3
    graph.resize(1000, 300)
    QApplication.processEvents()
    redraw(graph)
    assert graph.marks.height() <= 0.5 * graph.plots.loss.view.height()
    assert sum(mark.word.isVisible() for mark in graph.marks.marks) < 3


# --- forks ------------------------------------------------------------------------------------


def start_fork(graph, at=2.0):
    graph.start("child", PER_EPOCH, 6, past(0.9, 0.8, 0.5, 0.4), forked_epoch=at, forked_from="parent")
    redraw(graph)


def test_a_fork_has_its_past_faint(graph):
    start_fork(graph)
    assert (2.0, "forked from parent, epoch 2") in graph.marks.words()
    curve = graph.drawing.loss["val"]
    assert curve.past()[0].tolist() == [1, 2] and curve.points()[0].tolist() == [2, 3, 4]
    assert curve._past.opacity() == pytest.approx(0.4) and curve._line.opacity() == 1
    assert graph.drawing.loss["step"].past()[0].max() == 2 == graph.drawing.loss["step"].points()[0].min()


def test_the_past_of_a_fork_is_drawn_once_where_its_parent_is_on_the_graph(graph):
    start_fork(graph)
    graph.overlay("parent", past(0.9, 0.8, 0.7))
    redraw(graph)
    curve = graph.drawing.loss["val"]
    assert curve.past()[0].tolist() == [] and curve.points()[0].tolist() == [2, 3, 4]
    graph.header.legend.entry("overlay-0").click()  # hides the parent
    redraw(graph)
    assert curve.past()[0].tolist() == [1, 2]


def test_a_fork_in_mid_epoch_begins_on_the_line(graph):
    start_fork(graph, at=2.5)
    x, y = graph.drawing.loss["val"].points()
    assert x.tolist() == [2.5, 3, 4] and y[0] == pytest.approx(0.65)


def test_the_next_run_has_no_past(graph):
    start_fork(graph)
    graph.start("other", PER_EPOCH, 5, past(0.9, 0.8))
    redraw(graph)
    assert drawn(graph, "val")[0].tolist() == [1, 2] and graph.drawing.loss["val"].past()[0].tolist() == []


def overlay_x(graph, place):
    """What is drawn of an earlier run: the epochs of its validation loss, and of its training accuracy."""
    drawing = graph.overlays[place]
    x = drawing.loss["val"].points()[0].tolist()
    assert drawing.accuracy["train"].points()[0].tolist() == x and drawing.loss["val"].past()[0].tolist() == []
    return x


def test_the_past_of_an_earlier_run_is_drawn_once_too(graph):
    graph.overlay("parent", past(0.9, 0.8, 0.7, 0.6))
    graph.overlay("child", past(0.9, 0.8, 0.5, 0.4))
    graph.overlay("of the child", past(0.9, 0.8, 0.5, 0.3, 0.2))
    graph.overlay("another", past(0.95, 0.8, 0.5, 0.4))
    redraw(graph)
    drawn_once = [[1, 2, 3, 4], [2, 3, 4], [3, 4, 5], [1, 2, 3, 4]]
    assert [overlay_x(graph, place) for place in range(4)] == drawn_once
    graph.header.legend.entry("overlay-0").click()  # without the parent the next one draws what they share
    redraw(graph)
    assert overlay_x(graph, 1) == [1, 2, 3, 4] and overlay_x(graph, 2) == [3, 4, 5]


def test_an_earlier_fork_leaves_its_past_to_its_parent_in_front(graph):
    graph.overlay("child", past(0.9, 0.8, 0.5, 0.4))
    graph.start("parent", PER_EPOCH, 6, past(0.9, 0.8, 0.7, 0.6))
    redraw(graph)
    assert overlay_x(graph, 0) == [2, 3, 4] and drawn(graph, "val")[0].tolist() == [1, 2, 3, 4]


def test_two_forks_of_a_parent_that_is_not_there_draw_its_past_once(graph):
    graph.overlay("sibling", past(0.9, 0.8, 0.7, 0.6))
    start_fork(graph)
    assert overlay_x(graph, 0) == [2, 3, 4] and graph.drawing.loss["val"].past()[0].tolist() == [1, 2]
    graph.overlay("parent", past(0.9, 0.8, 0.75))
    redraw(graph)
    # Now the one in front leaves it to the parent, and so some earlier run has to draw it: one of them does.
    shown = [*overlay_x(graph, 0), *overlay_x(graph, 1)]
    assert graph.drawing.loss["val"].past()[0].tolist() == [] and shown.count(1) == 1


# --- for those who hear it --------------------------------------------------------------------


def test_the_latest_figures_are_told_once_an_epoch(graph, monkeypatch):
    told = []
    tell = graph.setAccessibleDescription
    monkeypatch.setattr(graph, "setAccessibleDescription", lambda text: told.append(text) or tell(text))
    graph.start("MLP", PER_EPOCH, 5)
    train(graph, 2)
    for step in range(21, 26):
        graph.add_steps(steps(step, step))
        redraw(graph)
    assert graph.accessibleName() == "Curves"
    assert graph.accessibleDescription() == (
        "MLP, epoch 2 of 5: training loss 0.500, validation loss 0.600, training accuracy 80.0 %, "
        "validation accuracy 75.0 %, learning rate 0.001"
    )
    assert len(told) <= 2


def test_each_plot_has_a_name_and_says_its_keys(graph):
    assert [plot.accessibleName() for plot in graph.plots] == ["Loss", "Accuracy", "Learning rate"]
    assert all("Home" in plot.accessibleDescription() for plot in graph.plots)
