"""What a model whose batch norms are its own says of the batch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from engine.message import message
from engine.strategy import Advice, DataSpec, overrides

if TYPE_CHECKING:
    from engine.config import RunConfig


def advice_on_batch(config: RunConfig, data: DataSpec | None) -> Iterable[Advice]:
    """As the technique `batch-norm` has it: of the samples that go through the network at once."""
    dividers = [regularizer for regularizer in config.regularizers if overrides(regularizer, "micro_batches")]
    batch = min(config.batch_size, data.samples[0]) if data and data.samples[0] else config.batch_size
    size = batch // max((divider.micro_batches(batch) for divider in dividers), default=1)
    if size < 2:
        yield Advice("error", message("batch-norm-one", "batch normalisation needs batches of 2 or more"))
    elif size < 8:
        yield Advice("warning", message(
            "batch-norm-small", "the mean of {size} samples is too rough for batch normalisation: batches of 8 "
            "or more are better", size=size,
        ))  # fmt: skip
