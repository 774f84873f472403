"""Rectified linear unit (Nair, Hinton 2010)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from torch import nn

from engine.strategy import Activation, Advice, DataSpec, hookimpl
from plugins.activation._depth import advice_on_fading

if TYPE_CHECKING:
    from engine.config import RunConfig


class ReLU(Activation):
    """max(0, x): cheap, and its gradient does not vanish for positive x. The usual choice."""

    id = "relu"

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        return advice_on_fading(config)

    def build(self) -> nn.Module:
        return nn.ReLU()


@hookimpl
def register_strategies() -> list[type[Activation]]:
    return [ReLU]
