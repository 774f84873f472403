"""Two hundred steps, bit for bit as PyTorch's object of that name takes them."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from engine.network import build_network, build_optimizer
from engine.strategy import DataSpec
from plugins.optimizer.adam import Adam
from plugins.optimizer.sgd import SGD
from plugins.regularizer.batch_norm import BatchNorm
from plugins.regularizer.weight_decay import WeightDecay
from tests.plugins.bench import assert_same_bits, config

STEPS = 200
CASES = {
    "sgd": (SGD(), lambda groups: torch.optim.SGD(groups, lr=1.0, fused=True)),
    "momentum": (SGD(momentum=0.9), lambda groups: torch.optim.SGD(groups, lr=1.0, momentum=0.9, fused=True)),
    "dampening": (
        SGD(momentum=0.8, dampening=0.3),
        lambda groups: torch.optim.SGD(groups, lr=1.0, momentum=0.8, dampening=0.3, fused=True),
    ),
    "nesterov": (
        SGD(momentum=0.9, nesterov=True),
        lambda groups: torch.optim.SGD(groups, lr=1.0, momentum=0.9, nesterov=True, fused=True),
    ),
    "adam": (Adam(), lambda groups: torch.optim.Adam(groups, lr=1.0, fused=True)),
    "adam betas": (
        Adam(beta1=0.8, beta2=0.95, eps=1e-6),
        lambda groups: torch.optim.Adam(groups, lr=1.0, betas=(0.8, 0.95), eps=1e-6, fused=True),
    ),
    "amsgrad": (Adam(amsgrad=True), lambda groups: torch.optim.Adam(groups, lr=1.0, amsgrad=True, fused=True)),
}
"""Ours, and PyTorch's constructed by hand."""


def train(network: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    """Two hundred steps on noise at a rate that changes, as under a schedule."""
    numbers = torch.Generator().manual_seed(1)
    for step in range(STEPS):
        images = torch.randn(8, 1, 8, 8, generator=numbers)
        targets = torch.randint(0, 3, (8,), generator=numbers)
        optimizer.zero_grad()
        nn.functional.cross_entropy(network(images), targets).backward()
        for group in optimizer.param_groups:
            group["lr"] = 0.01 / (1 + step % 5)
        optimizer.step()


def networks(*regularizers):
    settings = config(*regularizers)
    network = build_network(settings, DataSpec((1, 8, 8), 3))
    return settings, network, copy.deepcopy(network)


def decayed(network: nn.Module, decay: float) -> list[dict]:
    """Hand-made groups: weights of the layers decay, biases and norms don't."""
    layers = [m for m in network.modules() if isinstance(m, (nn.Linear, nn.Conv2d))]
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    spared = [layer.bias for layer in layers] + [p for norm in norms for p in norm.parameters()]
    return [
        {"params": [layer.weight for layer in layers], "weight_decay": decay},
        {"params": spared, "weight_decay": 0.0},
    ]


@pytest.mark.parametrize("name", CASES)
def test_equals_pytorchs_object(name):
    ours, make_theirs = CASES[name]
    settings, network, reference = networks(ours)
    start = copy.deepcopy(network.state_dict())
    train(network, build_optimizer(settings, network))
    train(reference, make_theirs(reference.parameters()))
    assert not torch.equal(start["head.weight"], network.state_dict()["head.weight"])
    assert_same_bits(network.state_dict(), reference.state_dict())


@pytest.mark.parametrize("name", CASES)
def test_weight_decay_equals_pytorchs_option_on_the_weights_of_layers(name):
    ours, make_theirs = CASES[name]
    settings, network, reference = networks(ours, BatchNorm(), WeightDecay(decay=0.05))
    train(network, build_optimizer(settings, network))
    train(reference, make_theirs(decayed(reference, 0.05)))
    assert_same_bits(network.state_dict(), reference.state_dict())

    settings, plain, _ = networks(ours, BatchNorm())
    train(plain, build_optimizer(settings, plain))
    assert plain.head.weight.norm() > network.head.weight.norm()


@pytest.mark.parametrize("made", [SGD(nesterov=True), SGD(nesterov=True, momentum=0.9, dampening=0.1)], ids=str)
def test_nesterov_that_pytorch_would_refuse_is_told_before_the_run(made):
    with pytest.raises(ValueError, match="Nesterov"):
        made.build([{"params": [("w", nn.Parameter(torch.zeros(1)))]}])
    assert [(advice.level, advice.field) for advice in made.advice(config(made))] == [("error", "nesterov")]
    assert list(SGD(nesterov=True, momentum=0.9).advice(config())) == []
