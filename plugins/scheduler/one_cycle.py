"""One cycle of the learning rate (Smith, Topin 2017, arXiv:1708.07120)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from engine.code import arguments
from engine.history import History
from engine.message import message
from engine.strategy import Advice, Code, DataSpec, Field, Progress, Scheduler, hookimpl
from plugins.scheduler._rates import IMPORTS

if TYPE_CHECKING:
    from engine.config import RunConfig


class OneCycleLR(Scheduler):
    """Raise the learning rate from a small one to the full one, then let it fall to almost nothing, in a single run.

    Names, defaults and behaviour are those of PyTorch's scheduler of that name over the steps of the run, with the
    base learning rate as `max_lr`. Momentum stays as it is (`cycle_momentum=False`).
    """

    id = "one-cycle"
    every = "step"

    pct_start: float = Field(0.3, ge=0, le=1)
    """Share of the run in which the learning rate rises."""
    anneal_strategy: Literal["cos", "linear"] = "cos"
    """Whether it rises and falls along half a cosine wave or a straight line."""
    div_factor: float = Field(25.0, ge=1, le=1e6)
    """How many times smaller than the full learning rate the first one is."""
    final_div_factor: float = Field(1e4, ge=1e-3, le=1e12)
    """How many times smaller than the first learning rate the last one is."""
    three_phase: bool = False
    """Fall to the first learning rate as fast as it rose, and only then on to the last one."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        if self.pct_start == 1 or (self.three_phase and self.pct_start > 0.5):
            yield Advice("warning", message(
                "cycle-cut-short", "the run ends before the learning rate has fallen (pct_start {pct_start}, "
                "{phases} phases)",
                pct_start=self.pct_start, phases=3 if self.three_phase else 2,
            ), "pct_start")  # fmt: skip

    def lr_factor(self, progress: Progress, history: History) -> float:
        last = progress.steps - 1
        step = min(progress.step, last)
        first_rate = 1 / self.div_factor
        last_rate = first_rate / self.final_div_factor
        top = self.pct_start * progress.steps - 1
        phases = [(top, first_rate, 1.0), (last, 1.0, last_rate)]
        if self.three_phase:
            down = 2 * self.pct_start * progress.steps - 2
            phases[1:] = [(down, 1.0, first_rate), (last, first_rate, last_rate)]
        begin = 0.0
        for end, low, high in phases[:-1]:
            if step <= end:
                return self._between(low, high, begin, end, step)
            begin = end
        return self._between(*phases[-1][1:], begin, last, step)

    def code(self, config: RunConfig) -> Code:
        from torch.optim import lr_scheduler

        first = ("{}", "max_lr=LR", "total_steps=EPOCHS * steps", "cycle_momentum=False")
        given = (*first, *arguments(self, lr_scheduler.OneCycleLR))
        return Code(imports=IMPORTS, value=f"lr_scheduler.OneCycleLR({', '.join(given)})")

    def _between(self, start: float, stop: float, begin: float, end: float, step: int) -> float:
        """From one factor to another, as far as a step has come between the steps of its phase."""
        share = (step - begin) / (end - begin) if end > begin else 1.0
        if self.anneal_strategy == "linear":
            return start + (stop - start) * share
        return stop + (start - stop) * (1 + math.cos(math.pi * share)) / 2


@hookimpl
def register_strategies() -> list[type[Scheduler]]:
    return [OneCycleLR]
