"""Gradient accumulation: a batch in parts, where the memory is too small for all of it at once (micro-batches: Huang et
al. 2018, arXiv:1811.06965)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from engine.message import message
from engine.strategy import Advice, Code, DataSpec, Field, Regularizer, hookimpl
from plugins.regularizer.batch_norm import ENOUGH

if TYPE_CHECKING:
    from engine.config import RunConfig

FEWEST_SAMPLES = 2
"""Samples in a part, at least: batch norm can't use one."""


class GradientAccumulation(Regularizer):
    """Send each batch through the network in parts and add up their gradients: large batches in little memory.

    The step is that of the whole batch, and the number of steps stays as it is, so the batch size and the learning rate
    go with the whole batch. Batch norm, though, sees one part at a time; and dropout and stochastic depth draw anew for
    each, so that their masks are others than those of the whole batch.
    """

    parts: int = Field(4, ge=2, le=1_024)
    """Parts of a batch, one after another; each holds two samples or more."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        size = config.samples_of_a_batch(data)
        parts = self.micro_batches(size)
        if parts == 1:
            yield Advice("warning", message(
                "batch-undivided", "a batch of {size} is too small to be divided", size=size
            ), "parts")  # fmt: skip
        elif parts < self.parts:
            yield Advice("warning", message(
                "batch-in-fewer-parts", "a batch of {size} is divided into {parts} parts of two samples or more, not "
                "into {wanted}", size=size, parts=parts, wanted=self.parts,
            ), "parts")  # fmt: skip
        norm = any(regularizer.id == "batch-norm" for regularizer in config.regularizers)
        # Of parts that are too small for batch norm, its own advice tells.
        if parts > 1 and size // parts >= ENOUGH and (norm or "norm" in config.model.owned):
            yield Advice("warning", message(
                "batch-norm-in-parts", "batch norm sees the {part} samples of a part, not the {size} of the batch: a "
                "step is not quite that of the whole batch", part=size // parts, size=size,
            ))  # fmt: skip

    def micro_batches(self, size: int) -> int:
        return max(1, min(self.parts, size // FEWEST_SAMPLES))

    def code(self, config: RunConfig) -> Code:
        return Code(pieces=f"max(1, min({self.parts}, len(x) // {FEWEST_SAMPLES}))")


@hookimpl
def register_strategies() -> list[type[Regularizer]]:
    return [GradientAccumulation]
