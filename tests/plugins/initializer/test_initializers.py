from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from plugins.initializer.kaiming import Kaiming
from plugins.initializer.pytorch_default import PyTorchDefault
from tests.plugins.bench import assert_same_bits


def network() -> nn.Sequential:
    torch.manual_seed(1)
    return nn.Sequential(nn.Conv2d(3, 40, 5), nn.BatchNorm2d(40), nn.Flatten(), nn.Linear(400, 300, bias=False))


def test_pytorchs_default_leaves_the_layers_own_weights():
    plain, initialised = network(), network()
    PyTorchDefault().apply(initialised)
    assert_same_bits(initialised.state_dict(), plain.state_dict())


def test_kaiming_equals_pytorchs_function_and_spares_norms():
    ours, theirs = network(), network()
    torch.manual_seed(2)
    Kaiming().apply(ours)
    torch.manual_seed(2)
    for layer in (theirs[0], theirs[3]):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    nn.init.zeros_(theirs[0].bias)
    assert_same_bits(ours.state_dict(), theirs.state_dict())


@pytest.mark.parametrize(("layer", "inputs"), [(0, 3 * 25), (3, 400)])
def test_kaiming_has_the_deviation_that_the_paper_gives(layer, inputs):
    model = network()
    Kaiming().apply(model)
    assert model[layer].weight.std().item() == pytest.approx(math.sqrt(2 / inputs), rel=0.05)


def test_kaiming_keeps_the_size_of_the_signal_through_layers_of_relu():
    torch.manual_seed(3)
    sizes = {}
    for initializer in (Kaiming(), PyTorchDefault()):
        model = nn.Sequential(*(layer for _ in range(20) for layer in (nn.Linear(200, 200), nn.ReLU())))
        initializer.apply(model)
        sizes[initializer.id] = model(torch.randn(100, 200)).square().mean().sqrt().item()
    assert 0.2 < sizes["kaiming"] < 5
    assert sizes["pytorch-default"] < 0.1
