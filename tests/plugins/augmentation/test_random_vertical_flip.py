from __future__ import annotations

import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import RandomVerticalFlip as TorchvisionFlip
from torchvision.transforms.v2 import functional

from plugins.augmentation.random_vertical_flip import RandomVerticalFlip, flipped
from tests.plugins.augmentation.distributions import DRAWS, unlike
from tests.plugins.augmentation.pictures import SHAPES, generator, smooth_and_noisy
from tests.plugins.bench import config


@pytest.mark.parametrize("shape", [*SHAPES, (3, 20, 33)], ids=str)
def test_equals_torchvision_for_the_same_choice(shape):
    images = smooth_and_noisy(shape, 200)
    chosen = RandomVerticalFlip(p=0.3).chosen(200, generator(2))
    assert 30 <= int(chosen.sum()) <= 90  # 60 ± 30: 4.6 standard deviations
    ours = flipped(images, chosen)
    assert torch.equal(ours[chosen], functional.vertical_flip(images[chosen]))
    assert torch.equal(ours[~chosen], images[~chosen])


@pytest.mark.parametrize("p", [0.0, 0.5, 1.0])
def test_the_call_mirrors_those_that_are_chosen(p):
    images = smooth_and_noisy((3, 20, 33), 50)
    flip = RandomVerticalFlip(p=p)
    expected = flipped(images, flip.chosen(50, generator(3)))
    assert torch.equal(flip(images, generator(3)), expected)
    assert torch.equal(flip(images.to(memory_format=torch.channels_last), generator(3)), expected)
    assert p not in (0, 1) or torch.equal(expected, images.flip(2) if p else images)


@pytest.mark.parametrize("p", [0.1, 0.5])
def test_the_choice_is_distributed_as_torchvisions(p):
    ours = RandomVerticalFlip(p=p).chosen(DRAWS, generator(4)).numpy()
    torch.manual_seed(5)
    flip, image = TorchvisionFlip(p), torch.tensor([[[0], [1]]], dtype=torch.uint8)
    theirs = np.array([flip(image)[0, 0, 0].item() for _ in range(DRAWS)])
    assert unlike({"chosen": ours}, {"chosen": theirs}, 2) == {}


def test_warns_where_it_mirrors_nothing():
    assert [(one.level, one.field) for one in RandomVerticalFlip(p=0).advice(config())] == [("warning", "p")]
    assert list(RandomVerticalFlip(p=0.01).advice(config())) == []
