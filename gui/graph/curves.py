"""The arithmetic behind curves: smoothing, thinning to pixels, and a sensible range."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

Range = tuple[float, float]


class Smoothing:
    """An exponential moving average, corrected for its start at zero, as Adam corrects its moments."""

    def __init__(self, weight: float) -> None:
        self.weight = weight
        """What is kept of the average at each step, from 0 (nothing is smoothed) to below 1."""
        self._average = 0.0
        self._count = 0

    def add(self, values: np.ndarray) -> np.ndarray:
        """The smoothed values that belong to the next values."""
        if not len(values):
            return values
        averages = moving_average(values, self.weight, self._average)
        self._average = float(averages[-1])
        steps = np.arange(self._count + 1, min(self._count + len(values), self._last_corrected()) + 1)
        averages[: len(steps)] /= 1 - self.weight**steps
        self._count += len(values)
        return averages

    def _last_corrected(self) -> int:
        """The step after which the start at zero is below a float's precision: powers of a million steps are slow."""
        return math.ceil(-40 / math.log(self.weight)) if self.weight > 0 else 0


def moving_average(values: np.ndarray, weight: float, start: float = 0.0) -> np.ndarray:
    """`average = weight × average + (1 - weight) × value`, for each value in turn.

    A recursion can't be written as one array operation. So the values are cut into about √n blocks of √n, all
    blocks take each step together as if they began at zero, and what a block inherits is added afterwards.
    """
    length = max(1, math.isqrt(len(values)))
    blocks = -(-len(values) // length)
    padded = np.zeros(blocks * length)
    padded[: len(values)] = values
    steps = np.ascontiguousarray(padded.reshape(blocks, length).T) * (1 - weight)
    for index in range(1, length):
        steps[index] += weight * steps[index - 1]
    inherited = np.empty(blocks)
    for block, last in enumerate(steps[-1].tolist()):
        inherited[block] = start
        start = last + weight**length * start
    steps += np.outer(weight ** np.arange(1, length + 1), inherited)
    return steps.T.ravel()[: len(values)]


def visible(x: np.ndarray, view: Range) -> slice:
    """The rows within the view, and one more on either side so that lines reach its edges; `x` is ascending."""
    first, last = np.searchsorted(x, view)
    return slice(max(0, int(first) - 1), min(len(x), int(last) + 1))


def block_size(count: int, limit: int) -> int:
    """How many neighbours to draw as one so that at most `limit` blocks remain: a power of two.

    With powers of two, blocks keep their edges while points are added, so that a curve does not shimmer.
    """
    return 1 if count <= limit else 2 ** math.ceil(math.log2(count / limit))


def peaks(x: np.ndarray, y: np.ndarray, rows: slice, limit: int) -> tuple[np.ndarray, np.ndarray]:
    """Two points for each block of neighbours, its least and its greatest value: thin, yet no spike is lost."""
    size = block_size(rows.stop - rows.start, limit)
    if size == 1:
        return x[rows], y[rows]
    first = rows.start - rows.start % size
    whole = (rows.stop - first) // size
    end = first + whole * size
    blocks = y[first:end].reshape(whole, size)
    low, high = blocks.min(axis=1), blocks.max(axis=1)
    start_x, middle_x = x[first:end:size], x[first + size // 2 : end : size]
    if end < rows.stop:
        low, high = np.append(low, y[end : rows.stop].min()), np.append(high, y[end : rows.stop].max())
        start_x, middle_x = np.append(start_x, x[end]), np.append(middle_x, x[rows.stop - 1])
    return np.stack([start_x, middle_x], axis=1).ravel(), np.stack([low, high], axis=1).ravel()


def thinned(x: np.ndarray, y: np.ndarray, rows: slice, limit: int) -> tuple[np.ndarray, np.ndarray]:
    """Every so-manieth point and the last one, for a curve without spikes."""
    size = block_size(rows.stop - rows.start, limit)
    first = rows.start - rows.start % size
    if size == 1:
        return x[rows], y[rows]
    return np.append(x[first : rows.stop : size], x[rows.stop - 1]), np.append(
        y[first : rows.stop : size], y[rows.stop - 1]
    )


def stairs(x: np.ndarray, y: np.ndarray, start: float) -> tuple[np.ndarray, np.ndarray]:
    """The corners of steps: each value holds from the x before it (at first `start`) to its own."""
    turns = np.append(np.flatnonzero(np.diff(y)), len(y) - 1) if len(y) else slice(0)
    x, y = x[turns], y[turns]
    edges = np.concatenate([[start], x])
    return np.repeat(edges, 2)[1:-1], np.repeat(y, 2)


def split_at(x: np.ndarray, y: np.ndarray, at: float) -> tuple[tuple[np.ndarray, np.ndarray], ...]:
    """The points up to this x and those from it on, for an ascending x; both parts have the point of the cut itself."""
    if not len(x) or at <= x[0]:
        return (x[:0], y[:0]), (x, y)
    if at >= x[-1]:
        return (x, y), (x[:0], y[:0]) if at > x[-1] else (x[-1:], y[-1:])
    before, after = np.searchsorted(x, at, "left"), np.searchsorted(x, at, "right")
    cut = np.array([np.interp(at, x, y)]) if before == after else y[:0]
    middle = np.full(len(cut), at)
    return (
        (np.append(x[:after], middle), np.append(y[:after], cut)),
        (np.append(middle, x[before:]), np.append(cut, y[before:])),
    )


def core_range(values: np.ndarray, keep_late: bool = True) -> Range | None:
    """From the least to the greatest value, without outliers; None where there are no values.

    An outlier lies more than three interquartile ranges outside the quartiles. With `keep_late` only the first
    third can have outliers: a loss that grows at the end is what has to be seen.
    """
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    low, high = float(values.min()), float(values.max())
    if len(values) < 6:
        return low, high
    first, third = np.percentile(values, (25, 75))
    reach = 3 * (third - first)
    core = values[len(values) // 3 :] if keep_late else values[:0]
    low = max(low, min(float(first - reach), core.min(initial=math.inf)))
    high = min(high, max(float(third + reach), core.max(initial=-math.inf)))
    return low, high


def union(ranges: Iterable[Range | None]) -> Range | None:
    """The least range that holds all of these; None where there are none."""
    known = [span for span in ranges if span is not None]
    return (min(low for low, _ in known), max(high for _, high in known)) if known else None


def fitted(shown: Range | None, data: Range, room_above: float = 0.0) -> Range:
    """The range to show for data: the one that is shown, as long as it holds the data and is not too wide.

    `room_above` is the fraction of the height to leave free at the top.
    """
    span = (data[1] - data[0]) or abs(data[1]) or 1.0
    room_above = min(room_above, 0.5)
    low = data[0] - 0.05 * span
    height = 1.13 * span / (1 - room_above)
    if shown is not None:
        free = (shown[1] - data[1]) / (shown[1] - shown[0])
        if shown[0] <= data[0] and free >= room_above and shown[1] - shown[0] < 1.3 * height:
            return shown
    return low, low + height
