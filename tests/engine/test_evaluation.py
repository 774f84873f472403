from __future__ import annotations

import pytest
import torch
from torch import nn

from engine.evaluation import MOST_AT_ONCE, VALUES_AT_ONCE, evaluation_batches, samples_at_once


@pytest.mark.parametrize(("count", "size"), [(1, 1), (10, 3), (12, 4), (5, 100)])
def test_batches_of_an_evaluation_hold_every_sample_once(count, size):
    rows = [row for start, end in evaluation_batches(count, size) for row in range(start, end)]
    assert rows == list(range(count))
    assert all(end - start <= size for start, end in evaluation_batches(count, size))


@pytest.mark.parametrize(("scale", "channels"), [(1, 4), (4, 4), (8, 64)])
def test_the_largest_output_of_a_layer_says_how_many_samples_go_together(scale, channels):
    network = nn.Sequential(
        nn.Upsample(scale_factor=scale), nn.Conv2d(1, channels, 1), nn.BatchNorm2d(channels)
    ).train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    found = samples_at_once(network, torch.ones(1, 1, 28, 28))
    assert found == min(MOST_AT_ONCE, VALUES_AT_ONCE // ((28 * scale) ** 2 * channels))
    assert network.training and not any(module._forward_hooks for module in network.modules())
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


def test_samples_that_are_too_large_for_a_batch_go_one_by_one(monkeypatch):
    monkeypatch.setattr("engine.evaluation.VALUES_AT_ONCE", 10)
    assert samples_at_once(nn.Identity(), torch.zeros(1, 11)) == 1
