from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import GaussianNoise as TorchvisionNoise
from torchvision.transforms.v2 import functional

from plugins.augmentation.gaussian_noise import GaussianNoise, _normal_places, noisy
from tests.plugins.augmentation.distributions import DRAWS, unlike
from tests.plugins.augmentation.pictures import SHAPES, generator, smooth_and_noisy
from tests.plugins.bench import config


@pytest.mark.parametrize("clip", [True, False])
@pytest.mark.parametrize(("mean", "sigma"), [(0.0, 0.1), (0.2, 0.5), (-1.0, 1.0)])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_equals_torchvision_for_the_same_normal_numbers(shape, mean, sigma, clip, monkeypatch):
    images = smooth_and_noisy(shape, 60)
    normal = torch.randn(images.shape, generator=generator(2))
    noise = GaussianNoise(mean=mean, sigma=sigma)._levels(normal)
    for image, mine, numbers in zip(images, noisy(images, noise, clip), normal, strict=True):
        monkeypatch.setattr(torch, "randn_like", lambda *_, numbers=numbers, **__: numbers)
        assert torch.equal(mine, functional.gaussian_noise(image, mean, sigma, clip))


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 5, 5)], ids=str)
def test_the_call_adds_the_noise_that_is_drawn(shape):
    images = smooth_and_noisy(shape, 30)
    for values in ({}, {"mean": 0.3, "sigma": 0.02}, {"clip": False}):
        add = GaussianNoise(**values)
        assert torch.equal(add(images, generator(3)), noisy(images, add.noise(images.shape, generator(3)), add.clip))


def test_each_part_of_a_large_batch_has_its_own_noise():
    images = torch.full((900, 1, 28, 28), 128, dtype=torch.uint8)
    changed = GaussianNoise()(images, generator(3))
    assert len(changed.flatten(1).unique(dim=0)) == 900


SETTINGS = [(0.0, 0.1), (0.1, 0.05), (0.0, 0.01)]


@pytest.mark.parametrize(("mean", "sigma"), SETTINGS)
def test_noise_is_distributed_as_torchvisions(mean, sigma):
    ours = GaussianNoise(mean=mean, sigma=sigma).noise(torch.Size([DRAWS]), generator(4)).numpy()
    torch.manual_seed(5)
    grey = torch.full((DRAWS, 1, 1, 1), 100, dtype=torch.uint8)
    theirs = TorchvisionNoise(mean, sigma)(grey).flatten().numpy().astype(np.int64) - 100
    assert unlike({"noise": ours}, {"noise": theirs}, len(SETTINGS)) == {}


@pytest.mark.parametrize("sigma", [0.02, 0.2])
def test_each_level_is_as_frequent_as_the_normal_distribution_says(sigma):
    count = 1_000_000
    noise = GaussianNoise(sigma=sigma).noise(torch.Size([count]), generator(4)).long()
    deviation = 255 * sigma
    widest = int(4 * deviation)
    found = torch.bincount((noise + 2 * widest).clamp(0, 4 * widest), minlength=4 * widest + 1)
    for level in range(-widest, widest + 1):
        low, high = (level - (level <= 0), level + (level >= 0))  # cut towards 0
        below, above = (0.5 * math.erfc(-edge / deviation / math.sqrt(2)) for edge in (low, high))
        expected = count * (above - below)
        # 6 standard deviations, and 1 of 65,536 places more or less
        assert abs(found[level + 2 * widest] - expected) <= 6 * math.sqrt(expected) + count / 2**16, level


def test_noise_is_as_often_below_its_mean_as_above():
    assert torch.equal(_normal_places(), -_normal_places().flip(0))


def test_pixels_have_nothing_to_do_with_each_other():
    noise = GaussianNoise(sigma=1.0).noise(torch.Size([100_000, 4]), generator(6)).double()
    for numbers in (noise, noise.abs()):
        beside = torch.cat([numbers, numbers.roll(1, 0)], 1)
        correlation = torch.corrcoef(beside.T).fill_diagonal_(0)
        assert correlation.abs().max() < 5 / math.sqrt(100_000)


@pytest.mark.parametrize(
    ("values", "fields"),
    [({}, []), ({"sigma": 0}, ["sigma"]), ({"sigma": 0, "mean": 0.1}, []), ({"clip": False}, ["clip"])],
)
def test_warns_of_no_noise_and_of_noise_that_turns_round(values, fields):
    advice = list(GaussianNoise(**values).advice(config()))
    assert [(one.level, one.field) for one in advice] == [("warning", field) for field in fields]
