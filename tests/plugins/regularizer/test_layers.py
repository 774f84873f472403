"""Dropout and batch normalisation: PyTorch's layers, and what they do in training and in evaluation."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from engine.strategy import Place
from engine.trainer import Trainer
from plugins.model.mlp import MLP
from plugins.regularizer.batch_norm import BatchNorm
from plugins.regularizer.dropout import Dropout
from tests.plugins.bench import config, run


def test_dropout_is_pytorchs_with_its_default():
    layer = Dropout().layer(Place(8, 0))
    assert type(layer) is nn.Dropout
    assert (layer.p, layer.inplace) == (nn.Dropout().p, False)
    assert Dropout(p=0.3).layer(Place(8, 2)).p == 0.3


def test_dropout_switches_off_a_share_p_in_training_and_nothing_in_evaluation():
    torch.manual_seed(1)
    layer = Dropout(p=0.3).layer(Place(100, 0))
    ones = torch.ones(1000, 100)
    outputs = layer(ones)
    assert abs((outputs == 0).float().mean().item() - 0.3) < 0.01  # 7 standard deviations
    torch.testing.assert_close(outputs.unique(), torch.tensor([0, 1 / 0.7]))
    assert torch.equal(layer.eval()(ones), ones)


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


def test_batch_norm_trains_where_one_sample_would_be_left_over():
    trainer = Trainer(config(MLP(hidden=(6,)), BatchNorm(), train_samples="9", epochs=1))
    run(trainer)
    assert trainer.position.step == 2
