"""What is known of the run in front, and marked as it is told."""

from __future__ import annotations

import pytest

from engine.history import EpochRow, History
from gui.graph.drawings import Fork
from gui.graph.live_graph import LiveGraph
from gui.graph.present_run import PresentRun
from gui.widgets.theme import LIGHT

PER_EPOCH = 10


@pytest.fixture
def marks(show):
    return show(LiveGraph(theme=LIGHT)).marks


@pytest.fixture
def run(marks):
    return PresentRun("a", PER_EPOCH, marks)


def past(losses, lrs):
    history = History()
    history.epochs = [EpochRow(epoch=n, val_loss=loss) for n, loss in enumerate(losses, 1)]
    history.add_steps((step, 1.0, lrs[(step - 1) // PER_EPOCH]) for step in range(1, PER_EPOCH * len(lrs) + 1))
    return history


def test_the_past_brings_its_best_epoch_and_the_jumps_of_its_learning_rate(run, marks):
    run.take_past(past([0.5, 0.3, 0.4, 0.6], [0.1, 0.1, 0.1, 0.01]), "val_loss")
    assert run.best == 2 and [row.epoch for row in run.rows] == [1, 2, 3, 4]
    assert [x for x, _ in marks.words()] == [2.0, 3.0]


def test_without_the_figure_it_is_judged_by_the_training_loss(run):
    history = History()
    history.epochs = [EpochRow(epoch=1, train_loss=0.2), EpochRow(epoch=2, train_loss=0.4)]
    run.take_past(history, "val_accuracy")
    assert run.best == 1


def test_an_epoch_moves_the_best_only_where_it_is_the_best(run, marks):
    run.add_epoch(EpochRow(epoch=1, val_loss=0.5), best=True)
    run.add_epoch(EpochRow(epoch=2, val_loss=0.9), best=False)
    assert run.best == 1 and [x for x, _ in marks.words()] == [1.0]


def test_a_fork_draws_its_past_unless_the_parent_is_seen(run, marks):
    assert run.fork(lambda label: True) is None
    run.leave("parent", 1.5)
    assert run.fork(lambda label: label == "parent") == Fork(1.5, past_is_drawn=False)
    assert run.fork(lambda label: False) == Fork(1.5, past_is_drawn=True)
    ((x, word),) = marks.words()
    assert x == 1.5 and "parent" in word


def test_changes_of_the_past_are_marked_in_place_of_the_jumps_they_made(run, marks):
    run.mark_changes([(30, "lr", 0.1, 0.01), (35, "epochs", 4, 6), (36, "epochs", 6, 5), (37, "schedule", 4, 6)])
    run.take_past(past([], [0.1, 0.1, 0.1, 0.01]), "val_loss")
    assert [x for x, _ in marks.words()] == [3.0, 3.5]


def test_a_fit_makes_it_a_regression(run):
    assert not run.is_regression and run.fit is None
    run.set_fit(((0.0, 1.0), (2.0, 3.0)))
    assert run.is_regression and run.fit == ((0.0, 1.0), (2.0, 3.0))
