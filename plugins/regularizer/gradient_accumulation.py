"""Gradient accumulation: a batch in parts, where the memory is too small for all of it at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from engine.message import message
from engine.strategy import Advice, DataSpec, Field, Regularizer, hookimpl

if TYPE_CHECKING:
    from engine.config import RunConfig

FEWEST_SAMPLES = 2
"""Samples in a part, at least: batch norm can't use one."""


class GradientAccumulation(Regularizer):
    """Send each batch through the network in parts and add up their gradients: large batches in little memory.

    The step is that of the whole batch, and the number of steps stays as it is, so the batch size and the learning rate
    go with the whole batch. Only batch norm sees the parts.
    """

    parts: int = Field(4, ge=2, le=1_024)
    """Parts of a batch, one after another; each holds two samples or more."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        size = min(config.batch_size, data.samples[0]) if data and data.samples[0] else config.batch_size
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
        if parts > 1 and (norm or "norm" in config.model.owned):
            yield Advice("warning", message(
                "batch-norm-in-parts", "batch norm sees the {part} samples of a part, not the {size} of the batch: a "
                "step is not quite that of the whole batch", part=size // parts, size=size,
            ))  # fmt: skip

    def micro_batches(self, size: int) -> int:
        return max(1, min(self.parts, size // FEWEST_SAMPLES))


@hookimpl
def register_strategies() -> list[type[Regularizer]]:
    return [GradientAccumulation]
