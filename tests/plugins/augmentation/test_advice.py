"""Augmentations that change nothing say so, in the same words; others, and those with their defaults, don't."""

from __future__ import annotations

import pytest
import torch

from tests.plugins.augmentation.pictures import generator, smooth_and_noisy
from tests.plugins.bench import CATALOGUE, config, strategy

IDLE = [
    ("random-horizontal-flip", {"p": 0}, "p"),
    ("random-vertical-flip", {"p": 0}, "p"),
    ("random-grayscale", {"p": 0}, "p"),
    ("random-erasing", {"p": 0}, "p"),
    ("random-erasing", {"scale": (0, 0)}, "scale"),
    ("random-crop", {"padding": 0}, "padding"),
    ("random-rotation", {"degrees": 0}, "degrees"),
    ("random-affine", {"degrees": 0, "translate": (0, 0), "scale": (1, 1)}, ""),
    ("rand-augment", {"num_ops": 0}, "num_ops"),
    ("gaussian-noise", {"sigma": 0}, "sigma"),
    ("gaussian-blur", {"kernel_size": 1}, "kernel_size"),
    ("color-jitter", {"brightness": 0, "contrast": 0, "saturation": 0, "hue": 0}, ""),
]
ACTIVE = [
    ("random-horizontal-flip", {"p": 0.01}),
    ("random-rotation", {"degrees": 5}),
    ("random-affine", {"degrees": 5, "translate": (0, 0), "scale": (1, 1)}),
    ("random-affine", {"degrees": 0, "translate": (0, 0.1), "scale": (1, 1)}),
    ("random-affine", {"degrees": 0, "translate": (0, 0), "scale": (1, 1.1)}),
    ("random-affine", {"degrees": 0, "translate": (0, 0), "scale": (2, 2)}),
    ("random-affine", {"degrees": 0, "translate": (0, 0), "scale": (1, 1), "shear": (0, 0, 0, 5)}),
    ("rand-augment", {"num_ops": 1, "magnitude": 1}),
]


def told(id, values):
    return [(one.level, one.text.code, one.field) for one in strategy(id, **values).advice(config())]


@pytest.mark.parametrize(("id", "values", "field"), IDLE)
def test_what_changes_no_image_says_so(id, values, field):
    images = smooth_and_noisy((3, 20, 33), 40)
    assert torch.equal(strategy(id, **values)(images, generator(2)), images)
    assert told(id, values) == [("warning", "changes-no-image", field)]


@pytest.mark.parametrize(("id", "values"), ACTIVE)
def test_what_changes_a_little_says_nothing(id, values):
    images = smooth_and_noisy((3, 20, 33), 400)
    assert not torch.equal(strategy(id, **values)(images, generator(2)), images)
    assert told(id, values) == []


@pytest.mark.parametrize("id", [entry.id for entry in CATALOGUE.entries if entry.kind == "augmentation"])
def test_with_its_defaults_none_says_anything_before_the_data_are_there(id):
    assert told(id, {}) == []


def test_rand_augment_says_what_is_left_at_strength_0():
    assert told("rand-augment", {"magnitude": 0}) == [("warning", "magnitude-of-nothing", "magnitude")]
    assert told("rand-augment", {"magnitude": 0, "num_ops": 0}) == [("warning", "changes-no-image", "num_ops")]
