"""Two hundred steps, bit for bit as PyTorch's object of that name takes them."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from engine.network import build_network, build_optimizer
from engine.strategy import DataSpec
from plugins.optimizer.adagrad import Adagrad
from plugins.optimizer.adam import Adam
from plugins.optimizer.adamw import AdamW
from plugins.optimizer.nadam import NAdam
from plugins.optimizer.rmsprop import RMSprop
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
    "adagrad": (Adagrad(), lambda groups: torch.optim.Adagrad(groups, lr=1.0, fused=True)),
    "adagrad slowing down": (
        Adagrad(lr_decay=0.01, initial_accumulator_value=0.1, eps=1e-6),
        lambda groups: torch.optim.Adagrad(
            groups, lr=1.0, lr_decay=0.01, initial_accumulator_value=0.1, eps=1e-6, fused=True
        ),
    ),
    "rmsprop": (RMSprop(), lambda groups: torch.optim.RMSprop(groups, lr=1.0, foreach=True)),
    "rmsprop alpha": (
        RMSprop(alpha=0.9, eps=1e-6),
        lambda groups: torch.optim.RMSprop(groups, lr=1.0, alpha=0.9, eps=1e-6, foreach=True),
    ),
    "rmsprop momentum": (
        RMSprop(momentum=0.9, centered=True),
        lambda groups: torch.optim.RMSprop(groups, lr=1.0, momentum=0.9, centered=True, foreach=True),
    ),
    "adamw": (AdamW(), lambda groups: torch.optim.AdamW(groups, lr=1.0, weight_decay=0.0, fused=True)),
    "adamw betas": (
        AdamW(beta1=0.8, beta2=0.95, eps=1e-6, amsgrad=True),
        lambda groups: torch.optim.AdamW(
            groups, lr=1.0, betas=(0.8, 0.95), eps=1e-6, amsgrad=True, weight_decay=0.0, fused=True
        ),
    ),
    "nadam": (NAdam(), lambda groups: torch.optim.NAdam(groups, lr=1.0, foreach=True)),
    "nadam betas": (
        NAdam(beta1=0.8, beta2=0.95, eps=1e-6, momentum_decay=0.1),
        lambda groups: torch.optim.NAdam(groups, lr=1.0, betas=(0.8, 0.95), eps=1e-6, momentum_decay=0.1, foreach=True),
    ),
    "nadam decoupled": (
        NAdam(decoupled_weight_decay=True),
        lambda groups: torch.optim.NAdam(groups, lr=1.0, decoupled_weight_decay=True, foreach=True),
    ),
}
"""Ours, and PyTorch's constructed by hand."""


def train(network: nn.Module, optimizer: torch.optim.Optimizer, steps: int = STEPS) -> None:
    """Two hundred steps, if no other number is given, on noise at a rate that changes, as under a schedule."""
    numbers = torch.Generator().manual_seed(1)
    for step in range(steps):
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


@pytest.mark.parametrize("made", [SGD(nesterov=True), SGD(nesterov=True, momentum=0.9, dampening=0.1)], ids=str)
def test_nesterov_that_pytorch_would_refuse_is_told_before_the_run(made):
    with pytest.raises(ValueError, match="Nesterov"):
        made.build([{"params": [("w", nn.Parameter(torch.zeros(1)))]}])
    advice = list(made.advice(config(made, lr=0.1)))
    assert [(each.level, each.field) for each in advice] == [("error", "nesterov")]
    assert list(SGD(nesterov=True, momentum=0.9).advice(config())) == []


OF_EACH = (SGD(), Adam(), Adagrad(), RMSprop(), AdamW(), NAdam())


@pytest.mark.parametrize("made", OF_EACH, ids=lambda made: made.id)
def test_names_and_defaults_are_pytorchs_but_for_rate_decay_and_speed(made):
    ours = made.build([{"params": [("weight", nn.Parameter(torch.zeros(1)))]}])
    theirs = getattr(torch.optim, type(made).__name__)([nn.Parameter(torch.zeros(1))])
    assert type(ours) is type(theirs)
    for options in (ours.defaults, theirs.defaults):
        for name in ("lr", "weight_decay", "fused", "foreach"):
            options.pop(name, None)
    assert ours.defaults == theirs.defaults


@pytest.mark.parametrize("made", OF_EACH, ids=lambda made: made.id)
def test_takes_the_same_way_as_the_plain_loop_in_pytorch(made):
    settings, network, reference = networks(made)
    train(network, build_optimizer(settings, network), steps=50)
    options = {"weight_decay": 0.0, "foreach": False}
    train(reference, getattr(torch.optim, type(made).__name__)(reference.parameters(), lr=1.0, **options), steps=50)
    for name, tensor in reference.state_dict().items():
        torch.testing.assert_close(network.state_dict()[name], tensor, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("made", OF_EACH, ids=lambda made: made.id)
def test_weight_decay_makes_weights_smaller(made):
    norms = []
    for ticked in ([], [WeightDecay(decay=0.05)]):
        settings, network, _ = networks(made, *ticked)
        train(network, build_optimizer(settings, network), steps=50)
        norms.append(network.head.weight.norm())
    assert norms[1] < norms[0]


def shrunk(made, decay: float, steps: int = 3) -> list[float]:
    """A weight of 1 after each of some steps at rate 0.1 without a gradient."""
    weight = nn.Parameter(torch.ones(1))
    optimizer = made.build([{"params": [("weight", weight)], "weight_decay": decay}])
    found = []
    for _ in range(steps):
        weight.grad = torch.zeros(1)
        optimizer.param_groups[0]["lr"] = 0.1
        optimizer.step()
        found.append(weight.item())
    return found


@pytest.mark.parametrize("made", [AdamW(), NAdam(decoupled_weight_decay=True)], ids=lambda made: made.id)
def test_decoupled_decay_takes_the_same_share_of_a_weight_whatever_its_gradient(made):
    assert shrunk(made, 0.5) == pytest.approx([0.95, 0.95**2, 0.95**3], rel=1e-6)


@pytest.mark.parametrize("made", [Adam(), NAdam()], ids=lambda made: made.id)
def test_decay_in_the_gradient_is_divided_by_its_own_size(made):
    assert shrunk(made, 0.5) == pytest.approx(shrunk(made, 0.05), rel=1e-5)
    assert shrunk(made, 0.5)[-1] < 0.8


def test_adamw_without_weight_decay_is_said_to_be_adam_and_is():
    assert [(advice.level, advice.text.code) for advice in AdamW().advice(config())] == [
        ("warning", "adamw-without-decay")
    ]
    assert list(AdamW().advice(config(WeightDecay()))) == []
    ways = []
    for made in (AdamW(), Adam()):
        settings, network, _ = networks(made)
        train(network, build_optimizer(settings, network), steps=50)
        ways.append(network.state_dict())
    assert_same_bits(*ways)


@pytest.mark.parametrize(
    ("momentum", "lr", "slow"),
    [(0.0, 0.001, True), (0.0, 0.0049, True), (0.0, 0.005, False), (0.9, 0.001, False), (0.9, 0.0001, True)],
)
def test_sgd_says_so_where_the_rate_is_one_for_adam(momentum, lr, slow):
    made = SGD(momentum=momentum)
    advice = [(each.level, each.text.code, each.field) for each in made.advice(config(made, lr=lr))]
    assert advice == ([("warning", "slow-sgd", "")] if slow else [])


@pytest.mark.parametrize(
    ("decoupled", "ticked", "code"),
    [
        (False, [], None),
        (False, [WeightDecay()], None),
        (True, [], "nothing-to-decouple"),
        (True, [WeightDecay()], "decoupled-decay-weak"),
        (True, [WeightDecay(decay=0.001)], None),
        (True, [WeightDecay(decay=0.0)], None),
    ],
    ids=str,
)
def test_nadam_says_so_where_there_is_no_decay_to_decouple_or_hardly_any(decoupled, ticked, code):
    made = NAdam(decoupled_weight_decay=decoupled)
    advice = [(each.level, each.text.code, each.field) for each in made.advice(config(made, *ticked))]
    assert advice == ([("warning", code, "decoupled_weight_decay")] if code else [])
    settings, network, reference = networks(made, *ticked)
    train(network, build_optimizer(settings, network), steps=3)
    train(reference, build_optimizer(config(NAdam(), *ticked), reference), steps=3)
    same = torch.equal(network.head.weight, reference.head.weight)
    assert same == (not decoupled or not ticked or ticked[0].decay == 0)


def test_a_rate_of_adagrad_falls_with_every_gradient_and_never_rises():
    weight = nn.Parameter(torch.zeros(1))
    optimizer = Adagrad().build([{"params": [("weight", weight)], "lr": 1.0}])
    rates = []
    for gradient in (1.0, 0.1, 5.0, 0.1, 50.0):
        before, weight.grad = weight.item(), torch.tensor([gradient])
        optimizer.step()
        rates.append((before - weight.item()) / gradient)
    assert rates == sorted(rates, reverse=True)
    assert len(set(rates)) == 5


def test_adagrad_is_fused_on_a_processor_alone():
    for device, fused in (("cpu", True), ("meta", None)):
        weight = nn.Parameter(torch.zeros(2, device=device))
        assert Adagrad().build([{"params": [("weight", weight)]}]).defaults["fused"] is fused
