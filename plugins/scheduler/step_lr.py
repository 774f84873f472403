"""Step decay of the learning rate."""

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


class StepLR(Scheduler):
    """Multiply the learning rate by a factor every so many epochs.

    Names and behaviour are those of PyTorch's scheduler of that name, which has no default for `step_size`.
    """

    id = "step"

    step_size: int = Field(10, ge=1, le=1_000_000)
    """Epochs from one reduction to the next."""
    gamma: float = Field(0.1, gt=0, lt=1)
    """What the learning rate is multiplied by."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        last = self._factor(config.epochs - 1)
        if last == 1:
            yield Advice("warning", message(
                "step-too-long", "it cannot act within {epochs} epochs (step_size {step_size})",
                epochs=config.epochs, step_size=self.step_size,
            ), "step_size")  # fmt: skip
        if last < NO_RATE:
            yield Advice("warning", message(
                "no-rate-left", "in the last of {epochs} epochs the learning rate is {lr}: too small to learn anything",
                epochs=config.epochs, lr=config.lr * last,
            ), "gamma")  # fmt: skip

    def lr_factor(self, progress: Progress, history: History) -> float:
        return self._factor(progress.epoch)

    def _factor(self, epoch: int) -> float:
        return float(self.gamma ** (epoch // self.step_size))


@hookimpl
def register_strategies() -> list[type[Scheduler]]:
    return [StepLR]
