from __future__ import annotations

import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import RandomRotation as TorchvisionRotation
from torchvision.transforms.v2 import functional

from plugins.augmentation._affine import mapped, rotations
from plugins.augmentation.random_rotation import RandomRotation
from tests.plugins.augmentation.distributions import DRAWS, unlike
from tests.plugins.augmentation.pictures import SHAPES, certain, difference, generator, smooth_and_noisy


@pytest.mark.parametrize("fill", [0, 200])
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
@pytest.mark.parametrize("shape", [*SHAPES, (3, 20, 33)], ids=str)
def test_equals_torchvision_for_the_same_angles(shape, interpolation, fill, record_property):
    images = smooth_and_noisy(shape, 100)
    angles = RandomRotation(degrees=180).angles(100, generator(2))
    angles[::5] = torch.tensor([0.0, 45.0, 90.0, -90.0, 180.0]).repeat(4)  # those that torchvision treats apart, too
    theirs = torch.stack([
        functional.rotate(image, angle, interpolation=interpolation, fill=fill)
        for image, angle in zip(images, angles.tolist(), strict=True)
    ])  # fmt: skip
    ours = mapped(images, rotations(angles), interpolation, fill)
    if interpolation == "nearest":
        theirs = torch.where(certain(rotations(angles), *shape[1:]), theirs, ours)
    greatest, share = difference(ours, theirs)
    record_property("share_of_pixels_that_differ", share)
    assert greatest <= (interpolation == "bilinear")
    assert share <= 0.02


def test_the_call_uses_the_angles_that_are_drawn():
    images = smooth_and_noisy((3, 20, 33), 50)
    rotation = RandomRotation(degrees=90, interpolation="bilinear", fill=30)
    expected = mapped(images, rotations(rotation.angles(50, generator(3))), "bilinear", 30)
    assert torch.equal(rotation(images, generator(3)), expected)


def test_without_degrees_nothing_changes():
    images = smooth_and_noisy((3, 20, 33), 50)
    assert torch.equal(RandomRotation(degrees=0)(images, generator(4)), images)


SETTINGS = (15.0, 180.0)


@pytest.mark.parametrize("degrees", SETTINGS)
def test_angles_are_distributed_as_torchvisions(degrees):
    transform = TorchvisionRotation(degrees)
    torch.manual_seed(8)
    theirs = np.array([transform.make_params([])["angle"] for _ in range(DRAWS)])
    ours = RandomRotation(degrees=degrees).angles(DRAWS, generator(7)).numpy()
    assert unlike({"angle": ours}, {"angle": theirs}, len(SETTINGS)) == {}
