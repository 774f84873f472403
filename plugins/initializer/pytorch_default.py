"""PyTorch's own initial weights (`torch.nn.Linear`, `torch.nn.Conv2d`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import nn

from engine.strategy import Code, Initializer, hookimpl

if TYPE_CHECKING:
    from engine.config import RunConfig


class PyTorchDefault(Initializer):
    """As PyTorch's layers initialise themselves: uniform, within 1/√(inputs of the layer).

    torchvision's models initialise themselves in another way, their convolutions as Kaiming does with `fan_out`.
    """

    id = "pytorch-default"

    def apply(self, model: nn.Module) -> None:
        """Leave the weights as the layers drew them."""

    def code(self, config: RunConfig) -> Code:
        return Code()


@hookimpl
def register_strategies() -> list[type[Initializer]]:
    return [PyTorchDefault]
