"""A run that ends once it is good enough, as `stopping_threshold` of PyTorch Lightning's `EarlyStopping`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from engine.history import History, direction
from engine.message import Message, message
from engine.strategy import Advice, Code, DataSpec, Field, Progress, Stopping, hookimpl
from plugins.stopping._monitor import advice_on_monitor

if TYPE_CHECKING:
    from engine.config import RunConfig


class TargetReached(Stopping):
    """Stop as soon as a figure is good enough: an accuracy has risen to the target, or a loss has fallen to it."""

    monitor: Literal["val_loss", "val_accuracy", "train_loss", "train_accuracy"] = "val_accuracy"
    """The figure that is to reach the target."""
    target: float = Field(0.9, ge=0, le=1e6)
    """What is good enough; an accuracy lies between 0 and 1."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        if self.monitor.endswith("accuracy") and self.target > 1:
            yield Advice("warning", message(
                "target-above-one", "{monitor} never reaches {target}: it lies between 0 and 1",
                monitor=self.monitor, target=self.target,
            ), "target")  # fmt: skip
        yield from advice_on_monitor(self.monitor, data)

    def reason(self, progress: Progress, history: History) -> Message | None:
        rows = history.since_start()
        value = getattr(rows[-1], self.monitor) if rows else None
        sign = direction(self.monitor)
        if value is None or sign * value > sign * self.target:
            return None
        return message(
            "target-reached", "stopped after epoch {epoch} of {epochs}: {monitor} is {value}, the target {target}",
            epoch=progress.epoch, epochs=progress.epochs, monitor=self.monitor, value=value, target=self.target,
        )  # fmt: skip

    def code(self, config: RunConfig) -> Code:
        reached = "<=" if direction(self.monitor) > 0 else ">="
        return Code(after_epoch=f'if {self.monitor} {reached} {self.target}:\n    print("target reached")\n    break')


@hookimpl
def register_strategies() -> list[type[Stopping]]:
    return [TargetReached]
