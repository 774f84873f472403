"""Exponential linear unit (Clevert, Unterthiner, Hochreiter 2015, arXiv:1511.07289)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from torch import nn

from engine.strategy import Activation, Advice, DataSpec, Field, hookimpl
from plugins.activation._depth import advice_on_fading

if TYPE_CHECKING:
    from engine.config import RunConfig


class ELU(Activation):
    """x above 0, and alpha · (exp(x) − 1) below: bends smoothly towards −alpha, which keeps the mean near 0.

    Name and default are those of `torch.nn.ELU`.
    """

    alpha: float = Field(1.0, ge=0, le=10)
    """The value, negated, that it nears far below 0; with 0 it is ReLU."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        return advice_on_fading(config)

    def build(self) -> nn.Module:
        return nn.ELU(self.alpha)


@hookimpl
def register_strategies() -> list[type[Activation]]:
    return [ELU]
