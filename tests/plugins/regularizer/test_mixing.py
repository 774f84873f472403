"""Mixup and cutmix against torchvision's, for the same shares and boxes and in distribution; label smoothing."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn
from torchvision.transforms import v2

from engine.strategy import DataSpec
from plugins.regularizer.cutmix import CutMix, paste
from plugins.regularizer.label_smoothing import LabelSmoothing
from plugins.regularizer.mixup import Mixup, beta, blend
from tests.plugins.augmentation.distributions import DRAWS, critical_distance, kolmogorov_smirnov
from tests.plugins.bench import config, strategy
from tests.plugins.test_effects import gap, trained

CLASSES = 5
ALPHAS = (0.1, 0.4, 1.0, 7.0)
SHARES = [0.0, 1.0, 0.5, 0.75, 0.36, 0.64, 0.9999, 1e-4]
"""Those at which the sides of a box come out whole, and more."""


def generator(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def batch(*shape: int, count: int = 60) -> tuple[torch.Tensor, torch.Tensor]:
    """Inputs, and targets as probabilities."""
    labels = torch.randint(CLASSES, (count,), generator=generator(2))
    return torch.randn(count, *shape, generator=generator(3)), nn.functional.one_hot(labels, CLASSES).float()


def shares(count: int) -> torch.Tensor:
    return torch.cat([torch.tensor(SHARES), torch.rand(count - len(SHARES), generator=generator(4))])


def torchvisions(transform, params, inputs, targets, row: int) -> tuple[torch.Tensor, torch.Tensor]:
    """One row of torchvision's result; it has one share and one box for a whole batch."""
    pair, labels = inputs[[row - 1, row]], targets[[row - 1, row]]
    params = {"labels": labels, "batch_size": 2, **params}
    return transform.transform(pair, params)[1], transform.transform(labels, params)[1]


def test_mixup_equals_torchvision_for_the_same_shares():
    inputs, targets = batch(3, 8, 9)
    own = beta(0.7, len(inputs), generator(5))
    mixed, probabilities = Mixup(alpha=0.7).mix(inputs, targets, generator(5))
    transform = v2.MixUp(num_classes=CLASSES)
    for row, share in enumerate(own.tolist()):
        expected, label = torchvisions(transform, {"lam": share}, inputs, targets, row)
        assert torch.equal(mixed[row], expected)
        assert torch.equal(probabilities[row], label)


def test_mixup_blends_features_and_the_targets_of_a_regression_alike():
    inputs = torch.randn(50, 4, generator=generator())
    targets = inputs @ torch.randn(4, 2, generator=generator(2))
    mixed, blended = Mixup().mix(inputs, targets, generator(3))
    torch.testing.assert_close(blended, mixed @ torch.linalg.lstsq(inputs, targets).solution, atol=1e-5, rtol=1e-4)
    assert not torch.allclose(mixed, inputs)


def box_of(transform: v2.CutMix, share: float, column: int, row: int, height: int, width: int, monkeypatch) -> dict:
    """torchvision's box for a share and a middle that are given, not drawn."""
    transform._dist = SimpleNamespace(sample=lambda shape: share)
    drawn = iter((column, row))
    with monkeypatch.context() as patch:
        patch.setattr(torch, "randint", lambda high, size: torch.tensor([next(drawn)]))
        return transform.make_params([torch.empty(1, height, width)])


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 20, 33), (2, 40, 10), (1, 1, 1)], ids=str)
def test_cutmix_equals_torchvision_for_the_same_shares_and_middles(shape, monkeypatch):
    inputs, targets = batch(*shape, count=300)
    height, width = shape[1:]
    own = shares(len(inputs))
    rows, columns = (torch.randint(size, own.shape, generator=generator(size)) for size in (height, width))
    mixed, probabilities = paste(inputs, targets, own, [rows, columns])
    transform = v2.CutMix(num_classes=CLASSES)
    for number, values in enumerate(zip(own.tolist(), columns.tolist(), rows.tolist(), strict=True)):
        params = box_of(transform, *values, height, width, monkeypatch)
        expected, label = torchvisions(transform, params, inputs, targets, number)
        assert torch.equal(mixed[number], expected), values
        torch.testing.assert_close(probabilities[number], label, rtol=0, atol=1e-7)


def test_the_call_pastes_the_boxes_that_are_drawn():
    inputs, targets = batch(3, 12, 17)
    drawing = generator(7)
    own = beta(0.5, len(inputs), drawing)
    middles = [torch.randint(size, (len(inputs),), generator=drawing) for size in (12, 17)]
    ours = CutMix(alpha=0.5).mix(inputs, targets, generator(7))
    for one, other in zip(ours, paste(inputs, targets, own, middles), strict=True):
        assert torch.equal(one, other)


def test_cutmix_replaces_a_stretch_of_features_and_counts_it():
    inputs = torch.arange(400).view(-1, 1).expand(400, 11) + torch.zeros(400, 11)
    targets = torch.eye(400)
    mixed, probabilities = CutMix().mix(inputs, targets, generator(8))
    foreign = mixed != inputs
    assert torch.equal(mixed, torch.where(foreign, inputs.roll(1, 0), inputs))
    assert (foreign.int().diff(dim=1).abs().sum(1) <= 2).all(), "more than one stretch"
    torch.testing.assert_close(probabilities.diagonal(), 1 - foreign.float().mean(1))
    assert len(foreign.sum(1).unique()) > 5
    assert abs(foreign.float().mean().item() - 0.37) < 0.05  # a half, less what lies outside


COMPARISONS = len(ALPHAS) + 5
"""Distributions compared in this file."""


@pytest.mark.parametrize("alpha", ALPHAS)
def test_shares_are_drawn_from_the_beta_distribution(alpha):
    inputs, targets = torch.arange(DRAWS).view(-1, 1) % 2.0, torch.eye(2)[torch.arange(DRAWS) % 2]
    mixed, probabilities = Mixup(alpha=alpha).mix(inputs, targets, generator(9))
    torch.testing.assert_close(probabilities[:, 1], mixed[:, 0])  # of the class whose inputs are 1
    own = torch.where(inputs == 1, mixed, 1 - mixed)[:, 0]
    torch.manual_seed(10)
    theirs = torch.distributions.Beta(alpha, alpha).sample((DRAWS,))
    distance = kolmogorov_smirnov(own.double().numpy().round(6), theirs.double().numpy().round(6))
    assert distance < critical_distance(DRAWS, COMPARISONS)


def test_the_test_of_distributions_tells_one_alpha_from_another():
    one, other = (beta(alpha, DRAWS, generator(11)).numpy() for alpha in (1.0, 0.85))
    assert kolmogorov_smirnov(one, other) > critical_distance(DRAWS, COMPARISONS)


def test_boxes_are_distributed_as_torchvisions():
    height, width = 12, 20
    black, white = (torch.full((1, 1, height, width), value) for value in (0.0, 1.0))
    inputs = torch.cat([black, white]).repeat(DRAWS // 2, 1, 1, 1)
    mixed, _ = CutMix().mix(inputs, torch.eye(2)[torch.arange(DRAWS) % 2], generator(12))
    boxes = (mixed != inputs).squeeze(1)
    ours = figures(boxes.any(2).numpy(), boxes.any(1).numpy())
    torch.manual_seed(13)
    transform, image = v2.CutMix(num_classes=2), torch.empty(1, height, width)
    corners = np.array([transform.make_params([image])["box"] for _ in range(DRAWS)])
    left, top, right, bottom = corners.T[..., None]
    filled = ((right > left) & (bottom > top)).astype(bool)
    at_rows, at_columns = np.arange(height), np.arange(width)
    theirs = figures(
        (at_rows >= top) & (at_rows < bottom) & filled, (at_columns >= left) & (at_columns < right) & filled
    )
    limit = critical_distance(DRAWS, COMPARISONS)
    found = {name: kolmogorov_smirnov(ours[name], theirs[name]) for name in ours}
    assert {name: distance for name, distance in found.items() if distance > limit} == {}


def figures(rows: np.ndarray, columns: np.ndarray) -> dict[str, np.ndarray]:
    """Height, width, top, left and area of boxes, from which rows and columns they cover."""
    height, width = rows.sum(1), columns.sum(1)
    return {
        "height": height, "width": width, "top": rows.argmax(1), "left": columns.argmax(1), "area": height * width
    }  # fmt: skip


def test_a_blend_keeps_its_arguments_and_what_is_whole():
    values = torch.randn(6, 2, 3, generator=generator())
    kept = values.clone()
    whole = torch.ones(6)
    assert torch.equal(blend(values, whole, 1 - whole), values)
    assert torch.equal(blend(values, 1 - whole, whole), values.roll(1, 0))
    assert torch.equal(values, kept)


@pytest.mark.parametrize("id", ["mixup", "cutmix"])
def test_mixing_lowers_the_gap_and_raises_the_training_loss_above_the_clean_one(id):
    mixed, plain = trained(strategy(id)), trained()
    assert gap(mixed) < 0.85 * gap(plain)
    last = mixed.history.epochs[-1]
    assert last.val_loss < 0.85 * plain.history.epochs[-1].val_loss
    assert last.train_loss > 2 * last.clean_train_loss


def test_mixup_and_cutmix_together_are_said_to_mix_twice():
    both = config(Mixup(), CutMix())
    assert [(advice.level, advice.text.code) for advice in CutMix().advice(both)] == [("warning", "mixed-twice")]
    assert list(Mixup().advice(both)) == [], "once is enough"
    assert list(CutMix().advice(config(CutMix(), LabelSmoothing()))) == []


def test_label_smoothing_warns_in_a_regression():
    for task, level in (("regression", ["warning"]), ("classification", [])):
        found = LabelSmoothing().advice(config(), DataSpec((5,), 1, task))
        assert [advice.level for advice in found] == level
    assert list(LabelSmoothing().advice(config())) == []
