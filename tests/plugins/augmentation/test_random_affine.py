from __future__ import annotations

import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import RandomAffine as TorchvisionAffine
from torchvision.transforms.v2 import functional

from plugins.augmentation._affine import inverse_matrices, mapped
from plugins.augmentation.random_affine import RandomAffine
from tests.plugins.augmentation.distributions import DRAWS, unlike
from tests.plugins.augmentation.pictures import SHAPES, certain, difference, generator, smooth_and_noisy

STRONG = {
    "degrees": 180.0, "translate": (0.3, 0.4), "scale": (0.4, 2.5), "shear": (-40.0, 30.0, -10.0, 50.0),
}  # fmt: skip


@pytest.mark.parametrize("fill", [0, 200])
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
@pytest.mark.parametrize("values", [{}, STRONG], ids=["defaults", "strong"])
@pytest.mark.parametrize("shape", [*SHAPES, (3, 20, 33)], ids=str)
def test_equals_torchvision_for_the_same_parameters(shape, values, interpolation, fill, record_property):
    images = smooth_and_noisy(shape, 100)
    affine = RandomAffine(**values, interpolation=interpolation, fill=fill)
    angle, (x, y), scale, (shear_x, shear_y) = affine.parameters(100, *shape[1:], generator(2))
    angle[:4] = torch.tensor([0.0, 45.0, 90.0, -135.0])  # where places fall between two pixels
    x[:4] = y[:4] = shear_x[:4] = shear_y[:4] = 0
    scale[:4] = 1
    theirs = torch.stack([
        functional.affine(
            image, angle[n].item(), [x[n].item(), y[n].item()], scale[n].item(), [shear_x[n].item(), shear_y[n].item()],
            interpolation=interpolation, fill=fill,
        )
        for n, image in enumerate(images)
    ])  # fmt: skip
    matrices = inverse_matrices(angle, (x, y), scale, (shear_x, shear_y))
    ours = mapped(images, matrices, interpolation, fill)
    sure = certain(matrices, *shape[1:])
    assert sure.float().mean() > 0.95
    if interpolation == "nearest":
        theirs = torch.where(sure, theirs, ours)
    greatest, share = difference(ours, theirs)
    record_property("share_of_pixels_that_differ", share)
    assert greatest <= (interpolation == "bilinear")
    assert share <= 0.02


def test_images_of_one_batch_have_nothing_to_do_with_each_other():
    images = smooth_and_noisy((3, 40, 50), 200)
    matrices = inverse_matrices(*RandomAffine(**STRONG).parameters(200, 40, 50, generator(3)))
    together = mapped(images, matrices, "bilinear", 7)
    for one in (slice(n, n + 1) for n in (0, 86, 87, 88, 199)):  # a portion is 87 of them
        assert torch.equal(together[one], mapped(images[one], matrices[one], "bilinear", 7))


def test_the_call_uses_the_parameters_that_are_drawn():
    images = smooth_and_noisy((3, 20, 33), 50)
    affine = RandomAffine(**STRONG, interpolation="bilinear", fill=30)
    matrices = inverse_matrices(*affine.parameters(50, 20, 33, generator(4)))
    assert torch.equal(affine(images, generator(4)), mapped(images, matrices, "bilinear", 30))


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
def test_without_any_range_nothing_changes(interpolation):
    images = smooth_and_noisy((3, 20, 33), 50)
    affine = RandomAffine(degrees=0, translate=(0, 0), scale=(1, 1), interpolation=interpolation, fill=90)
    assert torch.equal(affine(images, generator(5)), images)


def test_with_the_defaults_a_thing_in_the_middle_stays_in_the_picture():
    images = torch.zeros(500, 1, 28, 28, dtype=torch.uint8)
    images[:, :, 6:22, 6:22] = 255
    moved = RandomAffine()(images, generator(6)).float().sum((1, 2, 3)) / (255 * 16 * 16)
    assert moved.min() > 0.75  # reduced to 0.81 of its area, give or take an edge, and nothing of it cut off
    assert moved.max() < 1.3


SETTINGS = [
    ({}, 28, 28),
    ({"degrees": 180.0, "translate": (0.5, 0.05), "scale": (0.5, 2.0), "shear": (-5.0, 20.0, -30.0, 0.0)}, 20, 40),
    ({"degrees": 1.0, "translate": (0.05, 1.0), "scale": (0.9, 0.9), "shear": (10.0, 10.0, 5.0, 6.0)}, 64, 64),
]
QUANTITIES = ("angle", "shift across", "shift down", "scale", "shear across", "shear down", "shift times angle")


def named(columns: np.ndarray) -> dict[str, np.ndarray]:
    """Each parameter, and whether two of them hang together."""
    return dict(zip(QUANTITIES, (*columns, columns[0] * columns[1]), strict=True))


@pytest.mark.parametrize(("values", "height", "width"), SETTINGS, ids=["defaults", "wide", "narrow"])
def test_parameters_are_distributed_as_torchvisions(values, height, width):
    affine = RandomAffine(**values)
    angle, shift, scale, shear = affine.parameters(DRAWS, height, width, generator(7))
    ours = torch.stack([angle, *shift, scale, *shear]).numpy()
    transform = TorchvisionAffine(affine.degrees, affine.translate, affine.scale, affine.shear)
    image = torch.empty(1, height, width)
    torch.manual_seed(8)
    drawn = [transform.make_params([image]) for _ in range(DRAWS)]
    theirs = np.array([(d["angle"], *d["translate"], d["scale"], *d["shear"]) for d in drawn], dtype=np.float32).T
    assert unlike(named(ours), named(theirs), len(SETTINGS) * len(QUANTITIES)) == {}


@pytest.mark.parametrize(("height", "width"), [(28, 28), (20, 40)])
def test_shifts_are_whole_pixels_and_all_of_them_occur(height, width):
    _, (x, y), _, _ = RandomAffine(translate=(0.25, 0.1)).parameters(DRAWS, height, width, generator(9))
    for shift, most in ((x, round(0.25 * width)), (y, round(0.1 * height))):
        assert shift.unique().tolist() == list(range(-most, most + 1))
