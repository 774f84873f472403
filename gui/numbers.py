"""Figures in words: the same figure looks the same everywhere in the window. What does not apply is a dash."""

from __future__ import annotations

import math

NONE = "–"


def loss(value: float | None) -> str:
    """A loss with three significant figures: `0.284`, `2.30`, `12,300`, `4.10e-06`."""
    if value is None or math.isnan(value):
        return NONE
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    rounded = float(f"{value:.3g}")
    if 1_000 <= abs(rounded) < 1_000_000:
        return f"{rounded:,.0f}"
    if rounded and not 0.001 <= abs(rounded) < 1_000_000:
        return f"{rounded:.2e}"
    return f"{rounded:#.3g}".removesuffix(".")


def percent(fraction: float | None) -> str:
    """A fraction of 1 in per cent with one decimal: `89.2 %`."""
    return NONE if fraction is None or not math.isfinite(fraction) else f"{100 * fraction:.1f} %"


def learning_rate(value: float | None) -> str:
    """A learning rate with at most three significant figures: `0.001`, `5e-05`."""
    return NONE if value is None or not math.isfinite(value) else f"{value:.3g}"


def factor(value: float) -> str:
    """A factor: `×0.1`."""
    return f"×{value:.3g}"


def duration(seconds: float | None) -> str:
    """A time as `m:ss`, or as `h:mm:ss` from one hour on; seconds are rounded down."""
    if seconds is None or not math.isfinite(seconds):
        return NONE
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def count(value: float | None) -> str:
    """A whole number with separators: `41,200`."""
    return NONE if value is None or not math.isfinite(value) else f"{round(value):,}"


def rate(per_second: float | None, unit: str = "images/s") -> str:
    """So many a second, rounded to three significant figures so that it does not flicker: `41,200 images/s`."""
    if per_second is None or not math.isfinite(per_second):
        return NONE
    rounded = float(f"{per_second:.3g}")
    figures = f"{rounded:,.0f}" if rounded >= 100 else f"{rounded:.3g}"
    return f"{figures} {unit}"
