from __future__ import annotations

import numpy as np
import pytest

from gui.graph.curves import (
    Smoothing,
    block_size,
    core_range,
    fitted,
    moving_average,
    peaks,
    split_at,
    stairs,
    thinned,
    visible,
)
from gui.graph.run_curves import SMOOTH, LrJumps, RunCurves


def noise(count):
    return np.random.default_rng(0).normal(1.0, 0.2, count)


def by_hand(values, weight):
    average, result = 0.0, []
    for count, value in enumerate(values, 1):
        average = weight * average + (1 - weight) * value
        result.append(average / (1 - weight**count))
    return result


@pytest.mark.parametrize("weight", [0.0, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("count", [1, 2, 3, 10, 1000])
def test_smoothing_equals_the_recursion(weight, count):
    assert Smoothing(weight).add(noise(count)) == pytest.approx(by_hand(noise(count), weight))


def test_smoothing_in_pieces_equals_smoothing_at_once():
    values, smoothing = noise(1000), Smoothing(0.97)
    pieces = [smoothing.add(piece) for piece in np.split(values, [1, 2, 250, 251, 251, 900])]
    assert np.concatenate(pieces) == pytest.approx(Smoothing(0.97).add(values))


def test_smoothing_starts_at_the_first_value():
    assert Smoothing(0.99).add(np.full(5, 3.0)) == pytest.approx(np.full(5, 3.0))


def test_a_moving_average_goes_on_from_its_start():
    assert moving_average(np.zeros(2), 0.5, start=8.0) == pytest.approx([4.0, 2.0])


def test_another_weight_smooths_all_steps_anew_and_what_comes_after():
    run, other = RunCurves("a", 10, 0.9), RunCurves("b", 10, 0.5)
    rows = [(step, loss, 1e-3) for step, loss in enumerate(noise(50), 1)]
    run.add_steps(rows[:30])
    run.smooth(0.5)
    run.add_steps(rows[30:])
    other.add_steps(rows)
    assert run.steps.column(SMOOTH) == pytest.approx(other.steps.column(SMOOTH))


def test_steps_that_are_not_finite_are_left_out():
    run = RunCurves("a", 1)
    run.add_steps([(1, 1.0, 0.1), (2, float("nan"), 0.1), (3, 2.0, 0.1)])
    assert len(run.steps) == 2


def test_no_spike_is_lost_in_thinning():
    x, y = np.arange(100_000.0), noise(100_000)
    y[12_345], y[67_890] = 50.0, -50.0
    thin_x, thin_y = peaks(x, y, slice(0, len(x)), 500)
    assert len(thin_x) == len(thin_y) <= 1002
    assert (thin_y.max(), thin_y.min()) == (50.0, -50.0)
    assert np.all(np.diff(thin_x) >= 0)


def test_the_last_point_is_drawn_always():
    x, y = np.arange(1003.0), noise(1003)
    assert peaks(x, y, slice(0, 1003), 100)[0][-1] == 1002
    assert thinned(x, y, slice(0, 1003), 100)[0][-1] == 1002


def test_thinned_blocks_keep_their_edges_while_points_are_added():
    x, y = np.arange(2000.0), noise(2000)
    before, after = (peaks(x, y, slice(0, end), 100) for end in (1601, 1650))
    assert np.array_equal(before[1][:100], after[1][:100])


def test_a_few_points_are_drawn_as_they_are():
    x, y = np.arange(10.0), noise(10)
    assert np.array_equal(peaks(x, y, slice(0, 10), 100)[1], y)


@pytest.mark.parametrize(("count", "size"), [(0, 1), (100, 1), (101, 2), (200, 2), (201, 4)])
def test_blocks_are_powers_of_two(count, size):
    assert block_size(count, 100) == size


def test_a_line_reaches_the_edges_of_the_view():
    assert visible(np.arange(10.0), (2.5, 5.5)) == slice(2, 7)


def test_stairs_hold_each_value_up_to_its_x():
    x, y = stairs(np.array([1.0, 2.0, 3.0]), np.array([5.0, 5.0, 4.0]), 0.0)
    assert (x.tolist(), y.tolist()) == ([0, 2, 2, 3], [5, 5, 4, 4])


def test_an_early_outlier_does_not_squash_the_rest():
    assert core_range(np.array([90.0, 1.0, 0.9, 0.8, 0.8, 0.7, 0.7, 0.6, 0.6]))[1] < 3


def test_a_late_rise_is_what_has_to_be_seen():
    assert core_range(np.array([1.0, 0.9, 0.8, 0.8, 0.7, 0.7, 0.6, 0.6, 40.0]))[1] == 40


def test_a_late_spike_of_single_steps_is_an_outlier():
    values = noise(1000)
    values[900] = 1000.0
    assert core_range(values, keep_late=False)[1] < 3


def test_nothing_has_no_range():
    assert core_range(np.array([np.nan])) is None


def test_the_range_stays_while_it_holds_the_data():
    shown = fitted(None, (0.0, 1.0))
    assert fitted(shown, (0.0, 0.95)) == shown
    assert fitted(shown, (0.0, 1.5))[1] > 1.5
    assert fitted(shown, (0.0, 0.2))[1] < 0.3


def test_room_above_is_left_free():
    low, high = fitted(None, (0.0, 1.0), room_above=0.2)
    assert (high - 1.0) / (high - low) >= 0.2


@pytest.mark.parametrize(
    ("at", "before", "after"),
    [
        (2.0, ([1, 2], [10, 20]), ([2, 3], [20, 30])),
        (2.5, ([1, 2, 2.5], [10, 20, 25]), ([2.5, 3], [25, 30])),
        (1.0, ([], []), ([1, 2, 3], [10, 20, 30])),
        (0.5, ([], []), ([1, 2, 3], [10, 20, 30])),
        (3.0, ([1, 2, 3], [10, 20, 30]), ([3], [30])),
        (9.0, ([1, 2, 3], [10, 20, 30]), ([], [])),
    ],
)
def test_a_curve_is_cut_where_both_parts_meet(at, before, after):
    parts = split_at(np.array([1.0, 2.0, 3.0]), np.array([10.0, 20.0, 30.0]), at)
    assert [(x.tolist(), y.tolist()) for x, y in parts] == [before, after]


def test_nothing_is_cut_into_nothing():
    assert [len(x) for x, _ in split_at(np.empty(0), np.empty(0), 1.0)] == [0, 0]


def jumps(lrs, per_epoch=10):
    x = np.arange(1, len(lrs) + 1) / per_epoch
    return LrJumps().add(x, np.array(lrs), 1 / per_epoch)


def test_a_drop_after_a_plateau_is_a_jump_where_it_happens():
    assert jumps([1e-3] * 30 + [1e-4] * 5) == [(pytest.approx(3.0), pytest.approx(0.1))]


def test_a_drop_is_found_across_two_blocks_of_steps():
    watch = LrJumps()
    assert watch.add(np.arange(1, 31) / 10, np.full(30, 1e-3), 0.1) == []
    assert watch.add(np.arange(31, 41) / 10, np.full(10, 5e-4), 0.1) == [(pytest.approx(3.0), pytest.approx(0.5))]


def test_a_rate_that_follows_a_curve_has_no_jumps():
    cosine = 1e-3 * (1 + np.cos(np.linspace(0, np.pi, 100))) / 2
    assert jumps(cosine) == []
    assert jumps(np.repeat(cosine[::10], 10)) == []


def test_a_tiny_change_is_no_jump():
    assert jumps([1e-3] * 30 + [0.99e-3] * 5) == []


@pytest.mark.parametrize("stride", [1, 4])
def test_a_change_by_hand_is_no_jump_however_many_steps_are_kept(stride):
    run = RunCurves("a", 10)
    run.note_change(3.0)
    rows = [(step, 1.0, 1e-3 if step <= 30 else 1e-4 if step <= 60 else 1e-5) for step in range(1, 80)]
    found = run.add_steps(rows[stride - 1 :: stride])
    assert found == [(pytest.approx(6.0, abs=0.1 * stride), pytest.approx(0.1))]
