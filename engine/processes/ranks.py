"""The processes of a run, as one of them sees them. Here there is one alone; `engine.processes.several` has several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

import torch
from torch import Tensor, nn

from engine.checkpoints.checkpoint import Snapshot
from engine.evaluation import Figures
from engine.events import Failed
from engine.failure import failure
from engine.hardware import processors, resolve_device
from engine.part import Part

Value = TypeVar("Value")
Wishes = tuple[bool, bool, bool]
"""Whether to flush, to save and to stop after this step."""


def _no_wishes() -> Wishes:
    return False, False, False


def _explain(error: BaseException) -> Failed:
    return failure(error, (), 0)


class Alone:
    """One process: every row is its own, and there is nobody to ask."""

    rank, size = 0, 1
    synchronised = False
    """Whether batch norms take their statistics over the samples of all processes."""
    agreed: Wishes | None = None
    """What all processes have agreed on in the last step; None where one decides alone."""

    def __init__(self) -> None:
        self.wishes: Callable[[], Wishes] = _no_wishes
        self.explain: Callable[[BaseException], Failed] = _explain
        """How a fault is told to the others."""

    def serve(
        self, wishes: Callable[[], Wishes] | None = None, explain: Callable[[BaseException], Failed] | None = None
    ) -> None:
        """Ask a trainer for its wishes, and for how a fault is told; without one, let go of the last."""
        self.wishes, self.explain, self.agreed = wishes or _no_wishes, explain or _explain, None

    @property
    def several(self) -> bool:
        """Whether there are others."""
        return self.size > 1

    @property
    def leads(self) -> bool:
        """Whether this is the first."""
        return self.rank == 0

    def device(self, name: str) -> torch.device:
        """The device that a name means for this process. Raises `InputError`."""
        return resolve_device(name)

    def processors(self) -> int:
        """Processors that this process may use."""
        return processors()

    def working(self, count: int) -> int:
        """How many processes share a batch of so many samples."""
        return 1

    def own(self, rows: Tensor) -> Tensor:
        """This process's share of the rows (int64 `[B]`) of a batch; it may be empty."""
        return rows

    def portion(self, part: Part) -> Part:
        """This process's share of a part that is to be evaluated; it may be empty."""
        return part

    def place(self, *position: int) -> tuple[int, ...]:
        """A position of the run for what is drawn at random there: each process draws its own."""
        return (*position, self.rank) if self.rank else position

    def prepared(self, model: nn.Module) -> nn.Module:
        """The network, with batch norms as they are to be."""
        return model

    def unite(self, tensors: Sequence[Tensor]) -> None:
        """Set these tensors to those of the first process."""

    def in_turn(self) -> AbstractContextManager[None]:
        """The first process of each machine does what stands in this context, then the others, which find it done."""
        return nullcontext()

    def together(self, learning: Sequence[nn.Parameter] | None = None) -> AbstractContextManager[None]:
        """A fault in this context is a fault of all, and nobody waits for one that has left.

        `learning`, given in a step, are the parameters that may have gradients by then; the wishes are then asked too.
        """
        return nullcontext()

    def lead(self, work: Callable[[], Value]) -> Value:
        """What the first process's `work` gives, as plain JSON values, or raises."""
        return work()

    def any(self, wish: bool) -> bool:
        """Whether any process wishes it."""
        return wish

    def snapshot(self, read: Callable[[], Snapshot | None]) -> Snapshot | None:
        """The snapshot that the first process reads."""
        return read()

    def reduce(
        self, model: nn.Module, learning: Sequence[nn.Parameter], share: float, loss: Tensor, correct: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Loss and right ones of a whole batch; gradients become its, and running statistics the means over shares."""
        return loss, correct

    def stand_by(self, network: nn.Module, inputs: Tensor, times: int) -> None:
        """Take no part in a batch that is too small for all: what the others' forward passes need of this process."""

    def figures(self, own: Figures | None, count: int) -> Figures:
        """The figures of a part, from this process's own, of so many samples."""
        assert own is not None
        return own

    def tell(self, failed: Failed) -> None:
        """Leave word of why this process goes, for those who will miss it."""
