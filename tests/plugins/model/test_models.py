from __future__ import annotations

import pytest
import torch
from torch import nn

from engine.message import InputError
from engine.strategy import DataSpec, Regularizer, Slots
from plugins.activation.relu import ReLU
from plugins.activation.tanh import Tanh
from plugins.model.cnn import CNN
from plugins.model.linear import Linear
from plugins.model.mlp import MLP
from plugins.regularizer.batch_norm import BatchNorm
from plugins.regularizer.dropout import Dropout
from plugins.regularizer.weight_decay import WeightDecay
from tests.plugins.bench import config

GREY = DataSpec((1, 28, 28), 10)
COLOUR = DataSpec((3, 32, 32), 7)
FEATURES = DataSpec((5,), 2)


def build(model, data, *regularizers, activation=None):
    return model.build(data, Slots(activation or ReLU(), regularizers))


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize(
    ("model", "data", "parameters"),
    [
        (Linear(), GREY, 784 * 10 + 10),
        (Linear(), COLOUR, 3 * 1024 * 7 + 7),
        (Linear(), FEATURES, 5 * 2 + 2),
        (MLP(), GREY, (784 * 256 + 256) + (256 * 128 + 128) + (128 * 10 + 10)),
        (MLP(hidden=(9,)), COLOUR, (3072 * 9 + 9) + (9 * 7 + 7)),
        (MLP(hidden=()), GREY, 784 * 10 + 10),
        (MLP(hidden=(4, 3, 2)), FEATURES, (5 * 4 + 4) + (4 * 3 + 3) + (3 * 2 + 2) + (2 * 2 + 2)),
        (CNN(), GREY, (9 * 32 + 32) + (9 * 32 * 64 + 64) + (7 * 7 * 64 * 128 + 128) + (128 * 10 + 10)),
        (
            CNN(channels=(4, 5, 6), kernel=5, hidden=11),
            COLOUR,
            (25 * 3 * 4 + 4) + (25 * 4 * 5 + 5) + (25 * 5 * 6 + 6) + (4 * 4 * 6 * 11 + 11) + (11 * 7 + 7),
        ),
        (
            CNN(channels=(4, 5), convolutions=2, hidden=11),
            COLOUR,
            (9 * 3 * 4 + 4) + (9 * 4 * 4 + 4) + (9 * 4 * 5 + 5) + (9 * 5 * 5 + 5) + (64 * 5 * 11 + 11) + (11 * 7 + 7),
        ),
    ],
    ids=str,
)
def test_has_as_many_parameters_as_counted_by_hand(model, data, parameters):
    network = build(model, data)
    assert count(network) == parameters
    assert network(torch.zeros(3, *data.input_shape)).shape == (3, data.outputs)


@pytest.mark.parametrize(
    ("model", "features"),
    [
        (Linear(), 0),
        (MLP(hidden=(9, 8)), 9 + 8),
        (CNN(channels=(4, 5), hidden=11), 4 + 5),
        (CNN(channels=(4, 5), convolutions=3), 3 * (4 + 5)),
    ],
    ids=str,
)
def test_batch_norm_adds_a_scale_and_a_shift_per_feature_and_dropout_nothing(model, features):
    plain = build(model, COLOUR)
    assert count(build(model, COLOUR, Dropout())) == count(plain)
    assert count(build(model, COLOUR, Dropout(), BatchNorm())) == count(plain) + 2 * features


def kinds(network: nn.Module) -> list[str]:
    return [type(module).__name__ for module in network.modules() if not isinstance(module, nn.Sequential)]


def test_norm_stands_between_layer_and_activation_and_dropout_after_it():
    both = BatchNorm(), Dropout()
    layer = ["Linear", "BatchNorm1d", "Tanh", "Dropout"]
    assert kinds(build(MLP(hidden=(9, 8)), GREY, *both, activation=Tanh())) == ["Flatten", *layer, *layer, "Linear"]
    block = ["Conv2d", "BatchNorm2d", "Tanh", "MaxPool2d", "Identity"]
    dense = ["Flatten", "Dropout", "Linear", "Tanh", "Dropout", "Linear"]
    assert kinds(build(CNN(channels=(4, 5)), GREY, *both, activation=Tanh())) == [*block, *block, *dense]
    assert "BatchNorm1d" not in kinds(build(Linear(), GREY, *both))


class Channels(Regularizer):
    """Dropout of whole channels."""

    slot = "spatial-dropout"

    def layer(self, place):
        return nn.Dropout2d(0.2)


def test_each_convolution_has_its_norm_and_each_block_drops_channels_once_it_is_pooled():
    layer = ["Conv2d", "BatchNorm2d", "Tanh"]
    block = [*layer, *layer, "MaxPool2d", "Dropout2d"]
    network = build(CNN(channels=(4, 5), convolutions=2), GREY, BatchNorm(), Channels(), activation=Tanh())
    assert kinds(network.body)[: 2 * len(block)] == [*block, *block]
    assert network.body.block2.convolution2(torch.zeros(1, 5, 14, 14)).shape == (1, 5, 14, 14)


def test_the_names_of_a_plain_cnn_are_those_in_the_checkpoints_that_there_are():
    layers = ["body.block1.convolution", "body.block2.convolution", "body.linear", "head"]
    assert list(build(CNN(), GREY).state_dict()) == [
        f"{layer}.{kind}" for layer in layers for kind in ("weight", "bias")
    ]


class Places(Slots):
    """Keeps the places that a model asks for."""

    def __init__(self):
        super().__init__(ReLU())
        self.asked = []

    def layer(self, slot, features, dimensions=0, depth=1.0):
        self.asked.append((slot, features, dimensions, round(depth, 6)))
        return super().layer(slot, features, dimensions, depth)


@pytest.mark.parametrize(
    ("model", "places"),
    [
        (Linear(), []),
        (
            MLP(hidden=(9, 8)),
            [("norm", 9, 0, 0.5), ("dropout", 9, 0, 0.5), ("norm", 8, 0, 1), ("dropout", 8, 0, 1)],
        ),
        (
            CNN(channels=(4, 5), convolutions=2, hidden=11),
            [
                ("norm", 4, 2, 0.2),
                ("norm", 4, 2, 0.4),
                ("spatial-dropout", 4, 2, 0.4),
                ("norm", 5, 2, 0.6),
                ("norm", 5, 2, 0.8),
                ("spatial-dropout", 5, 2, 0.8),
                ("dropout", 5 * 7 * 7, 0, 0.8),
                ("dropout", 11, 0, 1),
            ],
        ),
    ],
    ids=str,
)
def test_a_slot_is_told_its_features_and_how_many_of_the_layers_lie_before_it(model, places):
    slots = Places()
    model.build(GREY, slots)
    assert slots.asked == places


def test_an_empty_slot_is_an_identity():
    assert kinds(build(MLP(hidden=(9,)), GREY)) == ["Flatten", "Linear", "Identity", "ReLU", "Identity", "Linear"]


def test_a_technique_without_a_place_in_the_model_is_an_error_that_names_both():
    settings = config(Linear(), Dropout(), BatchNorm())
    errors = [(id, advice.text.values["slot"]) for id, advice in settings.advice() if advice.level == "error"]
    assert errors == [("dropout", "dropout"), ("batch-norm", "norm")]
    with pytest.raises(InputError, match=r"linear .*dropout"):
        settings.check()


@pytest.mark.parametrize("data", [FEATURES, DataSpec((1, 3, 28), 10), DataSpec((1, 28, 3), 10)], ids=str)
def test_a_cnn_says_so_where_the_input_is_too_small_for_its_layers(data):
    with pytest.raises(InputError, match="too small for a CNN of 2 blocks"):
        build(CNN(channels=(2, 2)), data)


def test_a_cnn_fits_the_smallest_image_that_it_takes():
    network = build(CNN(channels=(2, 2), hidden=3), DataSpec((1, 4, 5), 10))
    assert network(torch.zeros(2, 1, 4, 5)).shape == (2, 10)


def test_an_even_kernel_is_an_error_before_the_run():
    errors = {kernel: [a.field for a in CNN(kernel=kernel).advice(config())] for kernel in range(1, 12)}
    assert errors == {kernel: [] if kernel % 2 else ["kernel"] for kernel in range(1, 12)}


@pytest.mark.parametrize("kernel", [1, 5, 11])
def test_a_kernel_of_any_odd_size_keeps_the_size_of_the_image(kernel):
    block = build(CNN(channels=(2,), kernel=kernel), GREY).body.block1
    assert block(torch.zeros(1, 1, 28, 28)).shape == (1, 2, 14, 14)


@pytest.mark.parametrize("model", [Linear(), MLP(hidden=())], ids=repr)
def test_an_activation_that_no_layer_takes_is_told(model):
    assert list(model.advice(config(model))) == []
    [advice] = model.advice(config(model, Tanh()))
    assert advice.level == "warning"
    assert str(advice.text) == f"{model.id} has no hidden layers here: the chosen activation tanh is not used"
    assert not any(isinstance(module, nn.Tanh) for module in build(model, GREY, activation=Tanh()).modules())
    assert list(MLP().advice(config(MLP(), Tanh()))) == []


def test_layers_that_a_network_without_hidden_ones_has_no_place_for_are_told():
    ticked = (Dropout(), BatchNorm(), WeightDecay())
    bare = MLP(hidden=())
    advice = [(a.level, a.field, a.text.values["id"]) for a in bare.advice(config(bare, *ticked))]
    assert advice == [("warning", "hidden", "dropout"), ("warning", "hidden", "batch-norm")]
    assert not any(isinstance(m, (nn.Dropout, nn.BatchNorm1d)) for m in build(bare, GREY, *ticked).modules())
    assert list(MLP(hidden=(3,)).advice(config(MLP(hidden=(3,)), *ticked))) == []


@pytest.mark.parametrize(
    "model",
    [Linear(), MLP(), MLP(hidden=()), MLP(hidden=(4,) * 7), CNN(), CNN(channels=(4,) * 4, convolutions=3)],
    ids=repr,
)
def test_the_hidden_layers_are_those_with_an_activation(model):
    assert model.hidden_layers == sum(isinstance(m, nn.ReLU) for m in build(model, GREY).modules())
