"""The fourteen operations of TrivialAugment and RandAugment, each for all images of a batch that drew it.

Given the same operation and magnitude, an image comes out as torchvision's functions make it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import torch
from torch import Generator, Tensor

from plugins.augmentation._affine import Interpolation, mapped, matrices, precise
from plugins.augmentation._portions import CACHED, at_once
from plugins.augmentation.color_jitter import adjust_brightness, adjust_contrast, adjust_saturation

OPERATIONS = (
    "identity", "shear-x", "shear-y", "translate-x", "translate-y", "rotate", "brightness", "color", "contrast",
    "sharpness", "posterize", "solarize", "auto-contrast", "equalize",
)  # fmt: skip
"""In torchvision's order; an operation's number is its place."""
MOVED = range(OPERATIONS.index("shear-x"), OPERATIONS.index("rotate") + 1)
"""The operations that move pixels."""
SIGNED = range(OPERATIONS.index("shear-x"), OPERATIONS.index("sharpness") + 1)
"""The operations whose magnitude is negative every other time."""


@functools.lru_cache(maxsize=32)
def magnitude_table(
    bins: int, shear: float, shift: tuple[float, float], rotate: float, colour: float, bits: int, device: torch.device
) -> Tensor:
    """The magnitudes of each operation from none to the strongest, `[14, bins]`.

    The strongest are a shear by `shear` pixels per pixel, a shift by `shift` pixels (x, y), a turn by `rotate` degrees,
    brightness, colour, contrast and sharpness changed by the share `colour`, and the last `bits` bits cut off.
    """
    none = torch.zeros(bins)
    return torch.stack([
        none,
        *(torch.linspace(0, most, bins) for most in (shear, shear, *shift, rotate, colour, colour, colour, colour)),
        (8 - torch.arange(bins) / ((bins - 1) / bits)).round(),
        torch.linspace(1, 0, bins),
        none,
        none,
    ]).to(device)  # fmt: skip


def draw_operations(count: int, generator: Generator) -> Tensor:
    """An operation for each image, all equally likely: int64 `[N]`."""
    return torch.randint(len(OPERATIONS), (count,), generator=generator, device=generator.device)


def draw_signs(operations: Tensor, generator: Generator) -> Tensor:
    """-1 for half of the images whose operation has two directions, else 1: float32 `[N]`."""
    signed = (operations >= SIGNED.start) & (operations < SIGNED.stop)
    negative = torch.rand(len(operations), generator=generator, device=generator.device) < 0.5
    return 1.0 - 2.0 * (signed & negative)


def operated(images: Tensor, operations: Tensor, magnitudes: Tensor, interpolation: Interpolation, fill: int) -> Tensor:
    """Each image after its operation at its magnitude, uint8 `[N, C, H, W]`; operations and magnitudes are `[N]`.

    The same by either way.
    """
    way = sorted_first if images.device.type == "cpu" else all_by_all
    return way(images, operations, magnitudes, interpolation, fill)


def all_by_all(
    images: Tensor, operations: Tensor, magnitudes: Tensor, interpolation: Interpolation, fill: int
) -> Tensor:
    """Every operation is done for all images, and each image takes its own.

    So a GPU is never asked how many images an operation has, and nothing waits for its answer.
    """
    inverse = inverse_matrices(operations * (operations < MOVED.stop), magnitudes, *images.shape[2:])
    result = mapped(images, inverse, interpolation, fill)  # what is not to be moved is mapped onto itself
    for number, operation in enumerate(COLOURED, MOVED.stop):
        result = torch.where((operations == number).view(-1, 1, 1, 1), operation(images, magnitudes), result)
    return result


def sorted_first(
    images: Tensor, operations: Tensor, magnitudes: Tensor, interpolation: Interpolation, fill: int
) -> Tensor:
    """Images are sorted by operation, so that each one is done once, for all that lie side by side."""
    operations, order = operations.sort(stable=True)
    counts = torch.bincount(operations, minlength=len(OPERATIONS)).tolist()
    images, magnitudes = images.index_select(0, order), magnitudes[order]
    moved = slice(counts[0], sum(counts[: MOVED.stop]))
    inverse = inverse_matrices(operations[moved], magnitudes[moved], *images.shape[2:])
    done = [images[: moved.start], mapped(images[moved], inverse, interpolation, fill)]
    portion = at_once(images, 2 * CACHED)
    groups = (part[moved.stop :].split(counts[MOVED.stop :]) for part in (images, magnitudes))
    for operation, group, strengths in zip(COLOURED, *groups, strict=True):
        done += map(operation, group.split(portion), strengths.split(portion))
    return torch.cat(done).index_select(0, order.argsort())


def inverse_matrices(operations: Tensor, magnitudes: Tensor, height: int, width: int) -> Tensor:
    """The inverse matrices of operations that move pixels: shears about the upper left corner, others the middle."""
    amounts = magnitudes.new_zeros(len(magnitudes), MOVED.stop)
    amounts.scatter_(1, operations.unsqueeze(1), magnitudes.unsqueeze(1))
    _, shear_x, shear_y, shift_x, shift_y, angle = precise(amounts).unbind(1)  # of each image, all but one are 0
    cosine, sine = angle.deg2rad().cos(), angle.deg2rad().sin()
    return matrices(
        cosine, shear_x - sine, shear_x * (height / 2) - shift_x.trunc(),
        shear_y + sine, cosine, shear_y * (width / 2) - shift_y.trunc(),
    )  # fmt: skip


# Each of the following takes uint8 images `[N, C, H, W]`, of any number of channels, and their magnitudes, `[N]`.


def _color(images: Tensor, change: Tensor) -> Tensor:
    return _adjusted(adjust_saturation, images, change) if images.shape[1] == 3 else images


def _posterize(images: Tensor, bits: Tensor) -> Tensor:
    return images & (256 - 2 ** (8 - bits)).to(torch.uint8).view(-1, 1, 1, 1)


def _solarize(images: Tensor, share: Tensor) -> Tensor:
    threshold = (255 * share).ceil().to(torch.uint8).view(-1, 1, 1, 1)
    # 255 from the threshold on, else 0: without a comparison, which takes ten times as long.
    return images ^ (threshold - images.minimum(threshold)).clamp_(max=1).sub_(1)


def _auto_contrast(images: Tensor, _: Tensor) -> Tensor:
    from torchvision.transforms.v2 import functional  # not at the top: it takes a second

    # Each channel is stretched by itself; torchvision takes one or three.
    stretched: Tensor = functional.autocontrast(images.flatten(0, 1).unsqueeze(1))
    return stretched.view(images.shape)


def _equalize(images: Tensor, _: Tensor) -> Tensor:
    from torchvision.transforms.v2 import functional

    equalized: Tensor = functional.equalize(images)
    return equalized


def _adjust_sharpness(values: Tensor, factors: Tensor) -> None:
    """As its kin in colour jitter; the edges stay. Of the nine pixels averaged each weighs 1, the middle 4 more."""
    inner = values[:, :, 1:-1, 1:-1]
    rows = values[:, :, :-2] + values[:, :, 1:-1] + values[:, :, 2:]
    blurred = (rows[..., :-2] + rows[..., 1:-1] + rows[..., 2:]).add_(inner, alpha=4).div_(13).round_()
    inner.addcmul_(blurred.sub_(inner), 1 - factors)
    values.clamp_(0, 255).floor_()


def _adjusted(adjust: Callable[[Tensor, Tensor], None], images: Tensor, change: Tensor) -> Tensor:
    """The images, changed in place as numbers with fractions; a change of 0 is a factor of 1."""
    values = images.float()
    adjust(values, (1 + change).view(-1, 1, 1, 1))
    return values.to(torch.int16).to(torch.uint8)  # in two steps: that is three times as fast


COLOURED: tuple[Callable[[Tensor, Tensor], Tensor], ...] = (
    functools.partial(_adjusted, adjust_brightness),
    _color,
    functools.partial(_adjusted, adjust_contrast),
    functools.partial(_adjusted, _adjust_sharpness),
    _posterize,
    _solarize,
    _auto_contrast,
    _equalize,
)
"""The operations after those that move pixels."""
