"""Wider and narrower networks: what a model can do against learning too little or too much."""

from __future__ import annotations

MOST = 4_096
"""A width beyond which more is hardly ever what helps."""


def wider(widths: tuple[int, ...], least: int) -> tuple[int, ...]:
    """Twice as wide, and at least `least`; as they are from `MOST` on."""
    return tuple(width if width >= MOST else min(MOST, max(least, 2 * width)) for width in widths)


def narrower(widths: tuple[int, ...]) -> tuple[int, ...]:
    """Half as wide."""
    return tuple(max(1, width // 2) for width in widths)
