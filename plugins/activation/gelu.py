"""Gaussian error linear unit (Hendrycks, Gimpel 2016, arXiv:1606.08415)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from torch import nn

from engine.strategy import Activation, Advice, DataSpec, hookimpl
from plugins.activation._depth import advice_on_fading

if TYPE_CHECKING:
    from engine.config import RunConfig


class GELU(Activation):
    """x times the share of a normal distribution below x: a smooth ReLU, usual in transformers.

    Name and default are those of `torch.nn.GELU`.
    """

    approximate: Literal["none", "tanh"] = "none"
    """How to compute it: exactly (none), or by an approximation with tanh."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        return advice_on_fading(config)

    def build(self) -> nn.Module:
        return nn.GELU(self.approximate)


@hookimpl
def register_strategies() -> list[type[Activation]]:
    return [GELU]
