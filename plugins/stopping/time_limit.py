"""A run that may take so long and no longer, as with PyTorch Lightning's `Timer`."""

from engine.history import History
from engine.message import Message, message
from engine.strategy import Field, Progress, Stopping, hookimpl


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


@hookimpl
def register_strategies() -> list[type[Stopping]]:
    return [TimeLimit]
