from __future__ import annotations

import random

import pytest

from engine.strategy import DataSpec, Progress
from engine.trainer import Trainer
from plugins.stopping.target_reached import TargetReached
from tests.plugins.bench import config, history, run


def first_stop(stopping: TargetReached, values: list[float | None]) -> int | None:
    """The first epoch after which it gives a reason, asked after every one."""
    for epoch in range(1, len(values) + 1):
        reason = stopping.reason(Progress(epoch, epoch * 3, 60, 3, 0.1), history(**{stopping.monitor: values[:epoch]}))
        if reason is not None:
            assert (reason.code, reason.values["epoch"]) == ("target-reached", epoch)
            assert reason.values["value"] == values[epoch - 1]
            return epoch
    return None


@pytest.mark.parametrize("monitor", ["val_loss", "val_accuracy", "train_loss", "train_accuracy"])
@pytest.mark.parametrize("seed", range(10))
def test_stops_after_the_first_epoch_that_is_good_enough(monitor, seed):
    numbers = random.Random(seed)
    values = [None if numbers.random() < 0.1 else round(numbers.random(), 2) for _ in range(40)]
    target = numbers.choice([0.0, 0.05, 0.5, 0.95, 1.0, *[value for value in values if value is not None]])
    rising = monitor.endswith("accuracy")
    good = [v is not None and (v >= target if rising else v <= target) for v in values]
    expected = good.index(True) + 1 if True in good else None
    assert first_stop(TargetReached(monitor=monitor, target=target), values) == expected


def test_says_what_was_reached():
    reason = TargetReached(target=0.9).reason(Progress(3, 9, 20, 3, 0.1), history(val_accuracy=[0.5, 0.8, 0.912]))
    assert str(reason) == "stopped after epoch 3 of 20: val_accuracy is 0.912, the target 0.9"


def test_judges_the_last_epoch_since_the_start_alone():
    stopping = TargetReached(target=0.9)
    assert stopping.reason(Progress(2, 6, 20, 3, 0.1), history(val_accuracy=[0.95, 0.8])) is None
    assert stopping.reason(Progress(2, 6, 20, 3, 0.1), history(val_accuracy=[0.8, 0.95])) is not None
    assert stopping.reason(Progress(2, 6, 20, 3, 0.1), history(val_accuracy=[0.8, 0.95], marks=(2,))) is None
    assert stopping.reason(Progress(0, 0, 20, 3, 0.1), history()) is None


def test_ends_a_run_at_its_target_and_not_before():
    free = Trainer(config(epochs=6))
    run(free)
    losses = free.history.column("train_loss")
    assert losses[3] == min(losses[:4]) < min(losses[:3])
    trainer = Trainer(config(TargetReached(monitor="train_loss", target=losses[3]), epochs=6))
    finished = run(trainer)[-1]
    assert (finished.reason.code, finished.epochs, finished.stopped) == ("target-reached", 4, False)
    assert trainer.history.column("train_loss") == losses[:4]


@pytest.mark.parametrize(
    ("values", "data", "expected"),
    [
        ({}, None, None),
        ({"target": 1.0}, None, None),
        ({"target": 90.0}, None, ("target-above-one", "target")),
        ({"monitor": "val_loss", "target": 90.0}, None, None),
        ({}, DataSpec((1, 8, 8), 3, samples=(9, 0, 9)), ("no-validation", "monitor")),
        ({"monitor": "train_accuracy"}, DataSpec((1, 8, 8), 3, samples=(9, 0, 9)), None),
        ({}, DataSpec((5,), 1, "regression", samples=(9, 9, 9)), ("no-accuracy", "monitor")),
        ({"monitor": "val_loss"}, DataSpec((5,), 1, "regression", samples=(9, 9, 9)), None),
    ],
)
def test_says_so_where_the_target_can_never_be_reached(values, data, expected):
    advice = [(a.level, a.text.code, a.field) for a in TargetReached(**values).advice(config(), data)]
    assert advice == ([("warning", *expected)] if expected else [])
