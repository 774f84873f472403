from __future__ import annotations

import math
import random

import numpy as np
import pytest

from engine.history import (
    EPOCH_HEADER,
    MAX_KEPT_STEPS,
    STEP_HEADER,
    EpochRow,
    History,
    best_of,
    epoch_line,
    read_history,
    step_line,
)  # fmt: skip


def some_rows(count, seed=0):
    draw = random.Random(seed)

    def figure():
        return None if draw.random() < 0.2 else draw.uniform(0, 3) * 10 ** draw.randint(-12, 12)

    return [EpochRow(n, *(figure() for _ in range(7)), draw.uniform(0, 9), draw.randint(1, 10**6), draw.random())
            for n in range(1, count + 1)]  # fmt: skip


def write(folder, rows, steps=(), tail=""):
    (folder / "history.csv").write_text(EPOCH_HEADER + "".join(map(epoch_line, rows)) + tail)
    (folder / "steps.csv").write_text(STEP_HEADER + "".join(step_line(*step) for step in steps) + tail)


def test_the_columns_are_those_of_the_interface():
    assert EPOCH_HEADER == (
        "epoch,train_loss,train_accuracy,clean_train_loss,clean_train_accuracy,val_loss,val_accuracy,lr,"
        "train_seconds,train_samples,val_seconds\n"
    )
    assert STEP_HEADER == "step,loss,lr\n"


@pytest.mark.parametrize("seed", range(5))
def test_what_is_written_is_read_back_exactly(tmp_path, seed):
    draw = random.Random(seed)
    rows = some_rows(30, seed)
    steps = [(n, draw.uniform(0, 5) * 10 ** draw.randint(-300, 300), draw.random()) for n in range(1, 200)]
    write(tmp_path, rows, steps)
    history = read_history(tmp_path)
    assert history.epochs == rows
    assert [tuple(row) for row in history.steps.tolist()] == steps
    assert all(type(row.epoch) is int and type(row.train_samples) is int for row in history.epochs)


def test_a_figure_that_does_not_apply_is_empty():
    assert epoch_line(EpochRow(3, 0.1, train_seconds=1.5, train_samples=7)) == "3,0.1,,,,,,,1.5,7,0.0\n"


def test_a_file_cut_short_at_any_byte_gives_its_whole_lines(tmp_path):
    rows, steps = some_rows(3), [(1, 0.5, 0.1), (2, 0.25, 0.1), (3, 1e-7, 0.1)]
    write(tmp_path, rows, steps)
    for name in ("history.csv", "steps.csv"):
        whole = (tmp_path / name).read_bytes()
        for cut in range(len(whole)):
            (tmp_path / name).write_bytes(whole[:cut])
            history = read_history(tmp_path)
            lines = max(0, whole[:cut].count(b"\n") - 1)
            found = history.epochs if name == "history.csv" else [tuple(step) for step in history.steps.tolist()]
            assert found == (rows if name == "history.csv" else steps)[:lines]
        (tmp_path / name).write_bytes(whole)


def test_no_files_and_foreign_files_give_an_empty_history(tmp_path):
    assert read_history(tmp_path).epochs == []
    (tmp_path / "history.csv").write_text("a,b\n1,2\n")
    (tmp_path / "steps.csv").write_bytes(b"step,loss,lr\n1,x,2\n")
    history = read_history(tmp_path)
    assert history.epochs == []
    assert len(history.steps) == 0


def test_steps_survive_growth_and_are_seen_as_added():
    history, expected = History(), []
    draw = random.Random(0)
    for _ in range(300):
        block = [(len(expected) + n + 1, draw.random(), draw.random()) for n in range(draw.randint(0, 40))]
        history.add_steps(block)
        expected += block
    assert [tuple(row) for row in history.steps.tolist()] == expected


def test_a_table_of_the_epochs_is_made_once_of_each_and_anew_where_they_are_others():
    class Counted(float):
        times = 0

        def __float__(self):
            Counted.times += 1
            return float.__float__(self)

    history = History()
    assert history.table().shape == (0, len(EpochRow._fields))
    for epoch in (1, 2, 3):
        history.add_epoch(EpochRow(epoch, val_loss=Counted(0.25), val_seconds=0.5))
        table = history.table()
    expected = [[epoch, *[math.nan] * 4, 0.25, *[math.nan] * 2, 0.0, 0.0, 0.5] for epoch in (1, 2, 3)]
    assert np.array_equal(table, expected, equal_nan=True)
    assert Counted.times == 3
    history.epochs = [EpochRow(1, val_loss=0.75)]
    assert history.table()[:, 5].tolist() == [0.75] and history.best("val_loss") == history.epochs[0]


@pytest.mark.parametrize("count", [0, 1, 19_999, 20_000, 20_001, 39_999, 50_000, 100_003])
def test_kept_steps_are_few_evenly_spread_and_end_near_the_last(count):
    history = History()
    steps = np.arange(1, count + 1, dtype=np.float64)
    history.add_steps(np.stack([steps, steps / 3, steps * 0 + 0.1], 1))
    kept = history.kept_steps()
    assert len(kept) <= MAX_KEPT_STEPS
    if count:
        assert len(kept) >= min(count, MAX_KEPT_STEPS // 2)
        assert len(set(np.diff(kept[:, 0]))) <= 1
        assert count - kept[-1, 0] < np.diff(kept[:2, 0]).max(initial=1)
    if 0 < count <= MAX_KEPT_STEPS:
        assert np.array_equal(kept, history.steps)


def test_thinning_what_was_thinned_gives_what_one_thinning_gives():
    steps = np.arange(1, 90_001, dtype=np.float64)
    rows = np.stack([steps, np.sin(steps), steps * 0 + 0.1], 1)
    once = History()
    once.add_steps(rows)
    for stops in ((30_000,), (20_001, 40_001), (10, 25_000, 50_000, 80_000)):
        resumed, begin = History(), 0
        for stop in (*stops, 90_000):
            resumed.add_steps(rows[begin:stop])
            kept = resumed.kept_steps().copy()
            resumed, begin = History(), stop
            resumed.add_steps(kept)
        assert np.array_equal(kept, once.kept_steps())


@pytest.mark.parametrize("seed", range(20))
def test_best_is_the_earliest_extreme_of_the_figures_there_are(seed):
    draw = random.Random(seed)
    history = History()
    for epoch in range(1, 15):
        value = draw.choice([None, 0.1, 0.2, 0.3])
        history.add_epoch(EpochRow(epoch, val_loss=value, val_accuracy=value))
    since = draw.randint(0, 10)
    for monitor in ("val_loss", "val_accuracy"):  # of rows that were read from a file it is the same one
        assert history.best(monitor, since) == best_of(history.epochs[since:], monitor)
    there = [row for row in history.epochs[since:] if row.val_loss is not None]
    if not there:
        assert history.best("val_loss", since) is None
        return
    low, high = min(row.val_loss for row in there), max(row.val_loss for row in there)
    assert history.best("val_loss", since) == next(row for row in there if row.val_loss == low)
    assert history.best("val_accuracy", since) == next(row for row in there if row.val_loss == high)


def test_a_judgement_sees_what_came_after_the_last_mark():
    history = History()
    for epoch in range(1, 6):
        history.add_epoch(EpochRow(epoch))
    assert [row.epoch for row in history.since_start()] == [1, 2, 3, 4, 5]
    history.marks += [2, 4]
    assert [row.epoch for row in history.since_start()] == [5]
    assert history.column("epoch") == [1, 2, 3, 4, 5]
