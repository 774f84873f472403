"""Cross-entropy."""

from torch import Tensor
from torch.nn import functional

from engine.strategy import Loss, hookimpl


class CrossEntropy(Loss):
    """Minus the logarithm of the probability that softmax gives the right class: the loss for classification.

    The network's last layer must not apply a softmax of its own.
    """

    def __call__(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return functional.cross_entropy(outputs, targets)


@hookimpl
def register_strategies() -> list[type[Loss]]:
    return [CrossEntropy]
