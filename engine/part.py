"""Some samples of a data set: a view of what its parts share, in memory or in a file."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from engine.mapped import Mapped

CHUNK_BYTES = 2**24
"""Of what is stored so many bytes are gone through at a time, about, to look at samples one after another."""


class Part:
    """Some samples: inputs uint8 `[N, C, H, W]` or float32 `[N, F]`, and targets int64 `[N]` or float32 `[N, K]`.

    A part may be a view: its inputs are then some rows of what several parts share, which may lie in a file. So nothing
    of the size of the data is copied. It is not changed once it is made.
    """

    def __init__(
        self, inputs: Tensor | Mapped, targets: Tensor, rows: Tensor | None = None, names: Sequence[str] = ()
    ) -> None:
        """The samples in these `rows` (int64 `[N]`) of the inputs, or all of them.

        `names` are those of the files that the inputs came from, one for each of the inputs, or none.
        """
        self.stored, self.targets, self.rows, self.names = inputs, targets, rows, names

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the inputs."""
        return (len(self.stored if self.rows is None else self.rows), *self.stored.shape[1:])

    @property
    def ndim(self) -> int:
        """Dimensions of the inputs."""
        return self.stored.ndim

    @property
    def dtype(self) -> torch.dtype:
        """Of the inputs."""
        return self.stored.dtype

    @property
    def device(self) -> torch.device:
        """Where the samples lie: rows that are asked for lie there too."""
        return self.targets.device

    @property
    def bytes(self) -> int:
        """What the inputs take."""
        return math.prod(self.shape) * self.dtype.itemsize

    @property
    def inputs(self) -> Tensor:
        """All inputs; a copy of them where the part is a view. For those that may be many there is `chunks`."""
        return self.between(0, len(self))

    def at(self, rows: Tensor) -> Tensor:
        """The inputs of these samples (int64 `[B]`), copied."""
        return self.stored.index_select(0, rows if self.rows is None else self.rows.index_select(0, rows))

    def between(self, start: int, end: int) -> Tensor:
        """The inputs of these samples, one after another."""
        return self.stored[start:end] if self.rows is None else self.stored.index_select(0, self.rows[start:end])

    def chunks(self) -> Iterator[Tensor]:
        """All inputs, in their order, some of them at a time."""
        # Rows that are spread over a file bring much of what lies between them into memory.
        step = max(1, CHUNK_BYTES * len(self) // max(1, math.prod(self.stored.shape) * self.dtype.itemsize))
        return (self.between(start, start + step) for start in range(0, len(self), step))

    def take(self, rows: Tensor) -> Part:
        """A view of these samples (int64)."""
        within = rows if self.rows is None else self.rows.index_select(0, rows)
        return Part(self.stored, self.targets.index_select(0, rows), within, self.names)

    def labelled(self, targets: Tensor) -> Part:
        """The same samples with other targets."""
        return Part(self.stored, targets, self.rows, self.names)

    def name(self, row: int) -> str:
        """The file that a sample came from; empty where they have none."""
        return self.names[row if self.rows is None else int(self.rows[row])] if self.names else ""

    def copied(self, device: torch.device) -> Part:
        """The same samples as they lie in the memory of a device, one after another."""
        inputs, start = torch.empty(self.shape, dtype=self.dtype, device=device), 0
        for some in self.chunks():
            inputs[start : start + len(some)].copy_(some)
            start += len(some)
        names = [self.name(row) for row in range(len(self))] if self.names else ()
        return Part(inputs, self.targets.to(device), names=names)
