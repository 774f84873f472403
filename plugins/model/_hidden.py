"""What a model without hidden layers has to tell."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from engine.message import message
from engine.strategy import Advice

if TYPE_CHECKING:
    from engine.config import RunConfig


def advice_on_activation(config: RunConfig) -> Iterable[Advice]:
    """An activation stands after a hidden layer, so one that was chosen is not used."""
    if config.activation.id != "relu":
        yield Advice("warning", message(
            "no-activation", "{model} has no hidden layers here: the chosen activation {activation} is not used",
            model=config.model.id, activation=config.activation.id,
        ))  # fmt: skip
