"""Learning rate reduced at milestones, as in the training of residual networks (He et al. 2015, arXiv:1512.03385)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

from engine.history import History
from engine.message import message
from engine.strategy import Advice, Code, DataSpec, Field, Progress, Scheduler, hookimpl
from plugins.scheduler._rates import IMPORTS, advice_on_last_rate

if TYPE_CHECKING:
    from engine.config import RunConfig

Epoch = Annotated[int, Field(ge=1, le=1_000_000)]


class MultiStepLR(Scheduler):
    """Multiply the learning rate by a factor after each of some chosen epochs.

    Names and behaviour are those of PyTorch's scheduler of that name, which has no default for `milestones`.
    """

    id = "multi-step"

    milestones: tuple[Epoch, ...] = (10, 15)
    """Epochs after which the learning rate falls; one that is named twice counts twice."""
    gamma: float = Field(0.1, gt=0, lt=1)
    """What the learning rate is multiplied by."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        beyond = sorted(epoch for epoch in self.milestones if epoch >= config.epochs)
        if len(beyond) == len(self.milestones):
            yield Advice("warning", message(
                "milestones-beyond", "it cannot act: no milestone lies before the end of the run (epochs {epochs})",
                epochs=config.epochs,
            ), "milestones")  # fmt: skip
        elif beyond:
            yield Advice("warning", message(
                "some-milestones-beyond", "within {epochs} epochs these milestones cannot act: {beyond}",
                epochs=config.epochs, beyond=", ".join(map(str, beyond)),
            ), "milestones")  # fmt: skip
        yield from advice_on_last_rate(self._factor(config.epochs - 1), config)

    def lr_factor(self, progress: Progress, history: History) -> float:
        return self._factor(progress.epoch)

    def code(self, config: RunConfig) -> Code:
        return Code(
            imports=IMPORTS,
            value=f"lr_scheduler.MultiStepLR({{}}, milestones={list(self.milestones)}, gamma={self.gamma})",
        )

    def _factor(self, done: int) -> float:
        return float(self.gamma ** sum(epoch <= done for epoch in self.milestones))


@hookimpl
def register_strategies() -> list[type[Scheduler]]:
    return [MultiStepLR]
