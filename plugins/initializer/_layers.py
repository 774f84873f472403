"""The layers that an initializer draws weights for, and what it tells where others' weights take their place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from torch import Tensor, nn

from engine.message import message
from engine.strategy import Advice, Code

if TYPE_CHECKING:
    from engine.config import RunConfig


def layers(module: nn.Module) -> Iterator[nn.Linear | nn.Conv2d]:
    """The linear and convolution layers in a module, in their order. Norms keep their own start."""
    return (layer for layer in module.modules() if isinstance(layer, (nn.Linear, nn.Conv2d)))


def fill(model: nn.Module, draw: Callable[[Tensor], object]) -> None:
    """Draw the weights of every layer anew, in place, and set its biases to 0."""
    for layer in layers(model):
        draw(layer.weight)
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)


def filled(draw: str) -> Code:
    """The same in the script of a run: `draw` is a function of torch.nn.init with its arguments, `{}` the weights."""
    return Code(lines=FILLED.format(draw=draw.format("layer.weight")))


FILLED = """\
for layer in model.modules():
    if isinstance(layer, (nn.Linear, nn.Conv2d)):
        nn.init.{draw}
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)"""


def brings_weights(config: RunConfig) -> bool:
    """Whether the model has weights of its own, which take the place of the initial ones in all but its head."""
    plain = getattr(config.model, "weights", "none") != "none"
    return plain or bool(getattr(config.model, "weights_file", ""))


def advice_on_own_weights(config: RunConfig) -> Iterable[Advice]:
    """What an initializer of every layer has to tell where the model brings weights."""
    if brings_weights(config):
        yield Advice("warning", message(
            "head-alone", "the model {model} brings weights of its own: its last layer alone starts from these",
            model=config.model.id,
        ))  # fmt: skip
