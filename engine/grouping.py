"""Groups of samples that belong together, as a number for each sample."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


def join(parents: Ints, pairs: Ints) -> None:
    """Make one group of the groups of each pair, in place. A group's number is the least row in it, as it was before.

    Minimum labels spread along the pairs, and each row then takes the label of its label, until nothing changes.
    """
    while True:
        ends = parents[pairs]
        ends = ends[ends[:, 0] != ends[:, 1]]
        if not len(ends):
            return
        np.minimum.at(parents, ends.max(1), ends.min(1))
        while not np.array_equal(parents, shorter := parents[parents]):
            parents[:] = shorter


def firsts(numbers: Ints) -> Ints:
    """For each sample the row of the first one of its group, int64 `[N]`, from any numbers of groups `[N]`."""
    _, first, group = np.unique(numbers, return_index=True, return_inverse=True)
    return np.asarray(first[group], np.int64)


def joined(*groupings: Ints) -> Ints:
    """Groups of samples that any of these groupings, each int64 `[N]`, joins, directly or by way of others."""
    parents = np.arange(len(groupings[0]))
    for numbers in groupings:
        join(parents, np.stack([np.arange(len(numbers)), firsts(numbers)], 1))
    return parents
