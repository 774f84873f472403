from __future__ import annotations

import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import GaussianBlur as TorchvisionBlur
from torchvision.transforms.v2 import functional

from engine.strategy import DataSpec
from plugins.augmentation.gaussian_blur import GaussianBlur, blurred
from tests.plugins.augmentation.distributions import DRAWS, unlike
from tests.plugins.augmentation.pictures import SHAPES, difference, generator, smooth_and_noisy
from tests.plugins.bench import config


@pytest.mark.parametrize("kernel_size", [1, 3, 9, 23])
@pytest.mark.parametrize("shape", [*SHAPES, (3, 20, 33)], ids=str)
def test_equals_torchvision_for_the_same_sigmas(shape, kernel_size, record_property):
    images = smooth_and_noisy(shape, 60)
    sigmas = GaussianBlur(sigma=(0.1, 5.0)).sigmas(60, generator(2))
    theirs = torch.stack([
        functional.gaussian_blur(image, [kernel_size] * 2, [sigma] * 2)
        for image, sigma in zip(images, sigmas.tolist(), strict=True)
    ])  # fmt: skip
    greatest, share = difference(blurred(images, sigmas, kernel_size), theirs)
    record_property("share_of_pixels_that_differ", share)
    assert greatest <= 1
    assert share <= 0.02
    assert kernel_size == 1 or not torch.equal(theirs, images)


def test_images_of_one_batch_have_nothing_to_do_with_each_other():
    images = smooth_and_noisy((1, 28, 28), 1).expand(900, -1, -1, -1)
    sigmas = GaussianBlur().sigmas(900, generator(3))
    together = blurred(images, sigmas, 5)
    for number in (0, 333, 334, 335, 899):
        assert torch.equal(together[number], blurred(images[:1], sigmas[number : number + 1], 5)[0])


def test_the_call_blurs_with_the_sigmas_that_are_drawn_and_its_own_kernel():
    images = smooth_and_noisy((3, 20, 33), 50)
    for values in ({}, {"kernel_size": 9}, {"sigma": (1.0, 3.0)}):
        blur = GaussianBlur(**values)
        expected = blurred(images, blur.sigmas(50, generator(3)), blur.kernel_size)
        assert torch.equal(blur(images, generator(3)), expected)


SIGMAS = [(0.1, 2.0), (1.5, 7.0)]


@pytest.mark.parametrize("sigma", SIGMAS, ids=str)
def test_sigmas_are_distributed_as_torchvisions(sigma):
    ours = GaussianBlur(sigma=sigma).sigmas(DRAWS, generator(4)).numpy()
    torch.manual_seed(5)
    blur = TorchvisionBlur(3, sigma)
    theirs = np.array([blur.make_params([])["sigma"][0] for _ in range(DRAWS)])
    assert unlike({"sigma": ours}, {"sigma": theirs}, len(SIGMAS)) == {}


@pytest.mark.parametrize(
    ("size", "data", "levels"),
    [
        (3, None, []),
        (4, None, ["error"]),
        (1, None, ["warning"]),
        (55, DataSpec((1, 40, 28), 10), []),
        (57, DataSpec((1, 40, 28), 10), ["error"]),
        (57, DataSpec((5,), 10), []),
    ],
)
def test_says_where_the_kernel_blurs_nothing_or_does_not_fit(size, data, levels):
    advice = list(GaussianBlur(kernel_size=size).advice(config(), data))
    assert [(one.level, one.field) for one in advice] == [(level, "kernel_size") for level in levels]


def test_the_largest_kernel_that_is_let_through_works():
    images = smooth_and_noisy((1, 40, 28), 4)
    assert blurred(images, torch.full((4,), 50.0), 55).float().std() < 10
    with pytest.raises(RuntimeError, match=r"[Pp]adding"):
        blurred(images, torch.full((4,), 50.0), 57)
