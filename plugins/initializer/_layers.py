"""The layers that an initializer draws weights for."""

from collections.abc import Callable, Iterator

from torch import Tensor, nn


def layers(module: nn.Module) -> Iterator[nn.Linear | nn.Conv2d]:
    """The linear and convolution layers in a module, in their order. Norms keep their own start."""
    return (layer for layer in module.modules() if isinstance(layer, (nn.Linear, nn.Conv2d)))


def fill(model: nn.Module, draw: Callable[[Tensor], object]) -> None:
    """Draw the weights of every layer anew, in place, and set its biases to 0."""
    for layer in layers(model):
        draw(layer.weight)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
