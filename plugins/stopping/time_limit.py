"""A run that may take so long and no longer, as with PyTorch Lightning's `Timer`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.history import History
from engine.message import Message, message
from engine.strategy import Code, Field, Progress, Stopping, hookimpl

if TYPE_CHECKING:
    from engine.config import RunConfig


class TimeLimit(Stopping):
    """Stop when training has taken so many minutes, even in the middle of an epoch. The best weights are kept.

    Pauses do not count. A run that is resumed has the time that is left; a finished one that is extended has all of it.
    """

    every = "step"

    minutes: float = Field(10.0, gt=0, le=100_000)
    """Minutes of training and evaluation."""

    def reason(self, progress: Progress, history: History) -> Message | None:
        if progress.seconds < 60 * self.minutes or progress.epoch >= progress.epochs:
            return None
        return message(
            "time-limit", "stopped at the limit of {minutes} min of training; epochs done: {epoch} of {epochs}",
            minutes=self.minutes, epoch=progress.epoch, epochs=progress.epochs,
        )  # fmt: skip

    def code(self, config: RunConfig) -> Code:
        late = f"time.perf_counter() - started >= 60 * {self.minutes}"
        return Code(
            imports=("import time",),
            lines="started = time.perf_counter()",
            after_epoch=f'if {late}:  # Tunedeck asks within an epoch, too\n    print("time is up")\n    break',
        )


@hookimpl
def register_strategies() -> list[type[Stopping]]:
    return [TimeLimit]
