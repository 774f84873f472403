"""A last layer that starts at zero (as in Fixup: Zhang, Dauphin, Ma 2019, arXiv:1901.09321)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn

from engine.message import InputError
from engine.strategy import Code, Initializer, hookimpl
from plugins.initializer._layers import layers

if TYPE_CHECKING:
    from engine.config import RunConfig

ZEROED = """\
last = [layer for layer in model.modules() if isinstance(layer, (nn.Linear, nn.Conv2d))][-1]
nn.init.zeros_(last.weight)
if last.bias is not None:
    nn.init.zeros_(last.bias)"""


class ZeroLastLayer(Initializer):
    """PyTorch's own weights, but zeros in the last layer: at first all classes are equally likely to the network.

    So the first cross-entropy is ln K for K classes, whatever the other layers. In the very first step only the last
    layer learns, as no gradient passes through weights of 0.
    """

    def apply(self, model: nn.Module) -> None:
        head = list(layers(model.head))  # type: ignore[arg-type]
        if not head:
            raise InputError(
                "no-last-layer",
                "the head of the model has no linear layer to set to 0: choose another initializer",
            )
        nn.init.zeros_(head[-1].weight)
        if head[-1].bias is not None:
            nn.init.zeros_(head[-1].bias)

    def code(self, config: RunConfig) -> Code:
        return Code(lines=ZEROED)


@hookimpl
def register_strategies() -> list[type[Initializer]]:
    return [ZeroLastLayer]
