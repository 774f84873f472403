"""Stochastic weight averaging (Izmailov, Podoprikhin, Garipov, Vetrov, Wilson 2018, arXiv:1803.05407)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

from engine.code import indented
from engine.data import batch_bounds
from engine.message import message
from engine.schedule import Schedule
from engine.strategy import Advice, Code, DataSpec, Field, Progress, Regularizer, hookimpl
from plugins.regularizer._norms import measured_norms

if TYPE_CHECKING:
    from engine.config import RunConfig

LOW_RATE = 0.3
"""Share of its peak below which a learning rate leaves the weights where they are, and there is little to average."""


class SWA(Regularizer):
    """Average the weights at the ends of the last epochs, and judge and hand over that average (SWA).

    The mean of weights that wander around a minimum lies nearer to its middle than they do, as long as the learning
    rate is high enough for them to wander: constant or cyclic, not annealed. It is the plain average of PyTorch's
    `AveragedModel`. An epoch before the start whose figures are better than the average's is handed over all the same,
    so in a run that overfits early nothing may be seen of it. In a run that is extended it goes on; where the schedule
    is planned anew and the start lies ahead again, the average is dropped, and begins afresh there.
    """

    start: float = Field(0.75, ge=0, lt=1)
    """Share of the run after which averaging starts: the end of every epoch after that counts."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        first = self._first_epoch(config.epochs)
        if first == config.epochs:
            yield Advice("warning", message(
                "swa-too-late", "only the last of {epochs} epochs would be averaged, which changes nothing: start "
                "sooner", epochs=config.epochs,
            ), "start")  # fmt: skip
        batches = len(batch_bounds(data.samples[0], config.batch_size)) if data and data.samples[0] else 100
        course = Schedule(config, batches).course()
        peak = max(lr for _, lr in course)
        late = max(lr for step, lr in course if step >= (first - 1) * batches)
        if late < LOW_RATE * peak:
            yield Advice("warning", message(
                "swa-low-rate", "while the weights are averaged, the learning rate is {share} of its peak or less: "
                "they hardly move, and there is little to average", share=f"{late / peak:.0%}",
            ))  # fmt: skip

    def average_share(self, progress: Progress) -> float | None:
        first = self._first_epoch(progress.epochs)
        epochs, within = divmod(progress.step, progress.steps_per_epoch)
        if epochs < first:
            return None
        return 0.0 if within else 1 / (epochs - first + 1)

    def code(self, config: RunConfig) -> Code:
        first = self._first_epoch(config.epochs)
        norms = measured_norms(config, "average.module")
        measured = "\n" + indented(norms.before_evaluation) if norms.before_evaluation else ""
        return Code(
            imports=("from torch.optim.swa_utils import AveragedModel",),
            define=norms.define, lines="average = AveragedModel(model)",
            before_evaluation=f"if epoch + 1 >= {first}:\n    average.update_parameters(model)" + measured,
            judged=f"average.module if epoch + 1 >= {first} else model",
        )  # fmt: skip

    def _first_epoch(self, epochs: int) -> int:
        """The first epoch, counted from 1, whose end is averaged."""
        passed = math.floor(self.start * epochs + 1e-9)  # 0.29 × 100 is a little less than 29
        return min(passed + 1, epochs)


@hookimpl
def register_strategies() -> list[type[Regularizer]]:
    return [SWA]
