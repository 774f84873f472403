"""L1 penalty (Tibshirani 1996)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from engine.strategy import Advice, Code, DataSpec, Effect, Field, Regularizer, Strategy, Verdict, hookimpl
from plugins.regularizer._advice import changes_nothing

if TYPE_CHECKING:
    from engine.config import RunConfig

REMEDY = 1e-4
"""Strength that is felt within a short run."""


class L1(Regularizer):
    """Add the absolute values of all weights to the loss: many become nearly 0. Biases and norms are left out."""

    remedies = {"overfitting": Effect(gap=0.7)}

    strength: float = Field(1e-5, ge=0, le=1)
    """Factor of the sum. The loss that is shown leaves the penalty out."""

    def as_remedy(self, verdict: Verdict, config: RunConfig) -> Strategy:
        return L1(strength=max(self.strength, REMEDY))

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        if self.strength == 0:
            yield changes_nothing("strength")

    def penalty(self, model: nn.Module) -> Tensor:
        return self.strength * torch.stack([p.abs().sum() for p in model.parameters() if p.ndim > 1]).sum()

    def code(self, config: RunConfig) -> Code:
        return Code(penalty=f"{self.strength} * sum(p.abs().sum() for p in model.parameters() if p.ndim > 1)")


@hookimpl
def register_strategies() -> list[type[Regularizer]]:
    return [L1]
