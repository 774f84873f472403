"""The layer table counts every parameter once."""

from __future__ import annotations

import torch
from torch import nn

from engine.strategy import DataSpec, Model
from engine.summary import layer_table

DATA = DataSpec((6,), 3)


class Odd(nn.Module):
    """Uses a layer twice, keeps a parameter of its own, and a layer that no data pass."""

    def __init__(self):
        super().__init__()
        self.token = nn.Parameter(torch.zeros(5))
        self.shared = nn.Linear(6, 6)
        self.idle = nn.Linear(2, 2)
        self.head = nn.Linear(6, 3)

    def forward(self, inputs):
        return self.head(self.shared(self.shared(inputs)))


class OddModel(Model):
    """A model with an odd network."""

    def build(self, data, slots):
        return Odd()


def test_each_parameter_counts_once_however_often_its_layer_is_used(tiny):
    rows = layer_table(tiny(model=OddModel()), DATA)
    whole = Odd()
    assert sum(row.parameters for row in rows) == sum(p.numel() for p in whole.parameters()) == 74
    assert {row.name: row.parameters for row in rows if row.parameters} == {"": 5, "shared": 42, "idle": 6, "head": 21}


def test_frozen_parameters_are_counted_apart(tiny, monkeypatch):
    build = Odd.__init__

    def frozen(self):
        build(self)
        self.shared.requires_grad_(False)

    monkeypatch.setattr(Odd, "__init__", frozen)
    rows = layer_table(tiny(model=OddModel()), DATA)
    assert sum(row.trainable for row in rows) == 74 - 42
