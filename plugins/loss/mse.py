"""Mean squared error (Legendre 1805, Gauss 1809; for classes Hui, Belkin 2020, arXiv:2006.07322)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor
from torch.nn import functional

from engine.message import message
from engine.strategy import Code, Loss, hookimpl
from plugins.loss._targets import NumberLoss, as_numbers, number_loss

if TYPE_CHECKING:
    from engine.config import RunConfig


class MSE(NumberLoss):
    """Mean of the squared distance between output and target (평균 제곱 오차): the loss for regression.

    `torch.nn.MSELoss`. With classes the target is 1 for the right class and 0 for the others, and the outputs are
    compared with these as they are, without a softmax.
    """

    for_classes = message(
        "mse-for-classes", "MSE compares numbers. For classes it draws the right output to 1 and all others to "
        "0, and counts an output above 1 as an error: its outputs are rough probabilities. Take cross-entropy",
    )  # fmt: skip

    def __call__(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return functional.mse_loss(outputs, as_numbers(outputs, targets))

    def code(self, config: RunConfig) -> Code:
        return number_loss("nn.MSELoss()", config)


@hookimpl
def register_strategies() -> list[type[Loss]]:
    return [MSE]
