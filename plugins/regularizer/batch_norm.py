"""Batch normalisation (Ioffe, Szegedy 2015, arXiv:1502.03167)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from torch import nn

from engine.message import message
from engine.strategy import Advice, DataSpec, Effect, Field, Place, Regularizer, hookimpl

if TYPE_CHECKING:
    from engine.config import RunConfig

ENOUGH = 8
"""Samples whose mean is a fair one of all."""


class BatchNorm(Regularizer):
    """Bring each layer's outputs to mean 0 and deviation 1 over the batch, before the activation (배치 정규화).

    In validation the running mean and deviation of training are used. Names and defaults are those of PyTorch's
    `BatchNorm1d` and `BatchNorm2d`.
    """

    remedies = {"lr-too-high": Effect(best=1.0)}
    slot = "norm"

    momentum: float = Field(0.1, gt=0, le=1)
    """Share of the present batch in the running statistics."""
    eps: float = Field(1e-5, gt=0, le=1)
    """Added to the variance, so that it is never 0."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        return advice_on_batch(config, data)

    def layer(self, place: Place) -> nn.Module:
        kind = nn.BatchNorm2d if place.dimensions == 2 else nn.BatchNorm1d
        return kind(place.features, eps=self.eps, momentum=self.momentum)


def advice_on_batch(config: RunConfig, data: DataSpec | None) -> Iterable[Advice]:
    """Of the samples that go through the network at once, over which batch norm takes its mean."""
    batch = config.samples_of_a_batch(data)
    size = batch // config.micro_batches(batch)
    if size < 2:
        yield Advice("error", message("batch-norm-one", "batch normalisation needs batches of 2 or more"))
    elif size < ENOUGH:
        yield Advice("warning", message(
            "batch-norm-small", "the mean of {size} samples is too rough for batch normalisation: batches of {enough} "
            "or more are better", size=size, enough=ENOUGH,
        ))  # fmt: skip


@hookimpl
def register_strategies() -> list[type[Regularizer]]:
    return [BatchNorm]
