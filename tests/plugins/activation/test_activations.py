from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from engine.network import build_network
from engine.strategy import DataSpec
from plugins.activation.elu import ELU
from plugins.activation.gelu import GELU
from plugins.activation.leaky_relu import LeakyReLU
from plugins.activation.relu import ReLU
from plugins.activation.sigmoid import Sigmoid
from plugins.activation.silu import SiLU
from plugins.activation.tanh import Tanh
from tests.plugins.bench import config, named, strategy


@pytest.mark.parametrize(
    ("activation", "module", "formula"),
    [
        (ReLU(), nn.ReLU, lambda x: x.clamp(min=0)),
        (Tanh(), nn.Tanh, lambda x: 1 - 2 / ((2 * x).exp() + 1)),
        (Sigmoid(), nn.Sigmoid, lambda x: 1 / (1 + (-x).exp())),
        (LeakyReLU(), nn.LeakyReLU, lambda x: torch.where(x > 0, x, 0.01 * x)),
        (LeakyReLU(negative_slope=0.2), nn.LeakyReLU, lambda x: torch.where(x > 0, x, 0.2 * x)),
        (GELU(), nn.GELU, lambda x: x * (1 + torch.erf(x / math.sqrt(2))) / 2),
        (
            GELU(approximate="tanh"), nn.GELU,
            lambda x: x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) / 2,
        ),
        (SiLU(), nn.SiLU, lambda x: x / (1 + (-x).exp())),
        (ELU(), nn.ELU, lambda x: torch.where(x > 0, x, x.exp() - 1)),
        (ELU(alpha=0.5), nn.ELU, lambda x: torch.where(x > 0, x, (x.exp() - 1) / 2)),
    ],
    ids=named,
)  # fmt: skip
def test_is_pytorchs_module_and_what_its_explanation_says(activation, module, formula):
    built = activation.build()
    assert type(built) is module
    inputs = torch.linspace(-5, 5, 101, dtype=torch.float64)
    torch.testing.assert_close(built(inputs.clone()), formula(inputs))


@pytest.mark.parametrize("activation", [LeakyReLU(), GELU(), ELU()], ids=str)
def test_names_and_defaults_are_pytorchs(activation):
    theirs = type(activation.build())()
    assert {name: getattr(theirs, name) for name, _ in activation} == dict(activation)


# --- gradients that vanish ------------------------------------------------------------------------


def warned(*strategies) -> list[str]:
    """The codes of what the activation of these settings has to tell."""
    settings = config(*strategies)
    return [advice.text.code for advice in settings.activation.advice(settings)]


def mlp(layers):
    return strategy("mlp", hidden=(16,) * layers)


@pytest.mark.parametrize(
    ("id", "deep", "told"),
    [("sigmoid", 5, ["sigmoid-vanishes"]), ("tanh", 10, ["tanh-shrinks"]), ("relu", 10, []), ("silu", 10, [])],
)
def test_a_gradient_that_vanishes_in_a_deep_network_is_told(id, deep, told):
    assert warned(strategy(id), mlp(deep - 1)) == []
    assert warned(strategy(id), mlp(deep)) == told
    assert warned(strategy(id), strategy("cnn", channels=(4,) * (deep - 2))) == [], "and a fully connected one"
    assert warned(strategy(id), strategy("cnn", channels=(4,) * (deep - 1))) == told
    assert warned(strategy(id), strategy("wide", widths=(4,) * deep)) == told, "whoever wrote the model"
    assert warned(strategy(id), strategy("linear")) == []


def test_every_convolution_of_a_block_is_a_layer():
    assert warned(strategy("sigmoid"), strategy("cnn", channels=(4, 4), convolutions=1)) == []
    assert warned(strategy("sigmoid"), strategy("cnn", channels=(4, 4), convolutions=2)) == ["sigmoid-vanishes"]
    settings = config(strategy("sigmoid"), strategy("cnn", channels=(4, 4), convolutions=6))
    [advice] = settings.activation.advice(settings)
    assert advice.text.values["layers"] == 13
    built = build_network(settings, DataSpec((1, 28, 28), 3))
    assert sum(isinstance(module, nn.Sigmoid) for module in built.modules()) == 13


@pytest.mark.parametrize("id", ["relu", "leaky-relu", "gelu", "silu", "elu"])
def test_a_signal_that_fades_with_pytorchs_weights_is_told(id):
    for initializer in ("pytorch-default", "zero-last-layer"):
        assert warned(strategy(id), mlp(14), strategy(initializer)) == []
        assert warned(strategy(id), mlp(15), strategy(initializer)) == ["signal-fades"]
    for better in ("kaiming", "batch-norm", "xavier"):
        assert warned(strategy(id), mlp(30), strategy(better)) == []


def hears(layers, *strategies) -> float:
    """How much the outputs for different inputs differ, as a share of how different the inputs are."""
    network = build_network(config(strategy("mlp", hidden=(64,) * layers), *strategies), DataSpec((1, 28, 28), 10))
    inputs = torch.randn(64, 1, 28, 28, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        return (network(inputs).std(0).norm() / inputs.std(0).norm()).item()


@pytest.mark.parametrize("id", ["relu", "leaky-relu", "gelu", "silu", "elu"])
def test_a_signal_fades_with_pytorchs_weights(id):
    assert hears(15, strategy(id)) < 1e-4
    assert hears(15, strategy(id), strategy("kaiming")) > 1e3 * hears(15, strategy(id))
    assert hears(15, strategy(id), strategy("batch-norm")) > 1e2 * hears(15, strategy(id))


@pytest.mark.parametrize("id", ["sigmoid", "tanh"])
def test_it_is_not_told_where_a_norm_keeps_the_signal(id):
    assert warned(strategy(id), mlp(12), strategy("batch-norm")) == []
    assert warned(strategy(id), mlp(12), strategy("sample-norm")) == [], "any technique that fills the slot"
    assert warned(strategy(id), mlp(12), strategy("dropout")) != []


def test_it_is_not_told_where_the_model_has_norms_of_its_own():
    class Normed(type(mlp(12))):
        """An MLP that says it has norms."""

        slots = frozenset()
        owned = frozenset({"norm"})

    assert warned(strategy("sigmoid"), Normed(hidden=(16,) * 12)) == []


def test_tanh_is_content_with_the_weights_that_were_made_for_it():
    assert warned(strategy("tanh"), mlp(10), strategy("small-normal")) == ["tanh-shrinks"]
    for id in ("kaiming", "orthogonal", "xavier"):
        assert warned(strategy("tanh"), mlp(10), strategy(id)) == []
    assert warned(strategy("sigmoid"), mlp(12), strategy("xavier")) == ["sigmoid-vanishes"]


def test_the_warning_counts_the_layers():
    settings = config(strategy("sigmoid"), mlp(7))
    [advice] = settings.activation.advice(settings)
    assert advice.level == "warning"
    assert "7 hidden layers" in str(advice.text)


def share_that_arrives(layers, *strategies) -> float:
    """The first layer's gradient, as a share of its weights, in the last one's."""
    network = build_network(config(strategy("mlp", hidden=(64,) * layers), *strategies), DataSpec((1, 28, 28), 10))
    generator = torch.Generator().manual_seed(1)
    inputs = torch.randn(64, 1, 28, 28, generator=generator)
    nn.functional.cross_entropy(network(inputs), torch.arange(64) % 10).backward()
    weights = [p for p in network.parameters() if p.ndim > 1]
    assert len(weights) == layers + 1
    first, last = (weights[place].grad.norm() / weights[place].norm() for place in (0, -1))
    return (first / last).item()


def test_what_the_warnings_say_is_so():
    assert share_that_arrives(5, strategy("sigmoid")) < 1e-3
    assert share_that_arrives(5, strategy("sigmoid"), strategy("batch-norm")) > 0.3
    assert share_that_arrives(5, strategy("relu"), strategy("kaiming")) > 0.3
    shares = [share_that_arrives(layers, strategy("tanh")) for layers in (5, 10, 20)]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 0.5
    assert shares[1] < 0.5
    assert shares[2] < 0.01
    for id in ("kaiming", "orthogonal", "xavier", "batch-norm"):
        assert share_that_arrives(20, strategy("tanh"), strategy(id)) > 0.5
