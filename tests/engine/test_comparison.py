"""What runs came to, side by side, and over seeds."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.comparison import Compared, compare, figure, repetitions
from engine.history import EpochRow
from engine.seed_noise import mean_difference, spread


def row(epoch, val_loss=0.5, accuracy=0.8, clean=0.4, **others):
    return EpochRow(epoch, 0.45, 0.82, clean, 0.84, val_loss, accuracy, 1e-3, 2.0, 100, 0.5)._replace(**others)


def course(*losses, **others):
    return [row(epoch, loss, **others) for epoch, loss in enumerate(losses, 1)]


@pytest.fixture
def seeds(tiny):
    """Makes one run for each course of the validation loss, with seeds from 0 on."""

    def make(*courses, **values):
        return [
            Compared(f"run {seed}", tiny(seed=seed, **values), course(*losses), title="MLP")
            for seed, losses in enumerate(courses)
        ]

    return make


def test_best_last_and_gap_are_those_of_the_run(tiny):
    run = Compared("a", tiny(), course(0.9, 0.4, 0.6, clean=0.25))
    assert (run.best.epoch, run.last.epoch) == (2, 3)
    assert run.gap == pytest.approx(0.35)
    assert run.seconds == pytest.approx(7.5)
    assert [run.outcome(name) for name in ("best_val_loss", "last_val_loss", "gap")] == [0.4, 0.6, run.gap]
    assert run.outcome("best_val_accuracy") == 0.8
    by_accuracy = [row(1, 0.3, 0.7), row(2, 0.9, 0.9)]
    assert Compared("a", tiny(), by_accuracy, "val_accuracy").outcome("best_val_loss") == 0.9


def test_what_does_not_apply_is_left_out(tiny):
    bare = Compared("a", tiny(), [EpochRow(1, 0.5), EpochRow(2, 0.3)])
    assert bare.best.epoch == 2
    assert bare.gap is None and bare.outcome("best_val_loss") is None
    empty = Compared("a", tiny(), [])
    assert empty.best is None and empty.last is None and empty.gap is None and empty.seconds == 0
    group = compare([bare, empty]).groups[0]
    assert group.spread("gap") is None
    assert group.band("gap").epochs.size == 0
    assert figure(None, "gap") is None


def test_runs_that_differ_in_the_seed_alone_are_one_group_in_the_order_of_seeds(tiny, seeds):
    first = seeds((0.5,), (0.6,), (0.7,))
    other = Compared("other", tiny(lr=0.5), course(0.4))
    found = compare([first[2], other, first[0], first[1]])
    assert [group.members for group in found.groups] == [(2, 3, 0), (1,)]
    assert [group.seeds for group in found.groups] == [(0, 1, 2), (0,)]
    assert [group.title for group in found.groups] == ["MLP", "other"]
    assert found.repeated == [found.groups[0]]
    assert [each.key for each in found.differences] == ["lr", "seed"]
    assert found.differences[1].values == (2, 0, 0, 1)
    assert [(each.key, each.values) for each in found.between_groups] == [("lr", (0.01, 0.5))]


def test_runs_that_are_not_finished_or_not_known_stand_alone(tiny):
    runs = [Compared("a", tiny(seed=1), course(0.5)), Compared("b", tiny(seed=2), course(0.5), finished=False)]
    assert [group.members for group in compare(runs).groups] == [(0,), (1,)]
    unknown = [Compared("a", None, course(0.5)), Compared("b", None, course(0.5))]
    assert [group.members for group in compare(unknown).groups] == [(0,), (1,)]
    assert compare(unknown).repeated == []


def test_a_seed_that_was_run_twice_counts_once(tiny):
    runs = [
        Compared(str(n), tiny(seed=seed), course(loss)) for n, (seed, loss) in enumerate([(0, 0.5), (0, 0.5), (1, 0.7)])
    ]
    group = compare(runs).groups[0]
    assert group.members == (0, 1, 2) and group.seeds == (0, 1)
    assert group.spread("best_val_loss") == spread([0.5, 0.7])
    assert compare(runs[:2]).repeated == []


def test_the_spread_of_a_group_is_over_its_runs(seeds):
    (group,) = compare(seeds((0.9, 0.5), (0.8, 0.6), (0.7, 0.9))).groups
    assert group.spread("best_val_loss") == spread([0.5, 0.6, 0.7])
    assert group.spread("last_val_loss") == spread([0.5, 0.6, 0.9])
    assert group.spread("gap").mean == pytest.approx((0.1 + 0.2 + 0.5) / 3)
    assert group.spread("test_accuracy") is None


def test_the_band_is_the_mean_over_the_epochs_that_all_have(seeds):
    (group,) = compare(seeds((0.9, 0.5, 0.4), (0.7, 0.7))).groups
    band = group.band("val_loss")
    assert band.epochs.tolist() == [1, 2]
    assert band.mean == pytest.approx([0.8, 0.6])
    assert band.deviation == pytest.approx([0.2 / math.sqrt(2), 0.2 / math.sqrt(2)])
    assert band.left_out == 1
    gap = group.band("gap")
    assert gap.mean == pytest.approx([0.4, 0.2])
    single = compare(seeds((0.9, 0.5))).groups[0].band("val_loss")
    assert single.deviation is None and single.mean.tolist() == [0.9, 0.5] and single.left_out == 0


def test_the_difference_of_two_groups_is_welchs(tiny, seeds):
    found = compare([*seeds((0.5,), (0.6,), (0.7,)), *seeds((0.1,), (0.2,), ticked=["dropout"])])
    without, dropout = found.groups
    assert dropout.less(without, "best_val_loss") == mean_difference(spread([0.1, 0.2]), spread([0.5, 0.6, 0.7]))
    assert dropout.less(without, "test_accuracy") is None
    single = compare([*seeds((0.5,), (0.6,)), Compared("b", tiny(lr=0.5), course(0.4))])
    assert single.groups[1].less(single.groups[0], "best_val_loss") is None


def test_repetitions_have_seeds_of_their_own(tiny):
    config = tiny(seed=1)
    others = [tiny(seed=2), tiny(seed=0, lr=0.5), tiny(seed=4, name="other")]
    found = repetitions(config, others, 3)
    assert [each.seed for each in found] == [0, 3, 5], "what differs otherwise takes no seed"
    assert [each.changed({"seed": 1}) for each in found] == [config] * 3


def test_ten_long_runs_are_compared_at_once(tiny):
    """No figure is timed here; that long records give the right numbers is what counts."""
    losses = np.random.default_rng(0).random((10, 500)).tolist()
    runs = [Compared(str(n), tiny(seed=n), course(*each)) for n, each in enumerate(losses)]
    band = compare(runs).groups[0].band("val_loss")
    assert np.allclose(band.mean, np.mean(losses, axis=0)) and np.allclose(
        band.deviation, np.std(losses, axis=0, ddof=1)
    )
