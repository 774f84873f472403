"""Ratios of two speeds, measured in alternating pairs: their median, and how low it may truly lie."""

from __future__ import annotations

import random
import statistics
from collections.abc import Sequence


def lower_bound(ratios: Sequence[float]) -> float:
    """The 95 % lower bound of the median, by 2,000 bootstrap samples (Efron 1979)."""
    draws = random.Random(0)
    medians = sorted(statistics.median(draws.choices(ratios, k=len(ratios))) for _ in range(2000))
    return medians[100]


def in_words(ratios: Sequence[float]) -> str:
    """Median, lower bound and spread."""
    middle, low = statistics.median(ratios), lower_bound(ratios)
    return (
        f"median {middle:.3f}, 95 % lower bound {low:.3f}, {min(ratios):.3f} to {max(ratios):.3f}, {len(ratios)} pairs"
    )
