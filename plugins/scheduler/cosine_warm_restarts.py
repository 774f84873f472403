"""Cosine annealing with warm restarts (Loshchilov, Hutter 2016, arXiv:1608.03983)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from engine.history import History
from engine.message import message
from engine.strategy import Advice, Code, DataSpec, Field, Progress, Scheduler, hookimpl
from plugins.scheduler._rates import IMPORTS, advice_on_floor

if TYPE_CHECKING:
    from engine.config import RunConfig


class CosineAnnealingWarmRestarts(Scheduler):
    """Lower the learning rate along half a cosine wave, then start again from the top, and so on.

    Names and behaviour are those of PyTorch's scheduler of that name, which has no default for `T_0`, stepped with
    fractions of an epoch.
    """

    id = "cosine-warm-restarts"
    every = "step"

    T_0: int = Field(5, ge=1, le=1_000_000)
    """Epochs of the first wave."""
    T_mult: int = Field(1, ge=1, le=1000)
    """How many times longer each wave is than the one before."""
    eta_min: float = Field(0.0, ge=0, le=1e4)
    """Learning rate that each wave ends at."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        done, length = self._wave(config.epochs, self.T_0)
        if config.epochs <= self.T_0:
            yield Advice("warning", message(
                "no-restart", "it never starts again before the run ends (T_0 {T_0}, epochs {epochs})",
                T_0=self.T_0, epochs=config.epochs,
            ), "T_0")  # fmt: skip
        elif done > 0:
            yield Advice("warning", message(
                "wave-cut-short", "the run ends with {done} of the {length} epochs of a wave: {fewer} or {more} epochs "
                "would end with a whole one",
                done=done, length=length, fewer=config.epochs - done, more=config.epochs - done + length,
            ), "T_0")  # fmt: skip
        yield from advice_on_floor(self.eta_min, config.lr)

    def lr_factor(self, progress: Progress, history: History) -> float:
        floor = self.eta_min / progress.lr
        done, length = self._wave(progress.step, self.T_0 * progress.steps_per_epoch)
        return floor + (1 - floor) * (1 + math.cos(math.pi * done / length)) / 2

    def code(self, config: RunConfig) -> Code:
        given = f"T_0={self.T_0} * steps, T_mult={self.T_mult}, eta_min={self.eta_min}"
        return Code(imports=IMPORTS, value=f"lr_scheduler.CosineAnnealingWarmRestarts({{}}, {given})")

    def _wave(self, time: int, length: int) -> tuple[int, int]:
        """How far into its wave a time is, and how long that wave is, where the first is so long."""
        if self.T_mult == 1:
            return time % length, length
        while time >= length:
            time, length = time - length, length * self.T_mult
        return time, length


@hookimpl
def register_strategies() -> list[type[Scheduler]]:
    return [CosineAnnealingWarmRestarts]
