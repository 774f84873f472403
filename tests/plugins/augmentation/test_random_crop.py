from __future__ import annotations

import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import RandomCrop as TorchvisionCrop
from torchvision.transforms.v2 import functional

from engine.strategy import DataSpec
from plugins.augmentation.random_crop import RandomCrop, padded_crops
from tests.plugins.augmentation.distributions import DRAWS, unlike
from tests.plugins.augmentation.pictures import SHAPES, generator, smooth_and_noisy
from tests.plugins.bench import config

MODES = ("constant", "edge", "reflect", "symmetric")


@pytest.mark.parametrize("padding", [0, 1, 4, 19])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shape", [*SHAPES, (3, 20, 33)], ids=str)
def test_equals_torchvision_for_the_same_offsets(shape, mode, padding):
    images = smooth_and_noisy(shape, 60)
    top, left = RandomCrop(padding=padding).offsets(60, generator(2))
    ours = padded_crops(images, top, left, padding, mode, 77)
    for image, mine, *corner in zip(images, ours, top.tolist(), left.tolist(), strict=True):
        padded = functional.pad(image, [padding] * 4, fill=77, padding_mode=mode)
        assert torch.equal(mine, functional.crop(padded, *corner, *shape[1:]))


@pytest.mark.parametrize(("mode", "of_numpy"), [("edge", "edge"), ("reflect", "reflect"), ("symmetric", "symmetric")])
@pytest.mark.parametrize("shape", [(1, 4, 7), (3, 1, 2)], ids=str)
def test_a_border_wider_than_the_image_goes_on_as_it_began(shape, mode, of_numpy):
    images = smooth_and_noisy(shape, 60)
    top, left = RandomCrop(padding=9).offsets(60, generator(2))
    ours = padded_crops(images, top, left, 9, mode)
    padded = np.pad(images.numpy(), [(0, 0), (0, 0), (9, 9), (9, 9)], mode=of_numpy)
    for rows, mine, i, j in zip(padded, ours, top.tolist(), left.tolist(), strict=True):
        assert np.array_equal(mine.numpy(), rows[:, i : i + shape[1], j : j + shape[2]])


def test_the_call_cuts_at_the_offsets_that_are_drawn_with_its_own_border():
    images = smooth_and_noisy((3, 20, 33), 50)
    for values in ({}, {"padding": 7, "fill": 9}, {"padding_mode": "reflect"}):
        crop = RandomCrop(**values)
        expected = padded_crops(images, *crop.offsets(50, generator(3)), crop.padding, crop.padding_mode, crop.fill)
        assert torch.equal(crop(images, generator(3)), expected)
        assert torch.equal(crop(images.to(memory_format=torch.channels_last), generator(3)), expected)


PADDINGS = (1, 4, 28)


@pytest.mark.parametrize("padding", PADDINGS)
def test_offsets_are_distributed_as_torchvisions(padding):
    def quantities(top, left):
        return {"top": top, "left": left, "both": top * (2 * padding + 1) + left, "difference": top - left}

    ours = RandomCrop(padding=padding).offsets(DRAWS, generator(4))
    torch.manual_seed(5)
    theirs, image = TorchvisionCrop(28, padding=padding), torch.empty(1, 28, 28)
    drawn = [theirs.make_params([image]) for _ in range(DRAWS)]
    found = quantities(*(np.array([one[side] for one in drawn]) for side in ("top", "left")))
    assert unlike(quantities(*(side.numpy() for side in ours)), found, 4 * len(PADDINGS)) == {}


@pytest.mark.parametrize(
    ("values", "data", "fields"),
    [
        ({}, None, []),
        ({}, DataSpec((1, 28, 28), 10), []),
        ({"fill": 9}, None, []),
        ({"padding": 0, "fill": 9, "padding_mode": "edge"}, None, ["padding"]),
        ({"fill": 9, "padding_mode": "edge"}, None, ["fill"]),
        ({"padding": 14}, DataSpec((3, 40, 28), 10), ["padding"]),
        ({"padding": 13}, DataSpec((3, 40, 28), 10), []),
        ({"padding": 14}, DataSpec((5,), 10), []),
    ],
)
def test_warns_where_it_moves_nothing_or_too_far(values, data, fields):
    advice = list(RandomCrop(**values).advice(config(), data))
    assert [(one.level, one.field) for one in advice] == [("warning", field) for field in fields]
