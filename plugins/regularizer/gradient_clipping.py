"""Gradient clipping (Pascanu, Mikolov, Bengio 2013, arXiv:1211.5063)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn

from engine.strategy import Code, Effect, Field, Regularizer, hookimpl

if TYPE_CHECKING:
    from engine.config import RunConfig


class GradientClipping(Regularizer):
    """Shorten the gradient where it is longer than a bound, so that one bad batch can't throw training off."""

    remedies = {"diverging": Effect(best=1.0), "lr-too-high": Effect(best=1.0)}

    max_norm: float = Field(1.0, gt=0)
    """Greatest length of the gradient over all parameters together, as in `clip_grad_norm_`."""

    def before_step(self, model: nn.Module) -> None:
        nn.utils.clip_grad_norm_(model.parameters(), self.max_norm)

    def code(self, config: RunConfig) -> Code:
        return Code(before_step=f"nn.utils.clip_grad_norm_(model.parameters(), {self.max_norm})")


@hookimpl
def register_strategies() -> list[type[Regularizer]]:
    return [GradientClipping]
