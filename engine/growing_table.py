"""A table that grows by rows for as long as a run lasts, without a pause."""

from __future__ import annotations

import numpy as np


class GrowingTable:
    """Rows of so many columns, float64. To add a row costs the same however many there are.

    The rows lie in a buffer, and in one twice as large as soon as it is full. They are copied there a few at a time,
    while rows are added: a million at once would let a window stand still for a tenth of a second.
    """

    def __init__(self, columns: int) -> None:
        self._buffer = np.empty((columns, 1024))
        self._next = np.empty((columns, 2048))
        self._copied = 0
        self.count = 0

    def __len__(self) -> int:
        return self.count

    def add(self, block: np.ndarray) -> None:
        """Append `block`, an array `[columns, rows]`."""
        rows = block.shape[1]
        while self.count + rows > self._buffer.shape[1]:
            self._copy(self.count)
            self._buffer, self._copied = self._next, 0
            self._next = np.empty((len(self._buffer), 2 * self._buffer.shape[1]))
        self._buffer[:, self.count : self.count + rows] = block
        self.count += rows
        # Two for each that is added: of a buffer that was half full all are copied when it is full.
        self._copy(min(self.count, self._copied + 2 * rows))

    def _copy(self, end: int) -> None:
        self._next[:, self._copied : end] = self._buffer[:, self._copied : end]
        self._copied = end

    def column(self, index: int) -> np.ndarray:
        """One column, as a view that is valid until the next row is added. Not to be changed."""
        return self._buffer[index, : self.count]

    def replace(self, index: int, values: np.ndarray) -> None:
        """Give all rows other values in one column."""
        self._buffer[index, : self.count] = values
        self._next[index, : self._copied] = values[: self._copied]

    def rows(self) -> np.ndarray:
        """All rows, `[rows, columns]`, as a view that is valid until the next row is added. Not to be changed."""
        return self._buffer[:, : self.count].T
