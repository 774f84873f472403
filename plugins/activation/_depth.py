"""What activations must know and tell of deep networks: how far signal and gradient have to go."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from engine.message import message
from engine.parameter import parameters_of
from engine.strategy import Advice

if TYPE_CHECKING:
    from engine.config import RunConfig
    from engine.strategy import Model

FADED = 15
"""Hidden layers from which on hardly anything of a signal is left that PyTorch's own weights some halve at each."""
PYTORCHS = ("pytorch-default", "zero-last-layer")
"""Initializers that leave hidden layers the weights that PyTorch gave them."""


def hidden_layers(model: Model) -> int:
    """The hidden layers of a model: what it says itself (`hidden_layers`), else what its parameters list, else 0.

    A list of whole numbers of any length, such as the width of each layer, is as long as the network is deep.
    """
    own = getattr(model, "hidden_layers", None)
    if isinstance(own, int):
        return own
    lists = [p.name for p in parameters_of(type(model)) if p.type == "int-list" and p.length is None]
    return max((len(getattr(model, name)) for name in lists), default=0)


def normalised(config: RunConfig) -> bool:
    """Whether norms stand before the activations: they keep what comes in near 0, where no gradient vanishes."""
    return "norm" in config.model.owned or any(regularizer.slot == "norm" for regularizer in config.regularizers)


def advice_on_fading(config: RunConfig) -> Iterable[Advice]:
    """What an activation of the family of ReLU has to tell of a network too deep for PyTorch's own weights."""
    layers = hidden_layers(config.model)
    if layers >= FADED and config.initializer.id in PYTORCHS and not normalised(config):
        yield Advice("warning", message(
            "signal-fades", "with the weights of {initializer} the signal fades from layer to layer, and hardly any is "
            "left after {layers} hidden ones: start from kaiming, or tick batch-norm",
            initializer=config.initializer.id, layers=layers,
        ))  # fmt: skip
