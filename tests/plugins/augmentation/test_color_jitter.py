from __future__ import annotations

import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import ColorJitter as TorchvisionJitter
from torchvision.transforms.v2 import functional

from engine.strategy import DataSpec
from plugins.augmentation.color_jitter import ColorJitter, all_by_all, jittered
from tests.plugins.augmentation.distributions import DRAWS, unlike
from tests.plugins.augmentation.pictures import SHAPES, difference, generator, smooth_and_noisy
from tests.plugins.bench import config

NAMES = ("brightness", "contrast", "saturation", "hue")
OPERATIONS = (
    functional.adjust_brightness,
    functional.adjust_contrast,
    functional.adjust_saturation,
    functional.adjust_hue,
)
ALL = {"brightness": 0.8, "contrast": 0.8, "saturation": 0.8, "hue": 0.5}


def pictures(shape: tuple[int, int, int], count: int) -> torch.Tensor:
    """Noise, smooth images, and such as have colours that occur often: grey, black, white and pure ones."""
    images = smooth_and_noisy(shape, count)
    images[::4] = images[::4, :1]
    images[1::4] = images[1::4] // 128 * 255
    return images


@pytest.mark.parametrize("number", range(4), ids=NAMES)
@pytest.mark.parametrize("shape", [*SHAPES, (3, 20, 33)], ids=str)
def test_each_operation_equals_torchvisions_for_the_same_factors(shape, number, record_property):
    images = pictures(shape, 200)
    _, factors = ColorJitter(**ALL).parameters(200, shape[0], generator(2))
    factors[:3, :3], factors[:3, 3] = torch.tensor([0.0, 1.0, 3.0]).view(3, 1), torch.tensor([-0.5, 0.0, 0.5])
    ours = jittered(images, torch.full((200, 1), number), factors) if shape[0] == 3 or number < 2 else images
    theirs = torch.stack([
        OPERATIONS[number](image, factor) for image, factor in zip(images, factors[:, number].tolist(), strict=True)
    ])  # fmt: skip
    greatest, share = difference(ours, theirs)
    record_property("share_of_pixels_that_differ", share)
    allowed = (0.0, 0.001, 0.02, 0.02)[number]
    assert greatest <= (allowed > 0)
    assert share <= allowed


@pytest.mark.parametrize("values", [{}, ALL], ids=["defaults", "strong"])
@pytest.mark.parametrize("shape", [*SHAPES, (3, 20, 33)], ids=str)
def test_all_in_the_order_that_is_drawn_equal_torchvisions_in_that_order(shape, values, record_property):
    images = pictures(shape, 100)
    jitter = ColorJitter(**values)
    order, factors = jitter.parameters(100, shape[0], generator(3))
    theirs = torch.stack([
        TorchvisionJitter().transform(
            image, {"fn_idx": steps, **{f"{name}_factor": f for name, f in zip(NAMES, of_image, strict=True)}}
        )
        for image, steps, of_image in zip(images, order, factors.tolist(), strict=True)
    ])  # fmt: skip
    ours = jittered(images, order, factors)
    _, share = difference(ours, theirs)
    record_property("share_of_pixels_that_differ", share)
    assert share <= 0.02
    # A level of difference after one operation is more after the next: three of a million pixels are cut otherwise.
    assert ((ours.int() - theirs.int()).abs() > 1).float().mean() <= 1e-5


def test_images_of_one_batch_have_nothing_to_do_with_each_other():
    images = smooth_and_noisy((3, 20, 33), 600)
    order, factors = ColorJitter(**ALL).parameters(600, 3, generator(3))
    together = jittered(images, order, factors)
    for one in (slice(n, n + 1) for n in (0, 7, 264, 265, 599)):
        assert torch.equal(together[one], jittered(images[one], order[one], factors[one]))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_way_of_a_gpu_gives_the_same_bits(shape):
    images = pictures(shape, 300)
    for values in (ALL, {"contrast": 0, "hue": 0}):
        order, factors = ColorJitter(**values).parameters(300, shape[0], generator(3))
        assert torch.equal(all_by_all(images, order, factors), jittered(images, order, factors))


@pytest.mark.parametrize("channels", [1, 3])
def test_the_call_uses_the_parameters_that_are_drawn(channels):
    images = smooth_and_noisy((channels, 20, 33), 50)
    for values in ({}, {"hue": 0, "contrast": 0}, dict.fromkeys(NAMES, 0)):
        jitter = ColorJitter(**values)
        expected = jittered(images, *jitter.parameters(50, channels, generator(3)))
        assert torch.equal(jitter(images, generator(3)), expected)
        assert torch.equal(expected, images) == (values == dict.fromkeys(NAMES, 0))


SETTINGS = [({}, 3), ({"brightness": 2.0, "contrast": 1.5, "saturation": 0.9, "hue": 0.5}, 3)]
"""Of the second, brightness and contrast may be 0, but not below."""
COMPARISONS = 6 * len(SETTINGS) + 2


@pytest.mark.parametrize(("values", "channels"), SETTINGS, ids=["defaults", "strong"])
def test_factors_and_order_are_distributed_as_torchvisions(values, channels):
    jitter = ColorJitter(**values)
    order, factors = jitter.parameters(DRAWS, channels, generator(4))
    torch.manual_seed(5)
    theirs = TorchvisionJitter(*(getattr(jitter, name) for name in NAMES))
    drawn = [theirs.make_params([]) for _ in range(DRAWS)]
    their_order = torch.stack([one["fn_idx"] for one in drawn])
    found = {name: np.array([one[f"{name}_factor"] for one in drawn]) for name in NAMES} | orders(their_order)
    mine = dict(zip(NAMES, factors.T.numpy(), strict=True)) | orders(order)
    assert unlike(mine, found, COMPARISONS) == {}


def orders(order: torch.Tensor) -> dict[str, np.ndarray]:
    """Each order as a number, read from both ends."""
    weights = 4 ** torch.arange(order.shape[1])
    return {"order": (order * weights).sum(1).numpy(), "reversed": (order * weights.flip(0)).sum(1).numpy()}


@pytest.mark.parametrize(
    ("values", "channels", "acting"), [({}, 1, [0, 1]), ({"contrast": 0, "saturation": 0}, 3, [0, 3])]
)
def test_of_operations_without_effect_the_order_says_nothing(values, channels, acting):
    order, _ = ColorJitter(**values).parameters(DRAWS, channels, generator(4))
    assert torch.equal(order.sort(1).values, torch.tensor(acting).expand(DRAWS, 2))
    torch.manual_seed(5)
    full = torch.stack([torch.randperm(4) for _ in range(DRAWS)])
    left = full[torch.isin(full, torch.tensor(acting))].view(DRAWS, 2)
    assert unlike({"first": order[:, 0].numpy()}, {"first": left[:, 0].numpy()}, COMPARISONS) == {}


GREY, COLOUR = DataSpec((1, 28, 28), 10), DataSpec((3, 32, 32), 10)
COLOURS_ALONE = {"brightness": 0, "contrast": 0}


@pytest.mark.parametrize(
    ("values", "data", "codes"),
    [
        ({}, GREY, []),
        (COLOURS_ALONE, None, []),
        (COLOURS_ALONE, COLOUR, []),
        ({"brightness": 0}, GREY, []),
        ({"contrast": 0}, GREY, []),
        (COLOURS_ALONE, GREY, ["no-jitter-of-grey"]),
        (dict.fromkeys(NAMES, 0), GREY, ["changes-no-image"]),
    ],
)
def test_warns_where_it_changes_nothing(values, data, codes):
    advice = list(ColorJitter(**values).advice(config(), data))
    assert [(one.level, one.text.code) for one in advice] == [("warning", code) for code in codes]
