"""What twice the data would bring: planted laws are found again, the interval covers, and what is no law is none."""

from __future__ import annotations

import numpy as np
import pytest

from engine.message import Message
from engine.sweeps.power_law import extrapolate

SHARES = (5, 10, 25, 50, 100)


def planted(a, b, c, noise, seed, runs=3, shares=SHARES):
    """Accuracies of runs by a law, their luck the larger the further the error is from 0."""
    drawn = np.random.default_rng(seed)
    errors = {share: a + b * share**-c for share in shares}
    return {
        share: [1 - error - noise * (error / 0.3) ** 0.5 * luck for luck in drawn.standard_normal(runs)]
        for share, error in errors.items()
    }


@pytest.mark.parametrize(("a", "b", "c"), [(0.05, 0.6, 0.5), (0.0, 0.5, 0.25), (0.1, 0.8, 0.7), (0.02, 0.3, 0.1)])
@pytest.mark.parametrize("factor", [1, 540])
def test_a_planted_law_is_found_whatever_the_unit_of_the_amounts(a, b, c, factor):
    accuracies = {factor * share: values for share, values in planted(a, b, c, 1e-4, 1).items()}
    found = extrapolate(accuracies, factor * 200)
    assert found.accuracy == pytest.approx(1 - a - b * 200**-c, abs=1e-3)
    assert found.low <= found.accuracy <= found.high and found.high - found.low < 0.004


@pytest.mark.parametrize(("a", "b", "c"), [(0.05, 0.6, 0.5), (0.0, 0.5, 0.25), (0.12, 0.5, 0.4), (0.2, 0.0, 1.0)])
def test_the_interval_covers_and_is_of_use(a, b, c):
    """Of 24 made at 95 % fewer than 20 would cover once in a thousand times."""
    found = [extrapolate(planted(a, b, c, 0.005, seed), 200) for seed in range(24)]
    told = [each for each in found if not isinstance(each, Message)]
    truth = 1 - a - b * 200**-c
    assert len(told) >= 22
    assert sum(each.low - 1e-4 <= truth <= each.high + 1e-4 for each in told) >= len(told) - 4
    assert np.mean([each.high - each.low for each in told]) < 0.05


def test_more_runs_and_less_luck_make_it_narrower():
    def width(noise, runs):
        each = [extrapolate(planted(0.05, 0.6, 0.5, noise, seed, runs), 200) for seed in range(4)]
        return np.mean([found.high - found.low for found in each])

    assert width(0.002, 3) < width(0.006, 3) and width(0.006, 12) < width(0.006, 3)


def dipping(seed):
    """More data is worse in the middle."""
    accuracies = planted(0.05, 0.6, 0.5, 0.002, seed)
    return accuracies | {25: [value - 0.1 for value in accuracies[25]]}


@pytest.mark.parametrize(
    ("accuracies", "code"),
    [
        ({share: [0.9 - 0.003 * share, 0.9 - 0.003 * share + 0.002] for share in SHARES}, "no-power-law"),
        (dipping(0), "no-power-law"),
        (planted(0.05, 0.6, 0.5, 0.002, 0, shares=(10, 50, 100)), "few-amounts"),
        (planted(0.05, 0.6, 0.5, 0.002, 0, runs=1), "one-seed"),
        ({share: [0.9 - 0.5 / share] * 3 for share in SHARES}, "no-noise"),
        (planted(0.3, 0.2, 0.5, 0.15, 3), "too-uncertain"),
        ({}, "few-amounts"),
    ],
)
def test_where_it_cannot_be_told_the_reason_is(accuracies, code):
    found = extrapolate(accuracies, 200)
    assert isinstance(found, Message) and found.code == code


@pytest.mark.parametrize("value", [1.0, 0.0, 0.1])
def test_figures_at_the_ends_are_no_trouble(value):
    drawn = np.random.default_rng(0)
    accuracies = {share: np.clip(value + 0.002 * drawn.standard_normal(3), 0, 1).tolist() for share in SHARES}
    found = extrapolate(accuracies, 200)
    assert isinstance(found, Message) or 0 <= found.low <= found.high <= 1
