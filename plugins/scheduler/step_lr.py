"""Step decay of the learning rate (PyTorch's `torch.optim.lr_scheduler.StepLR`)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from engine.history import History
from engine.message import message
from engine.strategy import Advice, Code, DataSpec, Field, Progress, Scheduler, hookimpl
from plugins.scheduler._rates import IMPORTS, advice_on_last_rate

if TYPE_CHECKING:
    from engine.config import RunConfig


class StepLR(Scheduler):
    """Multiply the learning rate by a factor every so many epochs.

    Names and behaviour are those of PyTorch's scheduler of that name, which has no default for `step_size`.
    """

    id = "step"

    step_size: int = Field(10, ge=1, le=1_000_000)
    """Epochs from one reduction to the next."""
    gamma: float = Field(0.1, gt=0, lt=1)
    """What the learning rate is multiplied by."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        last = self._factor(config.epochs - 1)
        if last == 1:
            yield Advice("warning", message(
                "step-too-long", "it cannot act before the run ends (step_size {step_size}, epochs {epochs})",
                step_size=self.step_size, epochs=config.epochs,
            ), "step_size")  # fmt: skip
        yield from advice_on_last_rate(last, config)

    def lr_factor(self, progress: Progress, history: History) -> float:
        return self._factor(progress.epoch)

    def code(self, config: RunConfig) -> Code:
        return Code(imports=IMPORTS, value=f"lr_scheduler.StepLR({{}}, step_size={self.step_size}, gamma={self.gamma})")

    def _factor(self, epoch: int) -> float:
        return float(self.gamma ** (epoch // self.step_size))


@hookimpl
def register_strategies() -> list[type[Scheduler]]:
    return [StepLR]
