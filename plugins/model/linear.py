"""Softmax regression."""

from collections import OrderedDict
from math import prod

from torch import nn

from engine.strategy import DataSpec, Model, Slots, hookimpl


class Linear(Model):
    """One linear layer from pixels to classes (softmax regression): the simplest model, a yardstick for the others."""

    def build(self, data: DataSpec, slots: Slots) -> nn.Module:
        return nn.Sequential(OrderedDict(body=nn.Flatten(), head=nn.Linear(prod(data.input_shape), data.outputs)))


@hookimpl
def register_strategies() -> list[type[Model]]:
    return [Linear]
