"""Binary cross-entropy, one class against the rest (Rifkin, Klautau 2004; for images Wightman et al. 2021,
arXiv:2110.00476)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor
from torch.nn import functional

from engine.strategy import Code, Loss, hookimpl
from plugins.loss._targets import as_numbers, number_loss

if TYPE_CHECKING:
    from engine.config import RunConfig


class BCEWithLogits(Loss):
    """For each class a yes or no of its own (sigmoid), against the rest: classes do not share one certainty.

    The mean over samples and classes of `torch.nn.BCEWithLogitsLoss`, which has the sigmoid in it: its gradients are
    smaller by the number of classes than those of a sum over classes, so SGD may want a higher learning rate.
    """

    id = "bce"
    output_activation = "sigmoid"

    def __call__(self, outputs: Tensor, targets: Tensor) -> Tensor:
        return functional.binary_cross_entropy_with_logits(outputs, as_numbers(outputs, targets))

    def code(self, config: RunConfig) -> Code:
        return number_loss("nn.BCEWithLogitsLoss()", config)


@hookimpl
def register_strategies() -> list[type[Loss]]:
    return [BCEWithLogits]
