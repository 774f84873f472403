"""What an activation whose gradient vanishes must know of the settings: how far the gradient has to go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.parameter import parameters_of

if TYPE_CHECKING:
    from engine.config import RunConfig
    from engine.strategy import Model


def hidden_layers(model: Model) -> int:
    """The hidden layers that a model's parameters list; 0 where they list none.

    A list of whole numbers of any length, such as the width of each layer, is as long as the network is deep.
    """
    lists = [p.name for p in parameters_of(type(model)) if p.type == "int-list" and p.length is None]
    return max((len(getattr(model, name)) for name in lists), default=0)


def normalised(config: RunConfig) -> bool:
    """Whether norms stand before the activations: they keep what comes in near 0, where no gradient vanishes."""
    return "norm" in config.model.owned or any(regularizer.slot == "norm" for regularizer in config.regularizers)
