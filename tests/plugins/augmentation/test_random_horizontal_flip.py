from __future__ import annotations

import pytest
import torch
from torchvision.transforms.v2 import functional

from plugins.augmentation.random_horizontal_flip import RandomHorizontalFlip


def generator(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (3, 64, 64), (3, 20, 33)], ids=str)
def test_each_image_is_as_it_was_or_as_torchvision_mirrors_it(shape):
    images = torch.randint(0, 256, (200, *shape), generator=generator(), dtype=torch.uint8)
    mirrored = functional.horizontal_flip(images)
    flipped = RandomHorizontalFlip(p=0.3)(images, generator(2))
    was_flipped = (flipped == mirrored).flatten(1).all(1)
    was_kept = (flipped == images).flatten(1).all(1)
    assert torch.equal(was_flipped, ~was_kept)
    assert 30 <= int(was_flipped.sum()) <= 90  # 60 ± 30: 4.6 standard deviations


@pytest.mark.parametrize(("p", "count"), [(0.0, 0), (1.0, 500)])
def test_never_and_always(p, count):
    images = torch.randint(0, 256, (500, 1, 4, 4), generator=generator(), dtype=torch.uint8)
    flipped = RandomHorizontalFlip(p=p)(images, generator(2))
    assert torch.equal(flipped, functional.horizontal_flip(images) if count else images)


def test_the_share_of_mirrored_images_is_p():
    images = torch.arange(2, dtype=torch.uint8).repeat(10_000, 1).view(10_000, 1, 1, 2)
    flipped = RandomHorizontalFlip(p=0.25)(images, generator(3))
    share = (flipped[:, 0, 0, 0] == 1).float().mean().item()
    assert abs(share - 0.25) < 0.02  # 4.6 standard deviations
