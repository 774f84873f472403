"""Linear warm-up of the learning rate (Goyal et al. 2017, arXiv:1706.02677)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from engine.data import batch_bounds
from engine.history import History
from engine.message import message
from engine.strategy import Advice, Code, DataSpec, Effect, Field, Progress, Scheduler, hookimpl
from plugins.scheduler._rates import IMPORTS

if TYPE_CHECKING:
    from engine.config import RunConfig


class WarmUp(Scheduler):
    """Begin with a small learning rate and raise it step by step, while the weights are still far from any good.

    PyTorch's `LinearLR` with `total_iters` the steps of the warm-up. It joins any other scheduler.
    """

    remedies = {"lr-too-high": Effect(best=1.0), "diverging": Effect(best=1.0)}
    every = "step"
    shape = False

    epochs: float = Field(1.0, gt=0, le=1_000_000)
    """Epochs in which the learning rate rises; a fraction will do."""
    steps: int | None = Field(None, ge=1, le=1_000_000_000)
    """Steps in which it rises; if given, in place of epochs."""
    start_factor: float = Field(1 / 3, gt=0, le=1)
    """Share of the learning rate that the first step takes."""
    end_factor: float = Field(1.0, ge=0, le=1)
    """Share that is reached in the end, and kept."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        if self.steps is None and self.epochs >= config.epochs:
            yield Advice("warning", message(
                "warm-up-too-long", "the run ends before the warm-up does (epochs of the run {epochs}, of the warm-up "
                "{warm_up})",
                warm_up=self.epochs, epochs=config.epochs,
            ), "epochs")  # fmt: skip
        if self.steps is not None and data is not None:
            planned = config.epochs * len(batch_bounds(data.samples[0], config.batch_size))
            if self.steps >= planned:
                yield Advice("warning", message(
                    "warm-up-too-many-steps", "the run ends before the warm-up does (steps of the run {steps}, of the "
                    "warm-up {warm_up})",
                    warm_up=self.steps, steps=planned,
                ), "steps")  # fmt: skip
        if self.end_factor < self.start_factor:
            yield Advice("warning", message(
                "warm-up-falls", "the learning rate falls: start_factor {start} is above end_factor {end}",
                start=self.start_factor, end=self.end_factor,
            ), "start_factor")  # fmt: skip

    def lr_factor(self, progress: Progress, history: History) -> float:
        steps = self.steps or max(1, round(self.epochs * progress.steps_per_epoch))
        share = min(1.0, progress.step / steps)
        return self.start_factor * (1 - share) + self.end_factor * share

    def code(self, config: RunConfig) -> Code:
        steps = str(self.steps or f"max(1, round({self.epochs} * steps))")
        given = f"start_factor={self.start_factor}, end_factor={self.end_factor}, total_iters={steps}"
        return Code(imports=IMPORTS, value=f"lr_scheduler.LinearLR({{}}, {given})")


@hookimpl
def register_strategies() -> list[type[Scheduler]]:
    return [WarmUp]
