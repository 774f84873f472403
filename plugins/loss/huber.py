"""Huber loss (Huber 1964, "Robust estimation of a location parameter")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor
from torch.nn import functional

from engine.message import message
from engine.strategy import Code, Field, Loss, hookimpl
from plugins.loss._targets import NumberLoss, as_numbers, number_loss

if TYPE_CHECKING:
    from engine.config import RunConfig


class Huber(NumberLoss):
    """Squared for small distances between output and target, straight for large ones: outliers pull less.

    `torch.nn.HuberLoss`. With classes the target is 1 for the right class and 0 for the others, and the outputs are
    compared with these as they are, without a softmax.
    """

    for_classes = message(
        "huber-for-classes", "Huber compares numbers. For classes it draws the right output to 1 and all "
        "others to 0, and counts an output above 1 as an error: its outputs are rough probabilities. Take "
        "cross-entropy",
    )  # fmt: skip

    delta: float = Field(1.0, gt=0, le=1_000)
    """Distance up to which the loss is half the square; beyond, it grows by delta per unit."""

    def __call__(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return functional.huber_loss(outputs, as_numbers(outputs, targets), delta=self.delta)

    def code(self, config: RunConfig) -> Code:
        return number_loss(f"nn.HuberLoss(delta={self.delta})", config)


@hookimpl
def register_strategies() -> list[type[Loss]]:
    return [Huber]
