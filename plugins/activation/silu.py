"""Sigmoid linear unit, or swish (Elfwing, Uchibe, Doya 2017, arXiv:1702.03118)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from torch import nn

from engine.strategy import Activation, Advice, DataSpec, hookimpl
from plugins.activation._depth import advice_on_fading

if TYPE_CHECKING:
    from engine.config import RunConfig


class SiLU(Activation):
    """x · sigmoid(x): a smooth ReLU that dips a little below 0, usual in EfficientNet."""

    id = "silu"

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        return advice_on_fading(config)

    def build(self) -> nn.Module:
        return nn.SiLU()


@hookimpl
def register_strategies() -> list[type[Activation]]:
    return [SiLU]
