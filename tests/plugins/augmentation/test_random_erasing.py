from __future__ import annotations

import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import RandomErasing as TorchvisionErasing
from torchvision.transforms.v2 import functional

from plugins.augmentation.random_erasing import RandomErasing, erased
from tests.plugins.augmentation.distributions import DRAWS, unlike
from tests.plugins.augmentation.pictures import SHAPES, generator, smooth_and_noisy
from tests.plugins.bench import config


@pytest.mark.parametrize("value", [0, 77, 255])
@pytest.mark.parametrize("shape", [*SHAPES, (3, 20, 33)], ids=str)
def test_equals_torchvision_for_the_same_boxes(shape, value):
    images = smooth_and_noisy(shape, 200)
    boxes = RandomErasing(scale=(0.0, 0.9)).boxes(200, *shape[1:], generator(2))
    ours = erased(images, *boxes, value)
    for image, mine, *box in zip(images, ours, *boxes, strict=True):
        fill = torch.tensor([float(value)])[:, None, None]
        assert torch.equal(mine, functional.erase(image, *map(int, box), fill))


def test_the_call_covers_the_boxes_that_are_drawn_with_its_own_value():
    images = smooth_and_noisy((3, 20, 33), 50)
    for values in ({}, {"value": 200}, {"p": 1.0, "scale": (0.1, 0.3), "ratio": (1.0, 1.5)}, {"p": 0.0}):
        erase = RandomErasing(**values)
        expected = erased(images, *erase.boxes(50, 20, 33, generator(3)), erase.value)
        assert torch.equal(erase(images, generator(3)), expected)
        untouched = (expected == images).flatten(1).all(1).sum()
        assert untouched == {0.0: 50, 1.0: 0}.get(erase.p, untouched)


SETTINGS = [
    (28, 28, (0.02, 0.33), (0.3, 3.3)),
    (20, 40, (0.3, 0.6), (0.5, 2.0)),
    (32, 32, (0.5, 1.0), (1.2, 3.0)),  # most boxes don't fit: every fifth image stays as it is
]
QUANTITIES = ("top", "left", "height", "width", "area", "ratio", "free rows above", "free columns left", "both")


def quantities(boxes: np.ndarray, height: int, width: int) -> dict[str, np.ndarray]:
    top, left, rows, columns = boxes
    above = top / np.maximum(height - rows, 1)
    before = left / np.maximum(width - columns, 1)
    found = [top, left, rows, columns, rows * columns, rows / np.maximum(columns, 1), above, before, above - before]
    return dict(zip(QUANTITIES, found, strict=True))


@pytest.mark.parametrize(("height", "width", "scale", "ratio"), SETTINGS, ids=str)
def test_boxes_are_distributed_as_torchvisions(height, width, scale, ratio):
    ours = torch.stack(RandomErasing(p=1, scale=scale, ratio=ratio).boxes(DRAWS, height, width, generator(4)))
    ours[:2, ours[2] == 0] = 0  # a box of no size lies nowhere
    torch.manual_seed(5)
    erase, image = TorchvisionErasing(1, scale, ratio), torch.empty(1, height, width)
    drawn = [erase.make_params([image]) for _ in range(DRAWS)]
    theirs = np.array([[0 if one["v"] is None else one[side] for one in drawn] for side in ("i", "j", "h", "w")])
    theirs[:2, theirs[2] == 0] = 0
    found = quantities(ours.numpy().astype(np.int64), height, width)
    assert unlike(found, quantities(theirs, height, width), len(SETTINGS) * len(QUANTITIES) + 2) == {}


@pytest.mark.parametrize("p", [0.1, 0.5])
def test_the_choice_is_distributed_as_torchvisions(p):
    rows = RandomErasing(p=p, scale=(0.3, 0.5)).boxes(DRAWS, 8, 8, generator(4))[2].numpy()
    torch.manual_seed(5)
    erase, image = TorchvisionErasing(p, (0.3, 0.5)), torch.ones(1, 8, 8, dtype=torch.uint8)
    theirs = np.array([erase(image).min().item() == 0 for _ in range(DRAWS)])
    assert unlike({"chosen": rows > 0}, {"chosen": theirs}, len(SETTINGS) * len(QUANTITIES) + 2) == {}


@pytest.mark.parametrize(("scale", "ratio"), [((0.0, 0.001), (0.01, 100.0)), ((0.9, 1.0), (1.0, 1.0))], ids=str)
def test_boxes_lie_within_the_image_at_the_edges_of_the_bounds(scale, ratio):
    height, width = 28, 32
    boxes = RandomErasing(p=1, scale=scale, ratio=ratio).boxes(DRAWS, height, width, generator(9))
    top, left, rows, columns = boxes
    assert all(torch.equal(side, side.round()) for side in boxes)
    assert min(side.min() for side in boxes) >= 0
    assert (top + rows).max() <= height
    assert (left + columns).max() <= width
    assert rows.max() < height
    assert columns.max() < width


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        ({}, []),
        ({"p": 0}, ["p"]),
        ({"scale": (0.0, 0.0)}, ["scale"]),
        ({"scale": (0.0, 0.1)}, []),
        ({"scale": (0.0, 0.9)}, ["scale"]),
        ({"scale": (0.9, 0.0)}, ["scale"]),
    ],
)
def test_warns_of_boxes_that_cover_nothing_or_all(values, fields):
    advice = list(RandomErasing(**values).advice(config()))
    assert [(one.level, one.field) for one in advice] == [("warning", field) for field in fields]
