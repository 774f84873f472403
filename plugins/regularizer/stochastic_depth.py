"""Stochastic depth (Huang, Sun, Liu, Sedra, Weinberger 2016, arXiv:1603.09382)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from torch import nn

from engine.strategy import Advice, DataSpec, Field, Place, Regularizer, hookimpl
from plugins.regularizer._advice import changes_nothing

if TYPE_CHECKING:
    from engine.config import RunConfig


class StochasticDepth(Regularizer):
    """Skip a residual block with some probability, for each sample anew: training sees networks of many depths.

    A block's probability grows linearly with its depth, from near 0 at the input to p at the output, since the first
    blocks feed all others (the paper's linear rule). What remains is scaled up in training; in validation and test no
    block is skipped. The layer is torchvision's `StochasticDepth` with `mode="row"`.
    """

    slot = "residual"

    p: float = Field(0.1, ge=0, lt=1)
    """Probability that the last block is skipped; the paper's networks of 110 layers take 0.5."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        if self.p == 0:
            yield changes_nothing("p")

    def layer(self, place: Place) -> nn.Module:
        from torchvision import ops

        return ops.StochasticDepth(self.p * place.depth, mode="row")  # type: ignore[no-any-return]


@hookimpl
def register_strategies() -> list[type[Regularizer]]:
    return [StochasticDepth]
