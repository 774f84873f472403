"""Boxes side by side that go on in the next line where there is no more room, like words."""

from __future__ import annotations

from collections.abc import Iterable


def flow(widths: Iterable[int], available: int, gap: int) -> list[tuple[int, int]]:
    """For each box, in order: its left edge, and its line counted from 0."""
    places: list[tuple[int, int]] = []
    left = line = 0
    for width in widths:
        if left and left + width > available:
            left, line = 0, line + 1
        places.append((left, line))
        left += width + gap
    return places
