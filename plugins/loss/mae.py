"""Mean absolute error (Boscovich 1757, Laplace 1774)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor
from torch.nn import functional

from engine.message import message
from engine.strategy import Code, Loss, hookimpl
from plugins.loss._targets import NumberLoss, as_numbers, number_loss

if TYPE_CHECKING:
    from engine.config import RunConfig


class MAE(NumberLoss):
    """Mean of the absolute distance between output and target (평균 절대 오차): outliers count no more than others.

    `torch.nn.L1Loss`. With classes the target is 1 for the right class and 0 for the others, and the outputs are
    compared with these as they are, without a softmax.
    """

    for_classes = message(
        "mae-for-classes", "MAE compares numbers. For classes its best answer is 0 for every class that is not "
        "more probable than all others together: learning is slow or gets stuck. Take cross-entropy",
    )  # fmt: skip

    def __call__(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return functional.l1_loss(outputs, as_numbers(outputs, targets))

    def code(self, config: RunConfig) -> Code:
        return number_loss("nn.L1Loss()", config)


@hookimpl
def register_strategies() -> list[type[Loss]]:
    return [MAE]
