"""Gradient clipping, L1, weight decay and max-norm."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from engine.trainer import Trainer
from plugins.optimizer.sgd import SGD
from plugins.regularizer.batch_norm import BatchNorm
from plugins.regularizer.gradient_clipping import GradientClipping
from plugins.regularizer.l1 import L1
from plugins.regularizer.max_norm import MaxNorm
from plugins.regularizer.weight_decay import WeightDecay
from tests.plugins.bench import assert_same_bits, config


def with_gradients(size: float) -> nn.Module:
    torch.manual_seed(1)
    network = nn.Sequential(nn.Linear(5, 4), nn.Linear(4, 3))
    for parameter in network.parameters():
        parameter.grad = size * torch.randn_like(parameter)
    return network


def length(network: nn.Module) -> float:
    return torch.cat([p.grad.flatten() for p in network.parameters()]).norm().item()


def test_clipping_shortens_a_long_gradient_to_the_bound_and_keeps_its_direction():
    network = with_gradients(100.0)
    before = torch.cat([p.grad.flatten() for p in network.parameters()])
    GradientClipping(max_norm=2.5).before_step(network)
    after = torch.cat([p.grad.flatten() for p in network.parameters()])
    assert length(network) == pytest.approx(2.5, rel=1e-4)
    assert torch.cosine_similarity(before, after, 0).item() == pytest.approx(1, abs=1e-6)


def test_clipping_leaves_a_short_gradient_alone():
    network = with_gradients(0.01)
    before = [p.grad.clone() for p in network.parameters()]
    GradientClipping(max_norm=2.5).before_step(network)
    assert all(torch.equal(p.grad, grad) for p, grad in zip(network.parameters(), before, strict=True))


def test_clipping_equals_pytorchs_function():
    network, reference = with_gradients(3.0), with_gradients(3.0)
    GradientClipping(max_norm=0.7).before_step(network)
    nn.utils.clip_grad_norm_(reference.parameters(), 0.7)
    for ours, theirs in zip(network.parameters(), reference.parameters(), strict=True):
        assert torch.equal(ours.grad, theirs.grad)


def test_clipping_in_a_run_bounds_how_far_a_step_goes():
    learner = Trainer(config(SGD(), GradientClipping(max_norm=0.01))).learner
    before = torch.cat([p.detach().flatten().clone() for p in learner.model.parameters()])
    learner.step(torch.arange(8), 0, 0, 2.0)
    after = torch.cat([p.detach().flatten() for p in learner.model.parameters()])
    assert (after - before).norm().item() == pytest.approx(2.0 * 0.01, rel=1e-3)


def test_l1_is_the_sum_of_the_weights_of_layers_and_its_gradient_their_sign():
    learner = Trainer(config(BatchNorm())).learner
    network = learner.model
    weights = [m.weight for m in network.modules() if isinstance(m, (nn.Linear, nn.Conv2d))]
    penalty = L1(strength=0.5).penalty(network)
    by_hand = 0.5 * sum(weight.detach().double().abs().sum().item() for weight in weights)
    assert penalty.item() == pytest.approx(by_hand, rel=1e-6)
    penalty.backward()
    for weight in weights:
        assert torch.equal(weight.grad, 0.5 * weight.detach().sign())
    spared = [p for p in network.parameters() if p.ndim == 1]
    assert len(spared) == 5  # three biases, and the norm's scale and shift
    assert all(p.grad is None for p in spared)


def test_l1_in_a_run_equals_a_step_with_the_penalty_added_by_hand():
    strength, lr, rows = 0.01, 0.1, torch.arange(8)
    learner = Trainer(config(SGD(), L1(strength=strength))).learner
    reference = copy.deepcopy(learner.model)
    inputs, targets = learner.parts.training.inputs[rows], learner.parts.training.targets[rows]
    loss = nn.functional.cross_entropy(reference(learner.scale(inputs)), targets)
    (loss + strength * sum(p.abs().sum() for p in reference.parameters() if p.ndim > 1)).backward()
    with torch.no_grad():
        for parameter in reference.parameters():
            parameter -= lr * parameter.grad
    shown, _ = learner.step(rows, 0, 0, lr)
    assert shown.item() == pytest.approx(loss.item(), rel=1e-6)
    for (name, ours), theirs in zip(learner.model.named_parameters(), reference.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-7, rtol=1e-5, msg=name)


def test_weight_decay_divides_weights_from_biases_and_norms_and_keeps_other_options():
    learner = Trainer(config(SGD(), BatchNorm(), WeightDecay(decay=0.3))).learner
    decays = {name: group["weight_decay"] for group in learner.optimizer.param_groups for name in group["param_names"]}
    assert {name for name, decay in decays.items() if decay == 0.3} == {
        "body.block1.convolution.weight", "body.linear.weight", "head.weight"
    }  # fmt: skip
    assert set(decays.values()) == {0.0, 0.3}
    assert decays.keys() == dict(learner.model.named_parameters()).keys()


def test_a_step_of_sgd_without_gradient_shrinks_weights_by_lr_times_decay():
    weight, bias = nn.Parameter(torch.ones(2, 2)), nn.Parameter(torch.ones(2))
    groups = WeightDecay(decay=0.3).parameter_groups([{"params": [("w", weight), ("b", bias)]}])
    optimizer = SGD().build(groups)
    for group in optimizer.param_groups:
        group["lr"] = 0.5
    weight.grad, bias.grad = torch.zeros(2, 2), torch.zeros(2)
    optimizer.step()
    torch.testing.assert_close(weight.data, torch.full((2, 2), 1 - 0.5 * 0.3))
    assert_same_bits({"bias": bias.data}, {"bias": torch.ones(2)})


def test_max_norm_shortens_what_is_too_long_and_leaves_the_rest_alone():
    torch.manual_seed(1)
    network = nn.Sequential(nn.Conv2d(3, 5, 3), nn.BatchNorm2d(5), nn.Flatten(), nn.Linear(20, 6))
    network.to(memory_format=torch.channels_last)
    with torch.no_grad():
        for module in (network[0], network[3]):
            for number, row in enumerate(module.weight):
                row.mul_((number + 1) / row.norm())  # lengths 1, 2, 3, …
        for parameter in network.parameters():
            if parameter.ndim == 1:
                parameter.fill_(50.0)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    MaxNorm(max_norm=3.5).after_step(network)
    after = network.state_dict()
    for name in ("0.weight", "3.weight"):
        lengths = after[name].flatten(1).norm(dim=1)
        torch.testing.assert_close(lengths, torch.arange(1.0, len(lengths) + 1).clamp(max=3.5))
        assert torch.equal(after[name][:3], before[name][:3])
        directions = nn.functional.cosine_similarity(after[name].flatten(1), before[name].flatten(1))
        torch.testing.assert_close(directions, torch.ones_like(directions))
    assert after["0.weight"].is_contiguous(memory_format=torch.channels_last)
    assert_same_bits(*({n: t for n, t in tensors.items() if t.ndim < 2} for tensors in (before, after)))


def test_max_norm_leaves_frozen_weights_alone():
    network = nn.Linear(4, 3).requires_grad_(False)
    before = network.weight.fill_(9.0).clone()
    MaxNorm().after_step(network)
    assert torch.equal(network.weight, before)


def test_max_norm_bounds_the_weights_in_a_run():
    longest = []
    for ticked in ([], [MaxNorm(max_norm=0.7)]):
        learner = Trainer(config(SGD(), *ticked)).learner
        for step in range(3):
            learner.step(torch.arange(8), 0, step, 2.0)
        weights = [m.weight for m in learner.model.modules() if isinstance(m, (nn.Linear, nn.Conv2d))]
        longest.append(max(weight.detach().flatten(1).norm(dim=1).max().item() for weight in weights))
    assert longest[0] > 0.8
    assert longest[1] == pytest.approx(0.7, rel=1e-5)
