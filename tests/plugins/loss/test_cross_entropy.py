from __future__ import annotations

import pytest
import torch
from torch import nn

from engine.trainer import Trainer
from plugins.loss.cross_entropy import CrossEntropy
from plugins.regularizer.label_smoothing import LabelSmoothing
from tests.plugins.bench import config

OUTPUTS = torch.randn(50, 4, generator=torch.Generator().manual_seed(1)) * 3
TARGETS = torch.arange(50) % 4


def test_is_minus_the_logarithm_of_the_right_classs_share():
    shares = OUTPUTS.double().exp() / OUTPUTS.double().exp().sum(1, keepdim=True)
    expected = -shares[torch.arange(50), TARGETS].log().mean()
    assert CrossEntropy()(OUTPUTS, TARGETS).item() == pytest.approx(expected.item(), rel=1e-6)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5, 0.9])
def test_label_smoothing_equals_pytorchs_option(smoothing):
    hard = nn.functional.one_hot(TARGETS, 4).float()
    inputs, targets = LabelSmoothing(smoothing=smoothing).mix(OUTPUTS, hard, torch.Generator())
    assert inputs is OUTPUTS
    expected = nn.functional.cross_entropy(OUTPUTS, TARGETS, label_smoothing=smoothing)
    torch.testing.assert_close(CrossEntropy()(OUTPUTS, targets), expected)


def test_label_smoothing_in_a_run_smooths_the_training_loss_alone():
    plain, smooth = Trainer(config()), Trainer(config(LabelSmoothing(smoothing=0.3)))
    rows = torch.arange(8)
    expected = []
    hook = plain.learner.model.register_forward_hook(lambda module, args, outputs: expected.append(outputs.detach()))
    losses = [trainer.learner.step(rows, 0, 0, 0.0)[0].item() for trainer in (plain, smooth)]
    hook.remove()
    targets = plain.learner.parts.training.targets
    by_hand = nn.functional.cross_entropy(expected[0], targets, label_smoothing=0.3).item()
    assert losses[1] == pytest.approx(by_hand, rel=1e-5)
    assert losses[0] != pytest.approx(by_hand, rel=1e-3)
