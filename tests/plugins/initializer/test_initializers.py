from __future__ import annotations

import math
from functools import partial

import pytest
import torch
from torch import nn

from engine.message import InputError
from engine.trainer import Trainer
from plugins.initializer.kaiming import Kaiming
from plugins.initializer.orthogonal import Orthogonal
from plugins.initializer.pytorch_default import PyTorchDefault
from plugins.initializer.small_normal import SmallNormal
from plugins.initializer.xavier import Xavier
from plugins.initializer.zero_last_layer import ZeroLastLayer
from tests.plugins.bench import assert_same_bits, config, named, strategy


def network() -> nn.Sequential:
    torch.manual_seed(1)
    return nn.Sequential(nn.Conv2d(3, 40, 5), nn.BatchNorm2d(40), nn.Flatten(), nn.Linear(400, 300, bias=False))


def test_pytorchs_default_leaves_the_layers_own_weights():
    plain, initialised = network(), network()
    PyTorchDefault().apply(initialised)
    assert_same_bits(initialised.state_dict(), plain.state_dict())


@pytest.mark.parametrize(
    ("initializer", "function"),
    [
        (Kaiming(), partial(nn.init.kaiming_normal_, nonlinearity="relu")),
        (Kaiming(mode="fan_out"), partial(nn.init.kaiming_normal_, mode="fan_out", nonlinearity="relu")),
        (Kaiming(distribution="uniform"), partial(nn.init.kaiming_uniform_, nonlinearity="relu")),
        (Xavier(), nn.init.xavier_uniform_),
        (Xavier(distribution="normal"), nn.init.xavier_normal_),
        (Xavier(gain=3.0), partial(nn.init.xavier_uniform_, gain=3.0)),
        (Orthogonal(), nn.init.orthogonal_),
        (Orthogonal(gain=3.0), partial(nn.init.orthogonal_, gain=3.0)),
        (SmallNormal(), partial(nn.init.normal_, std=0.01)),
        (SmallNormal(std=0.5), partial(nn.init.normal_, std=0.5)),
    ],
    ids=named,
)
def test_equals_pytorchs_function_sets_biases_to_0_and_spares_norms(initializer, function):
    ours, theirs = network(), network()
    torch.manual_seed(2)
    initializer.apply(ours)
    torch.manual_seed(2)
    for layer in (theirs[0], theirs[3]):
        function(layer.weight)
    nn.init.zeros_(theirs[0].bias)
    assert_same_bits(ours.state_dict(), theirs.state_dict())


CONVOLUTION, LINEAR = (3 * 25, 40 * 25), (400, 300)
"""Inputs and outputs of each weight of a layer."""


@pytest.mark.parametrize(("layer", "inputs", "outputs"), [(0, *CONVOLUTION), (3, *LINEAR)])
@pytest.mark.parametrize(
    ("initializer", "deviation"),
    [
        (Kaiming(), lambda inputs, outputs: math.sqrt(2 / inputs)),
        (Kaiming(distribution="uniform"), lambda inputs, outputs: math.sqrt(2 / inputs)),
        (Kaiming(mode="fan_out"), lambda inputs, outputs: math.sqrt(2 / outputs)),
        (Xavier(), lambda inputs, outputs: math.sqrt(2 / (inputs + outputs))),
        (Xavier(distribution="normal"), lambda inputs, outputs: math.sqrt(2 / (inputs + outputs))),
        (Xavier(gain=0.5), lambda inputs, outputs: 0.5 * math.sqrt(2 / (inputs + outputs))),
        (SmallNormal(), lambda inputs, outputs: 0.01),
    ],
    ids=named,
)
def test_has_the_deviation_that_its_source_gives(initializer, deviation, layer, inputs, outputs):
    model = network()
    initializer.apply(model)
    weight = model[layer].weight
    expected = deviation(inputs, outputs)
    assert weight.std().item() == pytest.approx(expected, rel=0.05)
    assert weight.mean().item() == pytest.approx(0, abs=0.1 * expected)
    uniform = getattr(initializer, "distribution", "normal") == "uniform"
    assert (weight.abs().max().item() < 1.74 * expected) == uniform


@pytest.mark.parametrize("gain", [1.0, 2.5])
def test_orthogonal_rows_or_columns_stand_at_right_angles_and_are_as_long_as_the_gain(gain):
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.Linear(30, 20), nn.Linear(20, 50))
    Orthogonal(gain=gain).apply(model)
    for layer, by_rows in ((0, True), (2, True), (3, False)):
        weight = model[layer].weight.flatten(1).double()
        products = weight @ weight.T if by_rows else weight.T @ weight
        torch.testing.assert_close(products, gain**2 * torch.eye(len(products)).double(), atol=1e-5, rtol=0)


def test_orthogonal_weights_do_not_depend_on_the_number_of_threads():
    states = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        model = network()
        Orthogonal().apply(model)
        assert torch.get_num_threads() == threads
        states.append(model.state_dict())
    assert_same_bits(*states)


def size_after(initializer, activation, layers=20) -> float:
    """Root mean square of a signal of size 1 after so many layers."""
    torch.manual_seed(3)
    model = nn.Sequential(*(layer for _ in range(layers) for layer in (nn.Linear(200, 200), activation())))
    initializer.apply(model)
    with torch.no_grad():
        return model(torch.randn(100, 200)).square().mean().sqrt().item()


@pytest.mark.parametrize(
    ("initializer", "activation"),
    [
        (Kaiming(), nn.ReLU),
        (Kaiming(distribution="uniform"), nn.ReLU),
        (Xavier(), nn.Identity),
        (Xavier(gain=math.sqrt(2)), nn.ReLU),
        (Orthogonal(), nn.Identity),
        (Orthogonal(gain=math.sqrt(2)), nn.ReLU),
    ],
    ids=named,
)
def test_keeps_the_size_of_the_signal_through_the_layers_it_was_made_for(initializer, activation):
    assert 0.4 < size_after(initializer, activation) < 2.5


def test_xavier_loses_less_of_the_signal_to_tanh_than_pytorchs_default():
    assert size_after(Xavier(), nn.Tanh) > 2 * size_after(PyTorchDefault(), nn.Tanh)


@pytest.mark.parametrize("initializer", [SmallNormal(), PyTorchDefault(), Xavier()], ids=repr)
def test_the_signal_fades_in_deep_layers_of_relu_where_the_weights_are_not_made_for_them(initializer):
    assert size_after(initializer, nn.ReLU) < 0.05
    assert (size_after(initializer, nn.ReLU) < 1e-12) == (initializer == SmallNormal())


# --- a last layer of zeros ------------------------------------------------------------------------


def test_zero_last_layer_changes_the_head_alone():
    plain, zero = (Trainer(config(strategy(id))).learner.model for id in ("pytorch-default", "zero-last-layer"))
    assert zero.head.weight.abs().sum() == zero.head.bias.abs().sum() == 0
    assert plain.head.weight.abs().sum() > 0
    assert_same_bits(zero.body.state_dict(), plain.body.state_dict())


def test_the_first_loss_is_the_logarithm_of_the_number_of_classes():
    settings = config(strategy("zero-last-layer"))
    loss, _ = Trainer(settings).learner.step(torch.arange(8), 0, 0, 0.0)
    assert loss.item() == pytest.approx(math.log(3), rel=1e-6)
    loss, _ = Trainer(config()).learner.step(torch.arange(8), 0, 0, 0.0)
    assert loss.item() != pytest.approx(math.log(3), rel=1e-3)


def test_in_the_first_step_only_the_last_layer_learns():
    learner = Trainer(config(strategy("zero-last-layer"), strategy("sgd"))).learner
    before = {name: tensor.clone() for name, tensor in learner.model.body.state_dict().items()}
    learner.step(torch.arange(4), 0, 0, 0.1)
    assert_same_bits(before, learner.model.body.state_dict())
    assert learner.model.head.weight.abs().sum() > 0
    learner.step(torch.arange(4), 0, 1, 0.1)
    assert any(not torch.equal(before[name], tensor) for name, tensor in learner.model.body.state_dict().items())


def test_of_a_head_of_several_layers_only_the_last_is_zero():
    model = nn.ModuleDict(
        {"head": nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 3, bias=False), nn.Dropout())}
    )
    ZeroLastLayer().apply(model)
    assert model["head"][0].weight.abs().sum() > 0
    assert model["head"][0].bias.abs().sum() > 0
    assert model["head"][2].weight.abs().sum() == 0


def test_a_head_without_a_layer_that_could_be_zero_is_told():
    with pytest.raises(InputError, match="no linear layer"):
        ZeroLastLayer().apply(nn.ModuleDict({"head": nn.Flatten(), "body": nn.Linear(3, 2)}))


# --- what is told before a run --------------------------------------------------------------------


def told(initializer, *strategies) -> list[tuple[str, str, str]]:
    advice = initializer.advice(config(initializer, *strategies))
    return [(each.level, each.text.code, each.field) for each in advice]


@pytest.mark.parametrize("initializer", [Kaiming(), Xavier(), Orthogonal(), SmallNormal()], ids=repr)
def test_it_is_told_where_the_models_own_weights_leave_the_head_alone(initializer):
    assert told(initializer) == []
    assert told(initializer, strategy("resnet18")) == []
    assert told(initializer, strategy("resnet18", weights="imagenet")) == [("warning", "head-alone", "")]


@pytest.mark.parametrize("initializer", [PyTorchDefault(), ZeroLastLayer()], ids=repr)
def test_it_is_not_told_where_only_the_head_was_meant(initializer):
    assert told(initializer, strategy("resnet18", weights="imagenet")) == []


def test_weights_too_small_for_the_depth_are_told():
    warning = [("warning", "too-small-for-depth", "std")]
    assert told(SmallNormal(), strategy("mlp", hidden=(64,) * 4)) == []
    assert told(SmallNormal(), strategy("mlp", hidden=(64,) * 5)) == warning
    assert told(SmallNormal(), strategy("cnn", channels=(4, 4), convolutions=2)) == warning
    assert told(SmallNormal(), strategy("linear")) == []
    assert told(SmallNormal(std=0.05), strategy("mlp", hidden=(64,) * 5)) == []
    assert told(SmallNormal(), strategy("mlp", hidden=(64,) * 5), strategy("layer-norm")) == []
    assert told(SmallNormal(), strategy("small-resnet", blocks=5)) == []
    assert (
        size_after(SmallNormal(), nn.ReLU, layers=5) < 1e-4 < 1e-2 < size_after(SmallNormal(std=0.1), nn.ReLU, layers=5)
    )
