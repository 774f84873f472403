"""Huber loss (Huber 1964, "Robust estimation of a location parameter")."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from torch import Tensor
from torch.nn import functional

from engine.message import message
from engine.strategy import Advice, DataSpec, Field, Loss, hookimpl
from plugins.loss._targets import as_numbers, may_be_classes

if TYPE_CHECKING:
    from engine.config import RunConfig


class Huber(Loss):
    """Squared for small distances between output and target, straight for large ones: outliers pull less.

    `torch.nn.HuberLoss`. With classes the target is 1 for the right class and 0 for the others, and the outputs are
    compared with these as they are, without a softmax.
    """

    tasks = frozenset({"classification", "regression"})
    output_activation = "identity"

    delta: float = Field(1.0, gt=0, le=1_000)
    """Distance up to which the loss is half the square; beyond, it grows by delta per unit."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        if may_be_classes(data):
            yield Advice("warning", message(
                "huber-for-classes", "Huber compares numbers. For classes it draws the right output to 1 and all "
                "others to 0, and counts an output above 1 as an error: its outputs are rough probabilities. Take "
                "cross-entropy",
            ))  # fmt: skip

    def __call__(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return functional.huber_loss(outputs, as_numbers(outputs, targets), delta=self.delta)


@hookimpl
def register_strategies() -> list[type[Loss]]:
    return [Huber]
