"""Cosine annealing (Loshchilov, Hutter 2016, arXiv:1608.03983)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from engine.history import History
from engine.strategy import Advice, Code, DataSpec, Field, Progress, Scheduler, hookimpl
from plugins.scheduler._rates import IMPORTS, advice_on_floor

if TYPE_CHECKING:
    from engine.config import RunConfig


class Cosine(Scheduler):
    """Lower the learning rate along half a cosine wave over the whole run, step by step.

    PyTorch's `CosineAnnealingLR` with `T_max` the number of steps of the run.
    """

    every = "step"

    eta_min: float = Field(0.0, ge=0, le=1e4)
    """Learning rate that the wave ends at."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        return advice_on_floor(self.eta_min, config.lr)

    def lr_factor(self, progress: Progress, history: History) -> float:
        floor = self.eta_min / progress.lr
        return floor + (1 - floor) * (1 + math.cos(math.pi * progress.step / progress.steps)) / 2

    def code(self, config: RunConfig) -> Code:
        return Code(
            imports=IMPORTS, value=f"lr_scheduler.CosineAnnealingLR({{}}, T_max=EPOCHS * steps, eta_min={self.eta_min})"
        )


@hookimpl
def register_strategies() -> list[type[Scheduler]]:
    return [Cosine]
