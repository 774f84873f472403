"""What activations tell of deep networks, through which signal and gradient have far to go."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from engine.message import message
from engine.strategy import Advice

if TYPE_CHECKING:
    from engine.config import RunConfig

FADED = 15
"""Hidden layers from which on hardly anything of a signal is left that PyTorch's own weights some halve at each."""
PYTORCHS = ("pytorch-default", "zero-last-layer")
"""Initializers that leave hidden layers the weights that PyTorch gave them."""


def advice_on_fading(config: RunConfig) -> Iterable[Advice]:
    """What an activation of the family of ReLU has to tell of a network too deep for PyTorch's own weights."""
    layers = config.model.hidden_layers
    if layers >= FADED and config.initializer.id in PYTORCHS and not config.normalised:
        yield Advice("warning", message(
            "signal-fades", "with the weights of {initializer} the signal fades from layer to layer, and hardly any is "
            "left after {layers} hidden ones: start from kaiming, or tick batch-norm",
            initializer=config.initializer.id, layers=layers,
        ))  # fmt: skip
