"""Early stopping (Prechelt 1998, "Early stopping — but when?")."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from engine.history import EpochRow, History, direction
from engine.message import Message, message
from engine.strategy import Advice, Code, DataSpec, Effect, Field, Progress, Stopping, hookimpl
from plugins.stopping._monitor import advice_on_monitor

if TYPE_CHECKING:
    from engine.config import RunConfig

STOPPED = """\
if {better}:
    best_seen, waited = {monitor}, 0
else:
    waited += 1
if waited >= {patience}:
    print("stopped early")
    break"""


class EarlyStopping(Stopping):
    """Stop when the validation loss has not improved for some epochs (조기 종료). The best weights are kept.

    What counts is the lowest validation loss, not where it crosses the training loss.
    """

    remedies = {"overfitting": Effect(time=1.0)}
    flag = "--early-stopping"

    monitor: Literal["val_loss", "val_accuracy", "train_loss", "train_accuracy"] = "val_loss"
    """The figure that should improve."""
    mode: Literal["auto", "min", "max"] = "auto"
    """Whether it improves by falling (min) or by rising (max); auto takes min for a loss and max for an accuracy."""
    patience: int = Field(5, ge=1, le=10_000)
    """Epochs without improvement after which to stop (기다릴 에포크 수)."""
    min_delta: float = Field(0.0, ge=0, le=1e6)
    """Smallest change that counts as an improvement."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        if self.patience + 1 >= config.epochs:
            yield Advice("warning", message(
                "stopping-too-patient", "it cannot act before the run ends (patience {patience}, epochs {epochs})",
                patience=self.patience, epochs=config.epochs,
            ), "patience")  # fmt: skip
        if self._sign() != direction(self.monitor):
            yield Advice("warning", message(
                "wrong-mode", "with mode {mode} a {monitor} that gets worse counts as better: choose {fitting}",
                mode=self.mode, monitor=self.monitor, fitting="auto",
            ), "mode")  # fmt: skip
        yield from advice_on_monitor(self.monitor, data)

    def reason(self, progress: Progress, history: History) -> Message | None:
        sign, index = self._sign(), EpochRow._fields.index(self.monitor)
        to_beat, best_epoch, waited = math.inf, 0, 0
        for row in history.since_start():
            value = row[index]
            if value is None:
                continue
            if sign * value < to_beat:
                to_beat, best_epoch, waited = sign * value - self.min_delta, row.epoch, 0
            else:
                waited += 1
        if waited < self.patience:
            return None
        saved = progress.epochs - progress.epoch
        return message(
            "early-stopping", "stopped early after epoch {epoch}: no better {monitor} since epoch {best_epoch}; "
            "{saved} of {epochs} epochs, about {time}, saved",
            epoch=progress.epoch, monitor=self.monitor, best_epoch=best_epoch, saved=saved, epochs=progress.epochs,
            time=_time(saved, history),
        )  # fmt: skip

    def code(self, config: RunConfig) -> Code:
        better = (
            f"{self.monitor} < best_seen - {self.min_delta}"
            if self._sign() > 0
            else (f"{self.monitor} > best_seen + {self.min_delta}")
        )
        start = 'float("inf")' if self._sign() > 0 else 'float("-inf")'
        return Code(
            lines=f"best_seen, waited = {start}, 0  # early stopping",
            after_epoch=STOPPED.format(better=better, monitor=self.monitor, patience=self.patience),
        )

    def _sign(self) -> int:
        """1 where the figure improves by falling, -1 where by rising."""
        return {"auto": direction(self.monitor), "min": 1, "max": -1}[self.mode]


def _time(epochs: int, history: History) -> str:
    """How long so many epochs take, as hours, minutes and seconds, if they take what those before took on average."""
    durations = [(row.train_seconds or 0.0) + (row.val_seconds or 0.0) for row in history.epochs]
    known = [seconds for seconds in durations if seconds > 0]
    if not known:
        return "?"
    minutes, seconds = divmod(round(epochs * sum(known) / len(known)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


@hookimpl
def register_strategies() -> list[type[Stopping]]:
    return [EarlyStopping]
