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
