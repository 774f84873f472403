"""The layer table counts every parameter once."""

from __future__ import annotations

import torch
from torch import nn

from engine.preview.summary import layer_table, network_table
from engine.strategy import DataSpec, Model

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


class HalfFrozenModel(Model):
    """The same, with a layer that is not trained."""

    def build(self, data, slots):
        network = Odd()
        network.shared.requires_grad_(False)
        return network


def test_frozen_parameters_are_counted_apart(tiny):
    rows = layer_table(tiny(model=HalfFrozenModel()), DATA)
    assert sum(row.trainable for row in rows) == 74 - 42


def test_a_layer_used_again_is_listed_again_and_says_so(tiny):
    rows = [row for row in layer_table(tiny(model=OddModel()), DATA) if row.name == "shared"]
    assert [(row.again, row.parameters) for row in rows] == [(False, 42), (True, 0)]
    assert rows[1].tensors == (("weight", (6, 6)), ("bias", (6,)))


def test_the_technique_that_put_a_layer_there_is_named(tiny):
    config = tiny(ticked=["batch-norm", "dropout", "weight-decay"])
    rows = layer_table(config, DataSpec((1, 8, 8), 4))
    named = {row.name: row.technique for row in rows if row.technique}
    assert named == {f"body.layer{n}.{slot}": id for n in (1, 2) for slot, id in NORM_AND_DROPOUT}
    assert {row.technique for row in layer_table(tiny(), DataSpec((1, 8, 8), 4))} == {""}


NORM_AND_DROPOUT = (("norm", "batch-norm"), ("dropout", "dropout"))


def test_blocks_have_the_shape_of_what_they_give(tiny, catalogue):
    network = network_table(tiny(model="cnn:channels=4+8"), DataSpec((3, 8, 8), 4))
    shapes = {block.name: block.output_shape for block in network.blocks}
    assert shapes["body.block1"] == (1, 4, 4, 4) and shapes["body.block2"] == (1, 8, 2, 2)
    assert network.input_shape == (1, 3, 8, 8) and network.layers[-1].name == "head"


def test_all_parameters_in_bytes(tiny):
    network = network_table(tiny(model=OddModel()), DATA)
    assert (network.parameters, network.trainable, network.bytes) == (74, 74, 4 * 74)


def test_the_same_network_is_told_once_and_another_anew(tiny):
    data = DataSpec((1, 8, 8), 4)
    first = network_table(tiny(seed=1), data)
    assert network_table(tiny(seed=2, lr=0.5), data) is first
    for other in (tiny(model="mlp:hidden=12+9"), tiny(ticked=["dropout"]), tiny(ticked=["freeze-body"])):
        assert network_table(other, data) != first
    assert network_table(tiny(), DataSpec((1, 8, 8), 5)) != first
