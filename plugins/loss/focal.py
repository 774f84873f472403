"""Focal loss (Lin, Goyal, Girshick, He, Dollár 2017, arXiv:1708.02002), here for softmax."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from engine.message import message
from engine.strategy import Advice, Code, DataSpec, Field, Loss, hookimpl, overrides
from plugins.loss._class_weights import BALANCED, ClassWeights, Weighted, advice_on_weights, balanced
from plugins.loss._targets import as_numbers

if TYPE_CHECKING:
    from engine.config import RunConfig

DEFINED = """\
def loss_function(outputs, y):  # focal: it looks away from samples that are right for sure
    y = y if y.is_floating_point() else nn.functional.one_hot(y, classes).float()
    logarithm = outputs.log_softmax(1)
    rest = -torch.expm1(logarithm).clamp(max=-torch.finfo(outputs.dtype).tiny)
    return (-y * rest**{gamma} * logarithm{weighed}).sum(1).mean()"""


class Focal(Loss):
    """Cross-entropy times (1 − p)^gamma: it looks away from samples that are right for sure, and learns the hard ones.

    p is the probability that softmax gives the right class. The mean over samples is taken; the paper, which looks for
    objects, divides by their number.
    """

    gamma: float = Field(2.0, ge=0, le=10)
    """How far it looks away: 0 is cross-entropy."""
    class_weights: ClassWeights = "none"
    """Balanced makes rare classes count as much as common ones, in validation too: by n / (K n_c)."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        yield from advice_on_weights(self.class_weights, data)
        softening = [regularizer.id for regularizer in config.regularizers if overrides(regularizer, "mix")]
        if self.gamma > 0 and softening:
            yield Advice("warning", message(
                "focal-and-soft", "focal and {id} both keep the network from being sure: together its probabilities "
                "are too low. Use one", id=softening[0],
            ), "gamma")  # fmt: skip

    def prepare(self, data: DataSpec) -> Callable[[Tensor, Tensor], Tensor]:
        if self.class_weights == "none" or not data.class_counts:
            return self
        return Weighted(self.weighted, balanced(data))

    def __call__(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return self.weighted(outputs, targets, None)

    def weighted(self, outputs: Tensor, targets: Tensor, weights: Tensor | None) -> Tensor:
        """The sum of the weighted losses over N; a soft target gives each class its share of it."""
        logarithm = outputs.log_softmax(1)
        # 1 − p, exact for p near 1. At 0 a power below 1 has no gradient, and the loss there is 0.
        rest = -torch.expm1(logarithm).clamp(max=-torch.finfo(outputs.dtype).tiny)
        losses = -as_numbers(outputs, targets) * rest**self.gamma * logarithm
        return (losses if weights is None else losses * weights).sum(1).mean()

    def code(self, config: RunConfig) -> Code:
        function = DEFINED.format(gamma=self.gamma, weighed="" if self.class_weights == "none" else " * class_weights")
        return Code(lines=function if self.class_weights == "none" else f"{BALANCED}\n\n\n{function}")


@hookimpl
def register_strategies() -> list[type[Loss]]:
    return [Focal]
