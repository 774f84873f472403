"""Multilayer perceptron (Rosenblatt 1958, "The perceptron"; of several layers Rumelhart, Hinton, Williams 1986,
"Learning representations by back-propagating errors")."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING, Annotated

from torch import nn

from engine.code import WrittenSlots, sequential
from engine.message import message
from engine.strategy import Advice, Code, DataSpec, Effect, Field, Model, Slots, Strategy, Verdict, hookimpl
from plugins.model._hidden import advice_on_activation
from plugins.model._widths import narrower, wider

if TYPE_CHECKING:
    from engine.config import RunConfig


WIDTH = 64
"""Of a hidden layer that is no longer too narrow, at least."""


class MLP(Model):
    """Fully connected layers (완전연결층) one after another; each pixel is an input of its own."""

    remedies = {"underfitting": Effect(best=1.0), "overfitting": Effect(gap=1.0)}
    slots = frozenset({"norm", "dropout"})

    hidden: tuple[Annotated[int, Field(ge=1, le=65_536)], ...] = Field((256, 128), max_length=1_000)
    """Width of each hidden layer (은닉층): more numbers make the network deeper, larger ones make it wider."""

    @property
    def hidden_layers(self) -> int:
        """How many layers with an activation lie between input and output."""
        return len(self.hidden)

    def as_remedy(self, verdict: Verdict, config: RunConfig) -> Strategy:
        if verdict == "underfitting":
            return type(self)(hidden=wider(self.hidden, WIDTH) or (WIDTH,))
        return type(self)(hidden=narrower(self.hidden))

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        if self.hidden:
            return
        yield from advice_on_activation(config)
        for regularizer in config.regularizers:
            if regularizer.slot in self.slots:
                yield Advice("warning", message(
                    "no-place", "without hidden layers there is no place for {id}: list the width of one, or untick "
                    "{id}", id=regularizer.id,
                ), "hidden")  # fmt: skip

    def build(self, data: DataSpec, slots: Slots) -> nn.Module:
        body = self._body(data, slots)
        return nn.Sequential(OrderedDict(body=body, head=nn.Linear(self._widths(data)[-1], data.outputs)))

    def _widths(self, data: DataSpec) -> list[int]:
        return [prod(data.input_shape), *self.hidden]

    def _body(self, data: DataSpec, slots: Slots) -> nn.Module:
        """From `[N, *data.input_shape]` to what the last hidden layer gives."""
        body = nn.Sequential(OrderedDict(flatten=nn.Flatten()))
        for number, (inputs, outputs) in enumerate(pairwise(self._widths(data)), 1):
            body.add_module(f"layer{number}", fully_connected(inputs, outputs, slots, number / len(self.hidden)))
        return body

    def code(self, config: RunConfig) -> Code:
        width = str(self.hidden[-1]) if self.hidden else "inputs[0].numel()"
        layers = [*self._written_body(config), f"nn.Linear({width}, classes)"]
        return Code(lines=f"model = {sequential(layers)}", head="model[-1]")

    def _written_body(self, config: RunConfig) -> list[str]:
        slots, width = WrittenSlots(config), "inputs[0].numel()"
        layers = ["nn.Flatten()"]
        for number, outputs in enumerate(self.hidden, 1):
            depth = number / len(self.hidden)
            layers += [f"nn.Linear({width}, {outputs})", *slots.layer("norm", outputs, depth=depth)]
            layers += [*slots.activation(), *slots.layer("dropout", outputs, depth=depth)]
            width = str(outputs)
        return layers


def fully_connected(inputs: int, outputs: int, slots: Slots, depth: float) -> nn.Module:
    """A linear layer with its norm, activation and dropout, so deep in the network."""
    return nn.Sequential(
        OrderedDict(
            linear=nn.Linear(inputs, outputs),
            norm=slots.layer("norm", outputs, depth=depth),
            activation=slots.activation(),
            dropout=slots.layer("dropout", outputs, depth=depth),
        )
    )


@hookimpl
def register_strategies() -> list[type[Model]]:
    return [MLP]
