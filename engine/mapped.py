"""Samples in a file, read as they are used: there may be more of them than memory."""

from __future__ import annotations

import contextlib
import math
import mmap
from pathlib import Path

import torch
from torch import Tensor

from engine.lock import share

GIVEN_BACK = 2**25
"""Once so many bytes were read, they are given back to the system."""
AROUND = 2**16
"""Bytes that come into the process with each sample at least, where the system has them in memory already."""


class Mapped:
    """uint8 samples `[N, ...]` that lie one after another in a file: of a tensor's methods those that a part needs.

    What is written into them stays in this process, and does not last. What was read is given back to the system now
    and then, which keeps of it what there is room for: so who reads all of it needs no memory of its size.
    As long as they are used, the file is locked, together with others who read it.
    """

    dtype = torch.uint8

    def __init__(self, path: Path, shape: tuple[int, ...]) -> None:
        """Raises `OSError` where the file can't be read, or is too short."""
        size = math.prod(shape)
        with open(path, "rb") as file:
            with contextlib.suppress(OSError):  # the disk knows no locks; all that is lost is that others can see it
                share(file.fileno())
            try:
                self._map = mmap.mmap(file.fileno(), size, access=mmap.ACCESS_COPY)
            except ValueError as error:
                raise OSError(str(error)) from None
        self.shape = torch.Size(shape)
        self.ndim = len(shape)
        self._bytes = size // shape[0]
        self._all = torch.frombuffer(self._map, dtype=torch.uint8, count=size).view(shape)
        self._read = 0

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice) -> Tensor:
        """These samples, one after another: not copied."""
        some = self._all[rows]
        self._count(len(some) * self._bytes)
        return some

    def index_select(self, dimension: int, rows: Tensor) -> Tensor:
        """The samples in these rows (int64 `[B]`), copied; `dimension` is 0."""
        self._announce(rows)
        return self._all.index_select(dimension, rows)

    def _announce(self, rows: Tensor) -> None:
        """Tell the system what will be read, in the order of the file: a disk then need not wait for each in turn."""
        ordered = rows.sort().values.tolist()
        span = (ordered[-1] - ordered[0] + 1) * self._bytes if ordered else 0
        self._count(min(span, len(ordered) * (self._bytes + AROUND)))
        if not hasattr(mmap, "MADV_WILLNEED"):
            return
        for row in ordered:
            start = row * self._bytes
            page = start - start % mmap.PAGESIZE
            self._map.madvise(mmap.MADV_WILLNEED, page, start + self._bytes - page)

    def _count(self, mapped: int) -> None:
        self._read += mapped
        if self._read > GIVEN_BACK and hasattr(mmap, "MADV_DONTNEED"):
            self._map.madvise(mmap.MADV_DONTNEED)
            self._read = 0
