"""Targets as the numbers that outputs are compared with, where these stand for classes and where they are values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from torch import Tensor
from torch.nn import functional

from engine.message import Message
from engine.strategy import Advice, Code, DataSpec, Loss

if TYPE_CHECKING:
    from engine.config import RunConfig


def as_numbers(outputs: Tensor, targets: Tensor) -> Tensor:
    """Targets `[N, K]` of the outputs' type: classes `[N]` become 1 for the right class and 0 for the others."""
    if targets.is_floating_point():
        return targets.to(outputs.dtype)
    return functional.one_hot(targets, outputs.shape[1]).to(outputs.dtype)


def number_loss(module: str, config: RunConfig) -> Code:
    """The loss that this module of PyTorch computes, in the script of a run: of classes, each 1 or 0."""
    if config.task != "classification":
        return Code(lines=f"loss_function = {module}")
    return Code(lines=AS_NUMBERS.format(module=module))


AS_NUMBERS = """\
def loss_function(outputs, y):  # of a class number: 1 for that class, 0 for the others
    y = y if y.is_floating_point() else nn.functional.one_hot(y, classes).float()
    return {module}(outputs, y)"""


class NumberLoss(Loss):
    """A loss that compares outputs with targets as numbers; where these are classes, it explains itself."""

    tasks = frozenset({"classification", "regression", "reconstruction"})
    output_activation = "identity"
    for_classes: ClassVar[Message]
    """What it does with classes, and what to take instead."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        if (data.task if data else config.task) == "classification":
            yield Advice("warning", self.for_classes)
