from __future__ import annotations

import pytest
import torch
from torch import nn

from engine.data import Part
from engine.evaluation import MOST_AT_ONCE, VALUES_AT_ONCE_ON_CPU, evaluate, samples_at_once


def figures(part, size, most, loss=nn.functional.cross_entropy):
    """What an evaluation gives where at most so many samples fit into memory, and how many went together each time."""
    network, sizes = nn.Linear(3, 4), []
    nn.init.ones_(network.weight)
    nn.init.zeros_(network.bias)

    def outputs_of(inputs, first):
        if len(inputs) > most:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        sizes.append((first, len(inputs)))
        with torch.inference_mode():
            return network(inputs) * torch.arange(4)

    evaluating = evaluate(network, part, outputs_of, loss, lambda inputs, labels: labels, size)
    while True:
        try:
            next(evaluating)
        except StopIteration as end:
            return end.value, sizes


@pytest.mark.parametrize(("count", "size", "most"), [(1, 1, 9), (10, 3, 9), (12, 4, 9), (5, 100, 9), (23, 16, 5)])
def test_an_evaluation_sees_every_sample_once_however_many_fit_into_memory(count, size, most):
    generator = torch.Generator().manual_seed(1)
    part = Part(torch.rand(count, 3, generator=generator), torch.arange(count) % 4)
    whole, _ = figures(part, 100, 100)
    found, sizes = figures(part, size, most)
    assert found.loss == pytest.approx(whole.loss, rel=1e-6) and found.accuracy == whole.accuracy
    assert [first for first, _ in sizes] == [sum(n for _, n in sizes[:i]) for i in range(len(sizes))]
    assert sum(n for _, n in sizes) == count and all(n <= min(size, most) for _, n in sizes)


@pytest.mark.parametrize("values", [1, 13, 10_000])
def test_outputs_may_wait_to_be_judged_and_none_is_judged_twice(monkeypatch, values):
    part = Part(torch.rand(23, 3, generator=torch.Generator().manual_seed(1)), torch.arange(23) % 4)
    whole, _ = figures(part, 100, 100)
    monkeypatch.setattr("engine.evaluation.VALUES_JUDGED", values)
    judged = []

    def loss(outputs, targets):
        if not judged and len(outputs) > 2:
            judged.append(0)
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        judged.append(len(outputs))
        return nn.functional.cross_entropy(outputs, targets)

    found, _ = figures(part, 5, 100, loss)
    assert found.loss == pytest.approx(whole.loss, rel=1e-6) and found.accuracy == whole.accuracy
    assert judged[0] == 0 and sum(judged) == 23


def test_where_not_even_one_sample_fits_the_evaluation_fails():
    with pytest.raises(RuntimeError, match="allocate"):
        figures(Part(torch.rand(4, 3), torch.arange(4)), 4, 0)


@pytest.mark.parametrize(("scale", "channels"), [(1, 4), (4, 4), (8, 64)])
def test_the_largest_output_of_a_layer_says_how_many_samples_go_together(scale, channels):
    network = nn.Sequential(
        nn.Upsample(scale_factor=scale), nn.Conv2d(1, channels, 1), nn.BatchNorm2d(channels)
    ).train()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    found = samples_at_once(network, torch.ones(1, 1, 28, 28))
    assert found == min(MOST_AT_ONCE, VALUES_AT_ONCE_ON_CPU // ((28 * scale) ** 2 * channels))
    assert network.training and not any(module._forward_hooks for module in network.modules())
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


def test_samples_that_are_too_large_for_a_batch_go_one_by_one(monkeypatch):
    monkeypatch.setattr("engine.evaluation.VALUES_AT_ONCE_ON_CPU", 10)
    assert samples_at_once(nn.Identity(), torch.zeros(1, 11)) == 1
