"""Dropout, norms and stochastic depth: PyTorch's layers, and what they do in training and in evaluation."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torchvision import ops

from engine.strategy import DataSpec, Place, Slots
from engine.trainer import Trainer
from plugins.activation.relu import ReLU
from plugins.model.mlp import MLP
from plugins.regularizer.batch_norm import BatchNorm
from plugins.regularizer.dropout import Dropout
from plugins.regularizer.gradient_accumulation import GradientAccumulation
from plugins.regularizer.group_norm import GroupNorm
from plugins.regularizer.layer_norm import LayerNorm
from plugins.regularizer.spatial_dropout import SpatialDropout
from plugins.regularizer.stochastic_depth import StochasticDepth
from tests.plugins.bench import config, run


def test_dropout_is_pytorchs_with_its_default():
    layer = Dropout().layer(Place(8, 0))
    assert isinstance(layer, nn.Dropout) and repr(layer) == repr(nn.Dropout())
    assert (layer.p, layer.inplace) == (nn.Dropout().p, False)
    assert Dropout(p=0.3).layer(Place(8, 2)).p == 0.3


def test_dropout_switches_off_a_share_p_in_training_and_nothing_in_evaluation():
    torch.manual_seed(1)
    layer = Dropout(p=0.3).layer(Place(100, 0))
    ones = torch.ones(1000, 100)
    outputs = layer(ones)
    assert abs((outputs == 0).float().mean().item() - 0.3) < 0.01  # 7 standard deviations
    torch.testing.assert_close(outputs.unique(), torch.tensor([0, 1 / 0.7]), rtol=2e-5, atol=0)
    assert torch.equal(layer.eval()(ones), ones)


@pytest.mark.parametrize("p", [0.0, 1e-6, 0.1, 0.5, 0.9, 0.999999])
@pytest.mark.parametrize("shape", [(1, 1), (7, 3), (64, 1001), (5, 3, 7, 9)])
def test_dropout_keeps_the_mean_of_a_million_draws_and_the_gradient_of_what_is_kept(p, shape):
    torch.manual_seed(2)
    layer, inputs = Dropout(p=p).layer(Place(8, 0)), torch.rand(shape).add_(1).requires_grad_()
    outputs = layer(inputs)
    outputs.sum().backward()
    scale = outputs.detach() / inputs.detach()
    assert outputs.shape == inputs.shape and torch.equal(inputs.grad == 0, outputs == 0)
    torch.testing.assert_close(inputs.grad, scale)
    kept = layer(torch.ones(1_000_000))
    share = (kept > 0).double().mean().item()
    assert abs(share - (1 - p)) < 5 * (p * (1 - p) / 1e6) ** 0.5 + 2**-16
    if p <= 0.9:
        assert abs(kept.double().mean().item() - 1) < 5 * (p / (1 - p) / 1e6) ** 0.5 + 1e-6


def test_dropout_draws_each_value_by_itself():
    torch.manual_seed(3)
    kept = (Dropout(p=0.5).layer(Place(8, 0))(torch.ones(1 << 18)) > 0).double()
    assert abs(kept.mean() - 0.5) < 0.005
    for distance in (1, 2, 3, 4, 5, 8, 16, 624, 1248):  # four come of one number, and the generator's state has 624
        together = (kept[distance:] * kept[:-distance]).mean()
        assert abs(together - 0.25) < 0.005, distance  # 6 standard deviations


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_dropout_keeps_the_type_and_a_seed_repeats_it(dtype):
    layer, inputs = Dropout(p=0.25).layer(Place(8, 0)), torch.ones(100, 30, dtype=dtype)
    drawn = []
    for seed in (4, 4, 5):
        torch.manual_seed(seed)
        drawn.append(layer(inputs))
    assert drawn[0].dtype == dtype and torch.equal(drawn[0], drawn[1]) and not torch.equal(drawn[0], drawn[2])


@pytest.mark.parametrize(("dimensions", "kind"), [(0, nn.BatchNorm1d), (2, nn.BatchNorm2d)])
def test_batch_norm_is_pytorchs_with_its_defaults(dimensions, kind):
    ours, theirs = BatchNorm().layer(Place(6, dimensions)), kind(6)
    assert type(ours) is kind
    assert repr(ours) == repr(theirs)
    other = BatchNorm(momentum=0.3, eps=1e-3).layer(Place(6, dimensions))
    assert repr(other) == repr(kind(6, eps=1e-3, momentum=0.3))


def test_batch_norm_in_a_run_uses_the_batch_in_training_and_what_ran_along_in_evaluation():
    trainer = Trainer(config(MLP(hidden=(6,)), BatchNorm(momentum=0.25)))
    learner = trainer.learner
    norm = learner.model.body.layer1.norm
    seen: list[tuple[torch.Tensor, torch.Tensor]] = []
    norm.register_forward_hook(lambda module, args, output: seen.append((args[0].detach(), output.detach())))
    assert torch.equal(norm.running_mean, torch.zeros(6))

    learner.step(torch.arange(8), 0, 0, 0.0)
    inputs, outputs = seen[-1]
    by_hand = (inputs - inputs.mean(0)) / (inputs.var(0, correction=0) + 1e-5).sqrt()
    torch.testing.assert_close(outputs, by_hand)
    torch.testing.assert_close(norm.running_mean, 0.25 * inputs.mean(0))
    torch.testing.assert_close(norm.running_var, 0.75 + 0.25 * inputs.var(0))

    running = norm.running_mean.clone(), norm.running_var.clone()
    list(learner.evaluate(learner.parts.validation))
    inputs, outputs = seen[-1]
    torch.testing.assert_close(outputs, (inputs - running[0]) / (running[1] + 1e-5).sqrt())
    assert torch.equal(norm.running_mean, running[0]), "evaluation moved the running figures"
    assert learner.model.training


def test_dropout_rests_in_evaluation_within_a_run():
    learner = Trainer(config(MLP(hidden=(50,)), Dropout(p=0.5))).learner
    seen = []
    learner.model.body.layer1.dropout.register_forward_hook(lambda module, args, out: seen.append((args[0], out)))
    learner.step(torch.arange(8), 0, 0, 0.0)
    inputs, outputs = seen[-1]
    assert not torch.equal(inputs, outputs)
    list(learner.evaluate(learner.parts.validation))
    inputs, outputs = seen[-1]
    assert torch.equal(inputs, outputs)


@pytest.mark.parametrize(("size", "level"), [(1, ["error"]), (2, ["warning"]), (7, ["warning"]), (8, [])])
def test_batch_norm_warns_of_small_batches(size, level):
    assert [advice.level for advice in BatchNorm().advice(config(batch_size=size))] == level


@pytest.mark.parametrize(("size", "parts", "told"), [(64, 8, []), (64, 9, [7]), (16, 16, [2])])
def test_batch_norm_warns_of_small_parts_of_a_batch(size, parts, told):
    found = list(BatchNorm().advice(config(GradientAccumulation(parts=parts), batch_size=size)))
    assert [(advice.level, advice.text.values["size"]) for advice in found] == [("warning", part) for part in told]


@pytest.mark.parametrize(
    ("samples", "parts", "told"), [(8, 2, [4]), (16, 2, []), (6, 1, [6]), (1_000, 2, []), (0, 2, [])]
)
def test_batch_norm_knows_that_a_batch_is_no_larger_than_the_data(samples, parts, told):
    ticked = [GradientAccumulation(parts=parts)] if parts > 1 else []
    data = DataSpec((1, 28, 28), 3, samples=(samples, 5, 5))
    found = list(BatchNorm().advice(config(*ticked, batch_size=64), data))
    assert [advice.text.values["size"] for advice in found] == told


def test_batch_norm_trains_where_one_sample_would_be_left_over():
    trainer = Trainer(config(MLP(hidden=(6,)), BatchNorm(), train_samples="9", epochs=1))
    run(trainer)
    assert trainer.position.step == 2


def test_spatial_dropout_is_pytorchs_for_channels_and_ordinary_for_features():
    images, features = (SpatialDropout(p=0.3).layer(Place(8, dimensions)) for dimensions in (2, 0))
    assert (type(images), images.p) == (nn.Dropout2d, 0.3)
    assert (type(features), features.p) == (nn.Dropout, 0.3)


def test_spatial_dropout_switches_whole_channels_off_in_training_and_none_in_evaluation():
    torch.manual_seed(1)
    layer = SpatialDropout(p=0.3).layer(Place(50, 2))
    ones = torch.ones(200, 50, 4, 4)
    outputs = layer(ones).flatten(2)
    off = outputs[..., 0] == 0
    assert torch.equal(outputs, outputs[..., :1].expand_as(outputs)), "a channel is on in one place and off in another"
    assert abs(off.float().mean().item() - 0.3) < 0.03  # 6.5 standard deviations
    assert min(off.float().mean(1).std(), off.float().mean(0).std()) > 0
    torch.testing.assert_close(outputs.unique(), torch.tensor([0, 1 / 0.7]))
    assert torch.equal(layer.eval()(ones), ones)


def test_stochastic_depth_is_torchvisions_and_grows_linearly_with_depth():
    slots = Slots(ReLU(), [StochasticDepth(p=0.4)])
    layers = [slots.layer("residual", 8, 2, depth) for depth in (0.0, 0.25, 0.5, 1.0)]
    assert {type(layer) for layer in layers} == {ops.StochasticDepth}
    assert [layer.p for layer in layers] == pytest.approx([0, 0.1, 0.2, 0.4])
    assert {layer.mode for layer in layers} == {"row"}


def test_stochastic_depth_skips_samples_in_training_and_none_in_evaluation():
    torch.manual_seed(1)
    layer = StochasticDepth(p=0.4).layer(Place(3, 2, 0.5))
    ones = torch.ones(4000, 3, 2, 2)
    outputs = layer(ones).flatten(1)
    assert torch.equal(outputs, outputs[:, :1].expand_as(outputs)), "part of a sample's branch is skipped"
    assert abs((outputs[:, 0] == 0).float().mean().item() - 0.2) < 0.04  # 6.3 standard deviations
    torch.testing.assert_close(outputs.unique(), torch.tensor([0, 1 / 0.8]))
    assert torch.equal(layer.eval()(ones), ones)


def test_layer_norm_is_pytorchs_for_features_and_one_group_for_channels():
    features, images = (LayerNorm(eps=1e-3).layer(Place(6, dimensions)) for dimensions in (0, 2))
    assert repr(features) == repr(nn.LayerNorm(6, eps=1e-3))
    assert repr(images) == repr(nn.GroupNorm(1, 6, eps=1e-3))
    assert repr(LayerNorm().layer(Place(6, 0))) == repr(nn.LayerNorm(6))
    assert repr(LayerNorm().layer(Place(6, 2))) == repr(nn.GroupNorm(1, 6))


@pytest.mark.parametrize("made", [LayerNorm(), GroupNorm(num_groups=1)], ids=lambda made: made.id)
@pytest.mark.parametrize("shape", [(6,), (6, 5, 4)], ids=str)
def test_layer_norm_normalises_all_of_each_sample(made, shape):
    inputs = 3 * torch.randn(4, *shape, generator=torch.Generator().manual_seed(1)) + 7
    outputs = made.layer(Place(6, 0 if len(shape) == 1 else 2))(inputs)
    torch.testing.assert_close(outputs, nn.functional.layer_norm(inputs, shape))


def test_norms_of_samples_do_not_depend_on_the_batch_nor_on_the_mode():
    inputs = torch.randn(8, 32, 5, 5, generator=torch.Generator().manual_seed(1))
    for layer in (LayerNorm().layer(Place(32, 2)), GroupNorm().layer(Place(32, 2))):
        together = layer(inputs)
        torch.testing.assert_close(torch.cat([layer(one) for one in inputs.split(1)]), together)
        assert torch.equal(layer.eval()(inputs), together)
        assert list(layer.buffers()) == []


@pytest.mark.parametrize(
    ("wanted", "features", "dimensions", "groups"),
    [
        (8, 64, 2, 8), (32, 64, 2, 32), (8, 4, 2, 4), (8, 12, 2, 6), (8, 7, 2, 7), (6, 7, 2, 1), (1, 64, 2, 1),
        (8, 256, 0, 8), (32, 128, 0, 32), (64, 128, 0, 32), (8, 12, 0, 3), (8, 7, 0, 1), (8, 2, 0, 1), (8, 1, 0, 1),
    ],
)  # fmt: skip
def test_group_norm_takes_the_next_smaller_number_of_groups_that_divides_the_features(
    wanted, features, dimensions, groups
):
    layer = GroupNorm(num_groups=wanted, eps=1e-3).layer(Place(features, dimensions))
    assert repr(layer) == repr(nn.GroupNorm(groups, features, eps=1e-3))


def test_a_network_with_group_norm_learns_however_narrow_it_is():
    torch.manual_seed(1)
    for width in (4, 6, 16):
        layer = GroupNorm(num_groups=4_096).layer(Place(width, 0))
        inputs = torch.randn(8, width, requires_grad=True)
        (layer(inputs) * torch.randn(8, width)).sum().backward()
        assert inputs.grad.norm() > 0.1, "its outputs do not depend on its inputs"
