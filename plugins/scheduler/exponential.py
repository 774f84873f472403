"""Exponential decay of the learning rate (PyTorch's `torch.optim.lr_scheduler.ExponentialLR`)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from engine.history import History
from engine.message import message
from engine.strategy import Advice, Code, DataSpec, Field, Progress, Scheduler, hookimpl
from plugins.scheduler._rates import IMPORTS, advice_on_last_rate

if TYPE_CHECKING:
    from engine.config import RunConfig


class ExponentialLR(Scheduler):
    """Multiply the learning rate by the same factor after every epoch.

    Names and behaviour are those of PyTorch's scheduler of that name, which has no default for `gamma`.
    """

    id = "exponential"

    gamma: float = Field(0.9, gt=0, lt=1)
    """What the learning rate is multiplied by; 0.9 leaves an eighth of it after 20 epochs."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        if config.epochs == 1:
            yield Advice("warning", message("single-epoch", "it cannot act within a single epoch"))
        yield from advice_on_last_rate(self.gamma ** (config.epochs - 1), config)

    def lr_factor(self, progress: Progress, history: History) -> float:
        return float(self.gamma**progress.epoch)

    def code(self, config: RunConfig) -> Code:
        return Code(imports=IMPORTS, value=f"lr_scheduler.ExponentialLR({{}}, gamma={self.gamma})")


@hookimpl
def register_strategies() -> list[type[Scheduler]]:
    return [ExponentialLR]
