"""Whether two samples come from one distribution: the test of Kolmogorov and Smirnov, for parameters that are drawn."""

from __future__ import annotations

import math

import numpy as np

DRAWS = 10_000
"""Draws of each of the two samples."""


def kolmogorov_smirnov(one: np.ndarray, other: np.ndarray) -> float:
    """The greatest distance between the distribution functions of two samples."""
    points = np.union1d(one, other)
    return float(
        np.abs(
            np.searchsorted(np.sort(one), points, side="right") / len(one)
            - np.searchsorted(np.sort(other), points, side="right") / len(other)
        ).max()
    )


def critical_distance(count: int, comparisons: int, level: float = 0.01) -> float:
    """The distance that samples of `count` each exceed in one of so many comparisons with probability `level`."""
    return math.sqrt(-math.log(level / comparisons / 2) / 2) * math.sqrt(2 / count)


def unlike(ours: dict[str, np.ndarray], theirs: dict[str, np.ndarray], comparisons: int) -> dict[str, float]:
    """The quantities whose samples don't come from one distribution, with their distances.

    Of so many comparisons of samples that do, one errs with a probability of 1 %.
    """
    assert ours.keys() == theirs.keys()
    assert {len(sample) for sample in (*ours.values(), *theirs.values())} == {DRAWS}
    distances = {name: kolmogorov_smirnov(ours[name], theirs[name]) for name in ours}
    limit = critical_distance(DRAWS, comparisons)
    return {name: distance for name, distance in distances.items() if distance > limit}
