"""Stochastic gradient descent (Robbins, Monro 1951, "A stochastic approximation method"), with momentum (Polyak 1964,
"Some methods of speeding up the convergence of iteration methods") or Nesterov's (1983)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import torch

from engine.message import message
from engine.strategy import Advice, DataSpec, Field, Optimizer, ParameterGroup, hookimpl

if TYPE_CHECKING:
    from engine.config import RunConfig

LEAST = 0.005
"""The learning rate below which it is slow: momentum adds steps up to 1 / (1 - momentum) times as long."""


class SGD(Optimizer):
    """Stochastic gradient descent (경사 하강법): a step against the gradient, with momentum if wanted.

    Names and defaults are those of `torch.optim.SGD`.
    """

    momentum: float = Field(0.0, ge=0, lt=1)
    """Share of the last step that is added to the next; 0.9 is usual."""
    dampening: float = Field(0.0, ge=0, le=1)
    """Share by which the gradient is reduced before it joins the momentum."""
    nesterov: bool = False
    """Take the gradient where momentum is about to lead (Nesterov); needs momentum and no dampening."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        if self.nesterov and (self.momentum == 0 or self.dampening != 0):
            text = message("nesterov-needs", "nesterov needs a momentum above 0 and a dampening of 0")
            yield Advice("error", text, "nesterov")
        if config.lr / (1 - self.momentum) < LEAST:
            yield Advice("warning", message(
                "slow-sgd", "with a learning rate of {lr} it learns slowly: usually it is 0.01 to 0.1, with a momentum "
                "of 0.9", lr=config.lr,
            ))  # fmt: skip

    def build(self, groups: list[ParameterGroup]) -> torch.optim.Optimizer:
        return torch.optim.SGD(
            groups, momentum=self.momentum, dampening=self.dampening, nesterov=self.nesterov, fused=True
        )


@hookimpl
def register_strategies() -> list[type[Optimizer]]:
    return [SGD]
