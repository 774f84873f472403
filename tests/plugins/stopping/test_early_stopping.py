from __future__ import annotations

import random

import pytest

from engine.history import EpochRow, History
from engine.strategy import DataSpec, Progress
from engine.trainer import Trainer
from plugins.stopping.early_stopping import EarlyStopping
from tests.plugins.bench import config, history, run, strategy


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
            best = reason.values["best_epoch"]
            values_since = [value for value in values[start:epoch] if value is not None]
            assert values[best - 1] in values_since
            assert sum(value is not None for value in values[best:epoch]) == stopping.patience
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
    mode = numbers.choice(["auto", "auto", "min", "max"])
    rising = mode == "max" or (mode == "auto" and rising)
    return monitor, mode, rising, values, patience, min_delta, mark


@pytest.mark.parametrize("seed", range(200))
def test_stops_where_a_loop_written_by_hand_stops(seed):
    monitor, mode, rising, values, patience, min_delta, mark = a_case(seed)
    expected = first_stop(values[mark:], rising, patience, min_delta)
    stopping = EarlyStopping(monitor=monitor, mode=mode, patience=patience, min_delta=min_delta)
    # Marks before the last one don't matter; a run that goes on is judged by what came after it alone.
    marks = (min(3, mark), mark) if mark else ()
    assert ours(stopping, values, marks, mark) == (None if expected is None else expected + mark)


def test_the_random_records_stop_early_late_and_never():
    ends = []
    for seed in range(200):
        _, _, rising, values, patience, min_delta, mark = a_case(seed)
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
    for epochs in range(1, 8):
        for patience in range(1, 9):
            stopping = EarlyStopping(patience=patience)
            advice = [(a.level, a.field) for a in stopping.advice(config(stopping, epochs=epochs))]
            end = ours(stopping, [1.0] * epochs, (), 0)
            acts = end is not None and end < epochs  # after the last epoch all are done anyway
            assert advice == ([] if acts else [("warning", "patience")])


@pytest.mark.parametrize(
    ("monitor", "mode", "warned"),
    [
        ("val_loss", "auto", False),
        ("val_accuracy", "auto", False),
        ("train_loss", "min", False),
        ("train_accuracy", "max", False),
        ("val_accuracy", "min", True),
        ("val_loss", "max", True),
    ],
)
def test_says_so_where_the_mode_does_not_fit(monitor, mode, warned):
    stopping = EarlyStopping(monitor=monitor, mode=mode, patience=2)
    advice = [(a.level, a.text.code, a.field) for a in stopping.advice(config(epochs=9))]
    assert advice == ([("warning", "wrong-mode", "mode")] if warned else [])
    assert all("choose auto" in str(a.text) for a in stopping.advice(config(epochs=9)))
    better = [0.5, 0.6, 0.7, 0.8] if monitor.endswith("accuracy") else [0.8, 0.7, 0.6, 0.5]
    assert (ours(stopping, better, (), 0) is not None) is warned, "figures that do nothing but improve"


def test_says_so_where_a_regression_has_no_accuracy_to_watch():
    for task, codes in (("regression", ["no-accuracy"]), ("classification", [])):
        data = DataSpec((5,), 1, task, samples=(10, 10, 10))
        advice = EarlyStopping(monitor="val_accuracy").advice(config(epochs=9), data)
        assert [a.text.code for a in advice] == codes
        assert list(EarlyStopping().advice(config(epochs=9), data)) == []


def last_words(seconds: list[tuple[float | None, float | None]], epochs: int) -> str:
    """What it says at the end of a run whose epochs took so long to train and to evaluate."""
    record = History()
    for number, (train, evaluation) in enumerate(seconds, 1):
        record.add_epoch(EpochRow(number, val_loss=1.0, train_seconds=train, val_seconds=evaluation))
    stopping = EarlyStopping(patience=len(seconds) - 1)
    return str(stopping.reason(Progress(len(seconds), 0, epochs, 1, 0.1), record))


def test_says_how_many_epochs_and_how_much_time_it_saved():
    words = last_words([(0.25, 0.05)] * 14 + [(0.5, 0.2)] * 14, epochs=40)
    assert words == (
        "stopped early after epoch 28: no better val_loss since epoch 1; 12 of 40 epochs, about 0:06, saved"
    )


@pytest.mark.parametrize(
    ("seconds", "epochs", "time"),
    [
        ([(1.0, 0.5)] * 4, 4, "0:00"),
        ([(1.0, 0.5)] * 4, 5, "0:02"),
        ([(20.0, 10.0)] * 4, 8, "2:00"),
        ([(60.0, 40.0)] * 4, 48, "1:13:20"),
        ([(3599.0, 0.9)] * 4, 5, "1:00:00"),
        ([(None, None), (3.0, None), (None, 1.0), (5.0, 0.0)], 14, "0:30"),
        ([(None, None)] * 4, 14, "?"),
    ],
)
def test_the_time_saved_is_that_of_as_many_mean_epochs(seconds, epochs, time):
    assert last_words(seconds, epochs).endswith(f"; {epochs - 4} of {epochs} epochs, about {time}, saved")


def test_a_run_says_what_it_saved_by_its_own_clock():
    trainer = Trainer(config(EarlyStopping(patience=1), strategy("tanh"), epochs=30, lr=0.3))
    reason = run(trainer)[-1].reason
    rows = trainer.history.epochs
    assert reason.code == "early-stopping"
    per_epoch = sum(row.train_seconds + row.val_seconds for row in rows) / len(rows)
    saved = round((30 - len(rows)) * per_epoch)
    assert reason.values["time"] == f"{saved // 60}:{saved % 60:02}"
