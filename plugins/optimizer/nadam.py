"""NAdam (Dozat 2016, "Incorporating Nesterov momentum into Adam")."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import torch

from engine.message import message
from engine.strategy import Advice, DataSpec, Field, Optimizer, ParameterGroup, hookimpl

if TYPE_CHECKING:
    from engine.config import RunConfig

LEAST_APART = 1e-3
"""Decay below which a pull apart from the gradient, times the learning rate, is hardly one."""


class NAdam(Optimizer):
    """Adam with Nesterov's look ahead: each step already goes along with the momentum that the next one will have.

    Names and defaults are those of `torch.optim.NAdam`, whose learning rate is 0.002.
    """

    id = "nadam"

    beta1: float = Field(0.9, ge=0, lt=1)
    """Memory of the running mean of gradients, once it has grown."""
    beta2: float = Field(0.999, ge=0, lt=1)
    """Memory of the running mean of squared gradients."""
    eps: float = Field(1e-8, gt=0, le=1)
    """Added to the divisor, so that it is never 0."""
    momentum_decay: float = Field(4e-3, ge=0, le=1)
    """How fast momentum grows from half of `beta1` to the whole of it."""
    decoupled_weight_decay: bool = False
    """Let weight decay act on the weights themselves, as AdamW does; otherwise it is part of the gradient."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        if not self.decoupled_weight_decay:
            return
        decays = [getattr(r, "decay", 0.0) for r in config.regularizers if r.id == "weight-decay"]
        if not decays:
            yield Advice("warning", message(
                "nothing-to-decouple", "it changes nothing without weight-decay: tick weight-decay, usually with 0.01"
            ), "decoupled_weight_decay")  # fmt: skip
        elif 0 < decays[0] < LEAST_APART:  # of a decay of 0 the technique tells itself
            yield Advice("warning", message(
                "decoupled-decay-weak", "apart from the gradient, a decay of {decay} hardly moves the weights: 0.01 is "
                "usual", decay=decays[0],
            ), "decoupled_weight_decay")  # fmt: skip

    def build(self, groups: list[ParameterGroup]) -> torch.optim.Optimizer:
        return torch.optim.NAdam(
            groups,
            betas=(self.beta1, self.beta2),
            eps=self.eps,
            momentum_decay=self.momentum_decay,
            decoupled_weight_decay=self.decoupled_weight_decay,
            foreach=True,
        )


@hookimpl
def register_strategies() -> list[type[Optimizer]]:
    return [NAdam]
