"""Multilayer perceptron."""

from collections import OrderedDict
from itertools import pairwise
from math import prod
from typing import Annotated

from torch import nn

from engine.strategy import DataSpec, Field, Model, Slots, hookimpl


class MLP(Model):
    """Fully connected layers (완전연결층) one after another; each pixel is an input of its own."""

    slots = frozenset({"norm", "dropout"})

    hidden: tuple[Annotated[int, Field(ge=1, le=65_536)], ...] = Field((256, 128), max_length=1_000)
    """Width of each hidden layer (은닉층): more numbers make the network deeper, larger ones make it wider."""

    def build(self, data: DataSpec, slots: Slots) -> nn.Module:
        widths = [prod(data.input_shape), *self.hidden]
        body = nn.Sequential(OrderedDict(flatten=nn.Flatten()))
        for number, (inputs, outputs) in enumerate(pairwise(widths), 1):
            body.add_module(f"layer{number}", fully_connected(inputs, outputs, slots, number / len(self.hidden)))
        return nn.Sequential(OrderedDict(body=body, head=nn.Linear(widths[-1], data.outputs)))


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
