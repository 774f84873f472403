"""TrivialAugmentWide and RandAugment, which share their operations."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torchvision.transforms import v2

from engine.strategy import DataSpec
from plugins.augmentation._operations import (
    MOVED,
    OPERATIONS,
    SIGNED,
    all_by_all,
    inverse_matrices,
    magnitude_table,
    operated,
)
from plugins.augmentation.rand_augment import RandAugment
from plugins.augmentation.trivial_augment_wide import TrivialAugmentWide
from tests.plugins.augmentation.distributions import DRAWS, critical_distance, kolmogorov_smirnov, unlike
from tests.plugins.augmentation.pictures import SHAPES, certain, difference, generator, smooth_and_noisy
from tests.plugins.bench import config

TORCHVISIONS = tuple(v2.TrivialAugmentWide._AUGMENTATION_SPACE)
"""Torchvision's names of the operations."""
ALLOWED = {
    "identity": 0.0, "brightness": 0.0, "posterize": 0.0, "solarize": 0.0, "auto-contrast": 0.0, "equalize": 0.0,
    "contrast": 0.001,
}  # fmt: skip
"""The share of pixels that may differ by one level; of all other operations 2 %."""


def wide(bins: int, height: int, width: int) -> torch.Tensor:
    return magnitude_table(bins, 0.99, (32, 32), 135, 0.99, 6, torch.device("cpu"))


def narrow(bins: int, height: int, width: int) -> torch.Tensor:
    shift = (150 / 331 * width, 150 / 331 * height)
    return magnitude_table(bins, 0.3, shift, 30, 0.9, 4, torch.device("cpu"))


KINDS = {"trivial": (wide, v2.TrivialAugmentWide), "rand": (narrow, v2.RandAugment)}


@pytest.mark.parametrize(("bins", "height", "width"), [(31, 28, 28), (10, 20, 33), (2, 64, 64)])
@pytest.mark.parametrize("kind", KINDS)
def test_magnitudes_are_torchvisions(kind, bins, height, width):
    table, transform = KINDS[kind]
    assert tuple(transform._AUGMENTATION_SPACE) == TORCHVISIONS
    for number, (magnitudes_of, signed) in enumerate(transform._AUGMENTATION_SPACE.values()):
        magnitudes = magnitudes_of(bins, height, width)
        expected = torch.zeros(bins) if magnitudes is None else magnitudes.float()
        assert torch.equal(table(bins, height, width)[number], expected), OPERATIONS[number]
        assert (number in SIGNED) == signed


def as_torchvision_makes_it(image, number, magnitude, interpolation="nearest", fill=0):
    transform = v2.TrivialAugmentWide(interpolation=interpolation, fill=fill)
    return transform._apply_image_or_video_transform(
        image, TORCHVISIONS[number], float(magnitude), interpolation=transform.interpolation, fill=transform._fill
    )


def pictures(shape: tuple[int, int, int], count: int) -> torch.Tensor:
    """Noise, smooth images, grey ones, ones of few colours, and one of few brightnesses."""
    images = smooth_and_noisy(shape, count)
    images[::4] = images[::4, :1]
    images[1::4] = images[1::4] // 128 * 255
    images[6] = 100 + images[6] // 32
    return images


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("number", range(14), ids=OPERATIONS)
@pytest.mark.parametrize("shape", [*SHAPES, (3, 20, 33)], ids=str)
def test_each_operation_equals_torchvisions_at_every_magnitude(shape, number, kind, record_property):
    magnitudes = KINDS[kind][0](31, *shape[1:])[number]
    if number in SIGNED:
        magnitudes = torch.cat((magnitudes, -magnitudes))
    count = len(magnitudes)
    images = pictures(shape, count)
    if OPERATIONS[number] != "contrast":  # of an image that is its own mean, torchvision's rounding decides the level
        images[2] = 77
    operations = torch.full((count,), number)
    for interpolation, fill in [("nearest", 0), ("bilinear", 60)] if number in MOVED else [("nearest", 0)]:
        ours = operated(images, operations, magnitudes, interpolation, fill)
        theirs = torch.stack([
            as_torchvision_makes_it(image, number, magnitude, interpolation, fill)
            for image, magnitude in zip(images, magnitudes, strict=True)
        ])  # fmt: skip
        if number in MOVED and interpolation == "nearest":
            theirs = torch.where(
                certain(inverse_matrices(operations, magnitudes, *shape[1:]), *shape[1:]), theirs, ours
            )
        greatest, share = difference(ours, theirs)
        record_property(f"share_of_pixels_that_differ_{interpolation}", share)
        allowed = ALLOWED.get(OPERATIONS[number], 0.02)
        assert greatest <= (allowed > 0)
        assert share <= allowed


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 90, 100)], ids=str)
def test_each_image_of_a_mixed_batch_gets_its_own_operation_and_magnitude(shape):
    images = pictures(shape, 100)  # of the larger ones, 19 are worked on at once
    operations, magnitudes = TrivialAugmentWide().parameters(100, generator(2))
    operations[:30] = OPERATIONS.index("brightness")
    magnitudes[:30] = torch.linspace(-0.9, 0.9, 30)
    together = operated(images, operations, magnitudes, "nearest", 9)
    for n in range(100):
        one = slice(n, n + 1)
        assert torch.equal(together[one], operated(images[one], operations[one], magnitudes[one], "nearest", 9))


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear"])
@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (3, 90, 100), (4, 7, 5)], ids=str)
def test_the_way_of_a_gpu_gives_the_same_bits(shape, interpolation):
    images = pictures((3, *shape[1:]), 300)[:, [0, 1, 2, 0][: shape[0]]]
    operations, magnitudes = TrivialAugmentWide().parameters(300, generator(2))
    ours = operated(images, operations, magnitudes, interpolation, 9)
    assert torch.equal(all_by_all(images, operations, magnitudes, interpolation, 9), ours)


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 2, 5), (3, 3, 1)], ids=str)
def test_tiny_images_come_out_as_torchvision_makes_them(shape):
    images = torch.randint(0, 256, (14, *shape), generator=generator(3), dtype=torch.uint8)
    magnitudes = torch.tensor([0, 0.5, 0.5, 1, 1, 60, -0.5, 0.5, 0.5, 0.5, 3, 0.5, 0, 0])
    ours = operated(images, torch.arange(14), magnitudes, "nearest", 0)
    theirs = torch.stack([as_torchvision_makes_it(image, n, magnitudes[n]) for n, image in enumerate(images)])
    assert difference(ours, theirs)[0] <= 1


@pytest.mark.parametrize("channels", [2, 4])
def test_images_of_other_numbers_of_channels_are_changed_channel_by_channel_but_have_no_colour(channels):
    images = pictures((3, 20, 33), 140)[:, [0, 1, 2, 0][:channels]]
    operations, magnitudes = TrivialAugmentWide().parameters(140, generator(8))
    together = operated(images, operations, magnitudes, "nearest", 0)
    assert torch.equal(
        together[operations == OPERATIONS.index("color")], images[operations == OPERATIONS.index("color")]
    )
    apart = operations != OPERATIONS.index("color")
    apart &= operations != OPERATIONS.index("contrast")  # its mean is that of all channels
    for channel in range(channels):
        alone = operated(images[:, [channel]], operations, magnitudes, "nearest", 0)
        assert torch.equal(together[apart][:, [channel]], alone[apart])
    for augment in (TrivialAugmentWide(), RandAugment()):
        assert augment(images, generator(9)).shape == images.shape


def test_trivial_augment_does_what_it_draws():
    images = pictures((3, 20, 33), 60)
    augment = TrivialAugmentWide(num_magnitude_bins=5, interpolation="bilinear", fill=50)
    assert torch.equal(
        augment(images, generator(4)), operated(images, *augment.parameters(60, generator(4)), "bilinear", 50)
    )


def test_rand_augment_does_what_it_draws_one_operation_after_another():
    images = pictures((3, 20, 33), 60)
    augment = RandAugment(num_ops=3, magnitude=4, num_magnitude_bins=5, interpolation="bilinear", fill=50)
    drawing, expected = generator(4), images
    for _ in range(3):
        expected = operated(expected, *augment.parameters(60, 20, 33, drawing), "bilinear", 50)
    assert torch.equal(augment(images, generator(4)), expected)
    assert torch.equal(RandAugment(num_ops=0)(images, generator(4)), images)


def drawn_by(transform: v2.Transform, shape: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """Operations and magnitudes that torchvision draws for images one after another."""
    drawn = []

    class Noting(type(transform)):
        def _apply_image_or_video_transform(self, image, transform_id, magnitude, **_):
            drawn.append((TORCHVISIONS.index(transform_id), magnitude))
            return image

    noting, image = Noting(num_magnitude_bins=transform.num_magnitude_bins), torch.zeros(shape, dtype=torch.uint8)
    while len(drawn) < DRAWS:
        noting(image)
    operations, magnitudes = zip(*drawn[:DRAWS], strict=True)
    return np.array(operations), np.array(magnitudes)


def of_each(operations: np.ndarray, magnitudes: np.ndarray) -> dict[str, np.ndarray]:
    """For each operation its magnitude where it was drawn, and a number beyond all magnitudes elsewhere."""
    return {name: np.where(operations == number, magnitudes, 1000.0) for number, name in enumerate(OPERATIONS)}


def strengths(operations: np.ndarray, magnitudes: np.ndarray, table: torch.Tensor) -> np.ndarray:
    """The magnitudes of all signed operations together, as shares of the strongest: -1 to 1."""
    signed = (operations >= SIGNED.start) & (operations < SIGNED.stop)
    return (magnitudes[signed] / table[:, -1].numpy()[operations[signed]]).astype(np.float64).round(5)


def chi_square(one: np.ndarray, other: np.ndarray) -> float:
    """How much the frequencies of two samples of operations differ."""
    one, other = (np.bincount(sample, minlength=len(OPERATIONS)) for sample in (one, other))
    return float(((one - other) ** 2 / (one + other)).sum())


CRITICAL_CHI_SQUARE = 37.8
"""What two samples of 14 operations from one distribution exceed with a probability of 0.03 %."""


@pytest.mark.parametrize("kind", KINDS)
def test_operations_and_magnitudes_are_distributed_as_torchvisions(kind):
    shape, comparisons = (1, 20, 33), 2 * (len(OPERATIONS) + 2)
    if kind == "trivial":
        found = TrivialAugmentWide().parameters(DRAWS, generator(5))
    else:
        found = RandAugment().parameters(DRAWS, 20, 33, generator(5))
    ours = tuple(part.numpy() for part in found)
    table, transform = KINDS[kind]
    torch.manual_seed(6)
    theirs = drawn_by(transform(), shape)
    assert unlike(of_each(*ours), of_each(*theirs), comparisons) == {}
    assert chi_square(ours[0], theirs[0]) < CRITICAL_CHI_SQUARE
    shares = [strengths(*drawn, table(31, 20, 33)) for drawn in (ours, theirs)]
    assert kolmogorov_smirnov(*shares) < critical_distance(min(map(len, shares)), comparisons)


def test_every_operation_is_drawn_at_every_strength_in_both_directions():
    operations, magnitudes = TrivialAugmentWide().parameters(4 * DRAWS, generator(7))
    for number, row in enumerate(wide(31, 28, 28)):
        expected = {*row.tolist(), *((-row).tolist() if number in SIGNED else [])}
        assert set(magnitudes[operations == number].tolist()) == expected, OPERATIONS[number]


@pytest.mark.parametrize("channels", [1, 3])
def test_a_magnitude_of_nothing_changes_no_image(channels):
    images = pictures((channels, 20, 33), 14)
    images = images[torch.arange(14)].clone()
    magnitudes = wide(31, 20, 33)[:, 0]
    kept = operated(images, torch.arange(14), magnitudes, "nearest", 0)
    named = [name for name, one, other in zip(OPERATIONS, kept, images, strict=True) if not torch.equal(one, other)]
    assert set(named) <= {"solarize", "auto-contrast", "equalize"}  # white is inverted even at the weakest


@pytest.mark.parametrize(("magnitude", "bins", "errors"), [(9, 31, 0), (30, 31, 0), (31, 31, 1), (9, 9, 1)])
def test_rand_augment_refuses_a_magnitude_that_has_no_bin(magnitude, bins, errors):
    advice = list(RandAugment(magnitude=magnitude, num_magnitude_bins=bins).advice(config()))
    assert [(one.level, one.field) for one in advice] == [("error", "magnitude")] * errors
    if errors:
        assert f"at most {bins - 1}" in str(advice[0].text)


@pytest.mark.parametrize(("shape", "warnings"), [((1, 28, 28), 1), ((3, 32, 64), 1), ((3, 64, 64), 0), ((5,), 0)])
def test_trivial_augment_warns_where_its_shifts_empty_an_image(shape, warnings):
    assert list(TrivialAugmentWide().advice(config())) == []
    advice = list(TrivialAugmentWide().advice(config(), DataSpec(shape, 3)))
    assert [one.level for one in advice] == ["warning"] * warnings
