"""Exponential decay of the learning rate."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from engine.history import History
from engine.message import message
from engine.strategy import Advice, DataSpec, Field, Progress, Scheduler, hookimpl

if TYPE_CHECKING:
    from engine.config import RunConfig

NO_RATE = 1e-6
"""The share of the base rate below which weights hardly move any more."""


class ExponentialLR(Scheduler):
    """Multiply the learning rate by the same factor after every epoch.

    Names and behaviour are those of PyTorch's scheduler of that name, which has no default for `gamma`.
    """

    id = "exponential"

    gamma: float = Field(0.9, gt=0, lt=1)
    """What the learning rate is multiplied by; 0.9 leaves an eighth of it after 20 epochs."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        if config.epochs == 1:
            yield Advice("warning", message("single-epoch", "it cannot act within a single epoch"))
        last = self.gamma ** (config.epochs - 1)
        if last < NO_RATE:
            yield Advice("warning", message(
                "no-rate-left", "in the last of {epochs} epochs the learning rate is {lr}: too small to learn anything",
                epochs=config.epochs, lr=config.lr * last,
            ), "gamma")  # fmt: skip

    def lr_factor(self, progress: Progress, history: History) -> float:
        return float(self.gamma**progress.epoch)


@hookimpl
def register_strategies() -> list[type[Scheduler]]:
    return [ExponentialLR]
