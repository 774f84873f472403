"""PyTorch's own initial weights."""

from torch import nn

from engine.strategy import Initializer, hookimpl


class PyTorchDefault(Initializer):
    """As PyTorch's layers initialise themselves: uniform, within 1/√(inputs of the layer)."""

    id = "pytorch-default"

    def apply(self, model: nn.Module) -> None:
        """Leave the weights as the layers drew them."""


@hookimpl
def register_strategies() -> list[type[Initializer]]:
    return [PyTorchDefault]
