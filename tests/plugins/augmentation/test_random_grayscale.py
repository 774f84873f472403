from __future__ import annotations

import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import RandomGrayscale as TorchvisionGrayscale
from torchvision.transforms.v2 import functional

from engine.strategy import DataSpec
from plugins.augmentation.random_grayscale import RandomGrayscale, all_at_once, greyed
from tests.plugins.augmentation.distributions import DRAWS, unlike
from tests.plugins.augmentation.pictures import SHAPES, difference, generator, smooth_and_noisy
from tests.plugins.bench import config


@pytest.mark.parametrize("shape", [*SHAPES, (3, 20, 33)], ids=str)
def test_equals_torchvision_for_the_same_choice(shape, record_property):
    images = smooth_and_noisy(shape, 200)
    chosen = RandomGrayscale(p=0.3).chosen(200, generator(2))
    assert 30 <= int(chosen.sum()) <= 90  # 60 ± 30: 4.6 standard deviations
    ours = greyed(images, chosen)
    grey = torch.stack([functional.rgb_to_grayscale(image, shape[0]) for image in images[chosen]])
    greatest, share = difference(ours[chosen], grey)
    record_property("share_of_pixels_that_differ", share)
    assert greatest <= 1
    assert share <= 0.02
    assert torch.equal(ours[~chosen], images[~chosen])
    assert shape[0] != 3 or torch.equal(all_at_once(images, chosen), ours)  # as a GPU does it


@pytest.mark.parametrize("p", [0.0, 0.5, 1.0])
def test_the_call_turns_those_grey_that_are_chosen(p):
    images = smooth_and_noisy((3, 20, 33), 50)
    turn = RandomGrayscale(p=p)
    expected = greyed(images, turn.chosen(50, generator(3)))
    assert torch.equal(turn(images, generator(3)), expected)
    is_grey = (expected == expected[:, :1]).flatten(1).all(1)
    assert p not in (0, 1) or torch.equal(is_grey, torch.full((50,), p == 1))


@pytest.mark.parametrize("p", [0.1, 0.5])
def test_the_choice_is_distributed_as_torchvisions(p):
    ours = RandomGrayscale(p=p).chosen(DRAWS, generator(4)).numpy()
    torch.manual_seed(5)
    turn, image = TorchvisionGrayscale(p), torch.tensor([[[255]], [[0]], [[0]]], dtype=torch.uint8)
    theirs = np.array([turn(image)[0, 0, 0].item() < 255 for _ in range(DRAWS)])
    assert unlike({"chosen": ours}, {"chosen": theirs}, 2) == {}


@pytest.mark.parametrize(
    ("p", "data", "fields"),
    [
        (0.1, None, []),
        (0.1, DataSpec((3, 32, 32), 10), []),
        (0.0, None, ["p"]),
        (0.1, DataSpec((1, 28, 28), 10), [""]),
    ],
)
def test_warns_where_there_is_no_colour_to_take(p, data, fields):
    advice = list(RandomGrayscale(p=p).advice(config(), data))
    assert [(one.level, one.field) for one in advice] == [("warning", field) for field in fields]
