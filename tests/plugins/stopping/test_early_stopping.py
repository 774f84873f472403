from __future__ import annotations

import random

import pytest

from engine.strategy import Progress
from plugins.stopping.early_stopping import EarlyStopping
from tests.plugins.bench import config, history


def first_stop(values: list[float | None], rising: bool, patience: int, min_delta: float) -> int | None:
    """How many epochs are done when a straightforward loop, as one writes it by hand, breaks off."""
    best = float("-inf") if rising else float("inf")
    since_best = 0
    for epoch, value in enumerate(values, 1):
        if value is None:
            continue
        better = value > best + min_delta if rising else value < best - min_delta
        if better:
            best = value
            since_best = 0
        else:
            since_best += 1
        if since_best == patience:
            return epoch
    return None


def ours(stopping: EarlyStopping, values: list[float | None], marks: tuple[int, ...], start: int) -> int | None:
    """The first epoch after which it gives a reason, asked after every epoch from `start` on, as a run does."""
    for epoch in range(start + 1, len(values) + 1):
        record = history(marks=marks, **{stopping.monitor: values[:epoch]})
        reason = stopping.reason(Progress(epoch, epoch * 3, 60, 3, 0.1), record)
        if reason is not None:
            assert reason.code == "early-stopping"
            assert (reason.values["epoch"], reason.values["saved"]) == (epoch, 60 - epoch)
            assert reason.values["patience"] == stopping.patience
            return epoch
    return None


def a_case(seed: int):
    numbers = random.Random(seed)
    monitor = numbers.choice(["val_loss", "val_accuracy", "train_loss", "train_accuracy"])
    rising = monitor.endswith("accuracy")
    value, values = numbers.uniform(0, 2), []
    drift = numbers.choice([-0.05, -0.02, 0.0, 0.01]) * (-1 if rising else 1)
    for _ in range(60):
        value += drift + numbers.choice([0.0, 0.0, numbers.gauss(0, 0.1)])
        values.append(None if numbers.random() < 0.05 else round(value, 2))
    patience = numbers.choice([1, 2, 3, 5, 8, 15])
    min_delta = numbers.choice([0.0, 0.0, 0.01, 0.05, 0.5])
    mark = numbers.choice([0, 0, 7, 20])
    return monitor, rising, values, patience, min_delta, mark


@pytest.mark.parametrize("seed", range(200))
def test_stops_where_a_loop_written_by_hand_stops(seed):
    monitor, rising, values, patience, min_delta, mark = a_case(seed)
    expected = first_stop(values[mark:], rising, patience, min_delta)
    stopping = EarlyStopping(monitor=monitor, patience=patience, min_delta=min_delta)
    # Marks before the last one don't matter; a run that goes on is judged by what came after it alone.
    marks = (min(3, mark), mark) if mark else ()
    assert ours(stopping, values, marks, mark) == (None if expected is None else expected + mark)


def test_the_random_records_stop_early_late_and_never():
    ends = []
    for seed in range(200):
        _, rising, values, patience, min_delta, mark = a_case(seed)
        ends.append(first_stop(values[mark:], rising, patience, min_delta))
    assert ends.count(None) >= 10
    assert sum(end is not None and end > 20 for end in ends) >= 20
    assert sum(end is not None and end <= 20 for end in ends) >= 20


def test_it_gives_its_reason_until_a_start_mark_is_made():
    stopping = EarlyStopping(patience=2)
    losses = [1.0, 1.1, 1.2, 1.3]
    progress = Progress(4, 12, 9, 3, 0.1)
    assert stopping.reason(progress, history(val_loss=losses)) is not None
    assert stopping.reason(progress, history(val_loss=losses, marks=(3,))) is None
    assert stopping.reason(progress, history(val_loss=losses, marks=(4,))) is None


def test_says_so_where_it_cannot_act():
    for patience, warned in ((4, False), (5, True)):
        stopping = EarlyStopping(patience=patience)
        advice = [(a.level, a.field) for a in stopping.advice(config(stopping, epochs=5))]
        assert advice == ([("warning", "patience")] if warned else [])
    losses = [1.0] * 5
    assert ours(EarlyStopping(patience=4), losses, (), 0) == 5
    assert ours(EarlyStopping(patience=5), losses, (), 0) is None
