from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torchvision.transforms import RandomResizedCrop as TorchvisionCrop
from torchvision.transforms.v2 import InterpolationMode, functional

from engine.strategy import DataSpec
from plugins.augmentation.random_resized_crop import RandomResizedCrop, all_at_once, one_by_one, resized_crops
from tests.plugins.augmentation.distributions import DRAWS, critical_distance, kolmogorov_smirnov
from tests.plugins.augmentation.pictures import generator, smooth_and_noisy
from tests.plugins.bench import config

RESIZES_UINT8 = "AVX" in torch.backends.cpu.get_cpu_capability()
"""Whether torchvision resizes whole numbers here, rounding twice; elsewhere it resizes fractions and rounds once."""


@pytest.mark.parametrize("scale", [(0.08, 1.0), (0.7, 1.0)], ids=str)
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (3, 64, 64), (3, 40, 24)], ids=str)
def test_equals_torchvision_for_the_same_boxes(shape, scale, record_property):
    images = smooth_and_noisy(shape, 200)
    boxes = RandomResizedCrop(scale=scale).boxes(len(images), *shape[1:], generator(2))
    ours = resized_crops(images, *boxes)
    theirs = torch.stack([
        functional.resized_crop(image, *map(int, box), shape[1:], InterpolationMode.BILINEAR, antialias=True)
        for image, *box in zip(images, *boxes, strict=True)
    ])  # fmt: skip
    difference = (ours.int() - theirs.int()).abs()
    share = (difference > 0).float().mean().item()
    record_property("share_of_pixels_that_differ", share)
    assert difference.max() <= 1
    assert share <= (0.02 if RESIZES_UINT8 else 0.25)


def test_the_whole_image_as_a_box_changes_nothing():
    images = smooth_and_noisy((3, 32, 32), 20)
    zeros, full = torch.zeros(20), torch.full((20,), 32.0)
    assert torch.equal(resized_crops(images, zeros, zeros, full, full), images)


@pytest.mark.skipif(not RESIZES_UINT8, reason="torchvision rounds once on this processor")
def test_equals_torchvision_exactly_where_it_resizes_whole_numbers():
    images = smooth_and_noisy((3, 28, 28), 500)
    boxes = RandomResizedCrop().boxes(len(images), 28, 28, generator(2))
    ours = resized_crops(images, *boxes)
    for image, mine, *box in zip(images, ours, *boxes, strict=True):
        assert torch.equal(mine, functional.resized_crop(image, *map(int, box), (28, 28), antialias=True))


def test_the_call_cuts_the_boxes_that_are_drawn():
    images = smooth_and_noisy((1, 28, 28), 20)
    crop = RandomResizedCrop(scale=(0.3, 0.6))
    boxes = crop.boxes(20, 28, 28, generator(3))
    assert torch.equal(crop(images, generator(3)), resized_crops(images, *boxes))


SETTINGS = [
    (28, 28, (0.08, 1.0), (3 / 4, 4 / 3)),
    (32, 32, (0.7, 1.0), (3 / 4, 4 / 3)),
    (20, 40, (0.5, 1.0), (0.5, 2.0)),
    (32, 32, (0.9, 1.0), (1.2, 3.0)),  # most boxes don't fit: the fallback is common
]
QUANTITIES = ("top", "left", "height", "width", "area", "ratio", "free rows above", "free columns left")


def quantities(boxes: np.ndarray, height: int, width: int) -> list[np.ndarray]:
    top, left, rows, columns = boxes
    above = top / np.maximum(height - rows, 1)
    before = left / np.maximum(width - columns, 1)
    return [top, left, rows, columns, rows * columns, columns / rows, above, before]


@pytest.mark.parametrize(("height", "width", "scale", "ratio"), SETTINGS, ids=str)
def test_boxes_are_distributed_as_torchvisions(height, width, scale, ratio):
    ours = torch.stack(RandomResizedCrop(scale=scale, ratio=ratio).boxes(DRAWS, height, width, generator(4)))
    ours = ours.numpy().astype(np.int64)
    torch.manual_seed(5)
    image = torch.empty(1, height, width)
    theirs = np.array([TorchvisionCrop.get_params(image, list(scale), list(ratio)) for _ in range(DRAWS)]).T
    limit = critical_distance(DRAWS, len(SETTINGS) * len(QUANTITIES))
    found = {
        name: kolmogorov_smirnov(one, other)
        for name, one, other in zip(
            QUANTITIES, quantities(ours, height, width), quantities(theirs, height, width), strict=True
        )
    }
    assert {name: distance for name, distance in found.items() if distance > limit} == {}


def test_the_test_of_distributions_tells_a_linear_ratio_from_a_logarithmic_one():
    numbers = np.random.default_rng(6)
    logarithmic = np.exp(numbers.uniform(math.log(3 / 4), math.log(4 / 3), DRAWS))
    linear = numbers.uniform(3 / 4, 4 / 3, DRAWS)
    again = np.exp(numbers.uniform(math.log(3 / 4), math.log(4 / 3), DRAWS))
    limit = critical_distance(DRAWS, len(SETTINGS) * len(QUANTITIES))
    assert kolmogorov_smirnov(logarithmic, linear) > limit > kolmogorov_smirnov(logarithmic, again)


@pytest.mark.parametrize("ratio", [(2.0, 3.0), (3.0, 2.0), (0.2, 0.4), (0.4, 0.2)], ids=str)
@pytest.mark.parametrize("size", [(28, 28), (32, 30)], ids=str)
def test_where_no_box_fits_it_is_torchvisions_central_one(size, ratio):
    boxes = RandomResizedCrop(scale=(1.0, 1.0), ratio=ratio).boxes(50, *size, generator(7))
    torch.manual_seed(8)
    theirs = TorchvisionCrop.get_params(torch.empty(1, *size), [1.0, 1.0], sorted(ratio))
    assert {tuple(map(int, box)) for box in zip(*boxes, strict=True)} == {theirs}


@pytest.mark.parametrize(("scale", "ratio"), [((0.0001, 0.001), (0.01, 100.0)), ((1.0, 1.0), (1.0, 1.0))], ids=str)
def test_boxes_lie_within_the_image_at_the_edges_of_the_bounds(scale, ratio):
    height, width = 28, 32
    boxes = RandomResizedCrop(scale=scale, ratio=ratio).boxes(DRAWS, height, width, generator(9))
    top, left, rows, columns = boxes
    assert all(torch.equal(side, side.round()) for side in boxes)
    assert min(top.min(), left.min()) >= 0
    assert min(rows.min(), columns.min()) >= 1
    assert (top + rows).max() <= height
    assert (left + columns).max() <= width


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (3, 64, 64), (1, 60, 90), (3, 112, 112)], ids=str)
def test_small_images_together_and_large_ones_by_themselves_give_the_same_bits(shape):
    images = smooth_and_noisy(shape, 60)
    boxes = RandomResizedCrop().boxes(60, *shape[1:], generator(10))
    assert torch.equal(all_at_once(images, *boxes), one_by_one(images, *boxes))
    assert torch.equal(resized_crops(images, *boxes), one_by_one(images, *boxes))


@pytest.mark.parametrize(
    ("scale", "shape", "fields"),
    [
        ((0.08, 1.0), None, []),
        ((0.08, 1.0), (1, 28, 28), ["scale"]),
        ((1.0, 0.08), (3, 90, 48), ["scale"]),
        ((0.08, 1.0), (3, 49, 49), []),
        ((0.3, 1.0), (1, 28, 28), []),
        ((0.29, 1.0), (1, 28, 28), ["scale"]),
        ((0.08, 1.0), (5,), []),
    ],
)
def test_warns_of_tiny_boxes_of_small_images(scale, shape, fields):
    data = None if shape is None else DataSpec(shape, 10)
    advice = list(RandomResizedCrop(scale=scale).advice(config(), data))
    assert [(one.level, one.field) for one in advice] == [("warning", field) for field in fields]
