"""Cross-entropy, with class weights if wanted (King, Zeng 2001, "Logistic regression in rare events data")."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from torch import Tensor
from torch.nn import functional

from engine.strategy import Advice, Code, DataSpec, Loss, hookimpl
from plugins.loss._class_weights import BALANCED, ClassWeights, Weighted, advice_on_weights, balanced

if TYPE_CHECKING:
    from engine.config import RunConfig

WEIGHTED = """\


def loss_function(outputs, y):  # the mean over samples, not over weights
    return nn.functional.cross_entropy(outputs, y, class_weights, reduction="none").mean()"""


class CrossEntropy(Loss):
    """Minus the logarithm of the probability that softmax gives the right class: the loss for classification.

    The network's last layer must not apply a softmax of its own.
    """

    class_weights: ClassWeights = "none"
    """Balanced makes rare classes count as much as common ones, in validation too: by n / (K n_c)."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        return advice_on_weights(self.class_weights, data)

    def prepare(self, data: DataSpec) -> Callable[[Tensor, Tensor], Tensor]:
        if self.class_weights == "none" or not data.class_counts:
            return self
        return Weighted(self.weighted, balanced(data))

    def __call__(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return functional.cross_entropy(outputs, targets)

    def weighted(self, outputs: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        """The sum of the weighted losses over N, not over the batch's own weights: so batches average right."""
        return functional.cross_entropy(outputs, targets, weights, reduction="none").mean()

    def code(self, config: RunConfig) -> Code:
        if self.class_weights == "none":
            return Code(lines="loss_function = nn.CrossEntropyLoss()")
        return Code(lines=f"{BALANCED}\n{WEIGHTED}")


@hookimpl
def register_strategies() -> list[type[Loss]]:
    return [CrossEntropy]
