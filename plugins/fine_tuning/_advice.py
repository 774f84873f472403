"""What all ways of fine-tuning say of settings, in the same words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from engine.frozen.features import ends_caching
from engine.message import message
from engine.strategy import Advice
from plugins.initializer._layers import brings_weights

if TYPE_CHECKING:
    from engine.config import RunConfig


def advice_on_weights(config: RunConfig) -> Iterable[Advice]:
    """Of a network that has learned nothing yet."""
    if not brings_weights(config) and config.initializer.id != "from-checkpoint":
        yield Advice("warning", message(
            "nothing-pretrained", "the network starts from random weights, and those it keeps from changing stay "
            "random: take a model with weights, or the initializer from-checkpoint",
        ))  # fmt: skip


def advice_on_caching(config: RunConfig) -> Iterable[Advice]:
    """Of techniques with which the frozen body must run in every epoch."""
    ids = ends_caching(config)
    if ids:
        yield Advice("warning", message(
            "ends-caching", "what the frozen body gives for an image is computed once, and then the head alone runs; "
            "not so with {ids}: the whole network runs in every epoch", ids=", ".join(ids),
        ))  # fmt: skip
