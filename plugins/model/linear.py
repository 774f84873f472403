"""Softmax regression (Bridle 1990, "Probabilistic interpretation of feedforward classification network outputs")."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from math import prod
from typing import TYPE_CHECKING

from torch import nn

from engine.code import sequential
from engine.strategy import Advice, Code, DataSpec, Effect, Model, Slots, Strategy, Verdict, hookimpl
from plugins.model._hidden import advice_on_activation
from plugins.model.mlp import MLP

if TYPE_CHECKING:
    from engine.config import RunConfig


class Linear(Model):
    """One linear layer from pixels to classes (softmax regression): the simplest model, a yardstick for the others."""

    remedies = {"underfitting": Effect(best=1.0)}

    @property
    def hidden_layers(self) -> int:
        """How many layers with an activation lie between input and output."""
        return 0

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        return advice_on_activation(config)

    def as_remedy(self, verdict: Verdict, config: RunConfig) -> Strategy:
        return MLP()

    def build(self, data: DataSpec, slots: Slots) -> nn.Module:
        return nn.Sequential(OrderedDict(body=nn.Flatten(), head=nn.Linear(prod(data.input_shape), data.outputs)))

    def code(self, config: RunConfig) -> Code:
        layers = ["nn.Flatten()", "nn.Linear(inputs[0].numel(), classes)"]
        return Code(lines=f"model = {sequential(layers)}", head="model[-1]")


@hookimpl
def register_strategies() -> list[type[Model]]:
    return [Linear]
