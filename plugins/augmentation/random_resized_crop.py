"""Random resized crop (Szegedy et al. 2014, arXiv:1409.4842), for a whole batch at once."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import torch
from torch import Generator, Tensor
from torch.nn.functional import interpolate

from engine.message import message
from engine.strategy import Advice, Augmentation, Code, DataSpec, Effect, Field, Strategy, Verdict, hookimpl
from plugins.augmentation._code import SIZE, transform

if TYPE_CHECKING:
    from engine.config import RunConfig

ATTEMPTS = 10
"""How often torchvision draws a box before it falls back to a central one."""
CENTRE = 0.5 - 2**-20
"""The share of the places of a box before the central one, of two central ones the first."""
FINENESS = 2**14
"""Places between two pixels, as in PyTorch's resizing of uint8."""
SMALL = 48 * 48
"""Pixels up to which an image is cropped sooner with the whole batch than by itself, on a processor."""

SMALL_SIDE = 48
"""Pixels of the shorter side up to which a small box of an image no longer shows what it is of."""
LEAST_SHARE = 0.3
"""Share of such an image that still does, nearly always."""
MILD = (0.7, 1.0)
"""Shares that suit images of any size."""

Share = Annotated[float, Field(gt=0, le=1)]
Ratio = Annotated[float, Field(ge=0.01, le=100)]


class RandomResizedCrop(Augmentation):
    """Cut a random box out of each image and enlarge it to full size: things come nearer and off-centre.

    Boxes are drawn as by torchvision's transform of that name, one per image.
    """

    remedies = {"overfitting": Effect(gap=0.5)}

    scale: tuple[Share, Share] = (0.08, 1.0)
    """Smallest and largest share of the image's area; for small images 0.7 to 1 is enough."""
    ratio: tuple[Ratio, Ratio] = (3 / 4, 4 / 3)
    """Smallest and largest ratio of width to height."""

    def as_remedy(self, verdict: Verdict, config: RunConfig) -> Strategy:
        return self if min(self.scale) >= LEAST_SHARE else RandomResizedCrop(scale=MILD, ratio=self.ratio)

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        small = data is not None and len(data.input_shape) == 3 and min(data.input_shape[1:]) <= SMALL_SIDE
        if data is not None and small and min(self.scale) < LEAST_SHARE:
            yield Advice("warning", message(
                "crop-of-little", "of images of {height}×{width}, boxes down to {share} of the area show too little to "
                "learn from: 0.7 to 1 is enough",
                height=data.input_shape[1], width=data.input_shape[2], share=f"{min(self.scale):.0%}",
            ), "scale")  # fmt: skip

    def __call__(self, images: Tensor, generator: Generator) -> Tensor:
        count, _, height, width = images.shape
        top, left, rows, columns = self.boxes(count, height, width, generator)
        return resized_crops(images, top, left, rows, columns)

    def code(self, config: RunConfig) -> Code:
        return transform(self, "RandomResizedCrop", SIZE, shown=("scale",))

    def boxes(self, count: int, height: int, width: int, generator: Generator) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Top, left, height and width of a box per image, each float `[N]` holding whole numbers."""

        def uniform(bounds: Iterable[float], *shape: int) -> Tensor:
            low, high = sorted(bounds)
            return torch.empty(shape, device=generator.device).uniform_(low, high, generator=generator)

        # Few operations, each for all boxes: between two steps of a network every single one takes its time.
        area = uniform((share * height * width for share in self.scale), count, ATTEMPTS)
        ratio = uniform(map(math.log, self.ratio), count, ATTEMPTS).exp_()
        tried = torch.stack((area / ratio, area * ratio)).sqrt_().round_()  # rows, then columns
        fits = (tried[0] > 0) & (tried[0] <= height) & (tried[1] > 0) & (tried[1] <= width)
        found, first = fits.int().max(1, keepdim=True)
        rows, columns = tried.gather(2, first.expand(2, -1, -1)).squeeze(2)
        none = found.squeeze(1) == 0
        central_rows, central_columns = self._central(height, width)
        rows.masked_fill_(none, central_rows)
        columns.masked_fill_(none, central_columns)
        down, right = uniform((0, 1), 2, count).masked_fill_(none, CENTRE)
        return (down * (height + 1 - rows)).floor_(), (right * (width + 1 - columns)).floor_(), rows, columns

    def _central(self, height: int, width: int) -> tuple[int, int]:
        """Height and width of the largest box whose ratio is within bounds."""
        ratio = min(max(width / height, min(self.ratio)), max(self.ratio))
        if ratio > width / height:
            return round(width / ratio), width
        return height, round(height * ratio)


def resized_crops(images: Tensor, top: Tensor, left: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Each image's box enlarged to the full size, bilinear, uint8 `[N, C, H, W]`; the same bits by either way."""
    if images.device.type == "cpu" and images.shape[2] * images.shape[3] > SMALL:
        return one_by_one(images, top, left, rows, columns)
    return all_at_once(images, top, left, rows, columns)


def all_at_once(images: Tensor, top: Tensor, left: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Bilinear resizing is linear in the columns and in the rows: two matrix products per image, for all at once.

    As in PyTorch's resizing of uint8, columns come first and each product is rounded, a half upwards. The work grows
    with the third power of the side.
    """
    height, width = images.shape[2:]
    if height == width:  # both at once: half the operations
        across, down = _interpolation(torch.cat((left, top)), torch.cat((columns, rows)), width).chunk(2)
    else:
        across, down = _interpolation(left, columns, width), _interpolation(top, rows, height)
    lines = images.flatten(1, 2).float()  # the rows of all channels at once
    widened = (lines @ across.transpose(1, 2)).add_(0.5).floor_()
    enlarged = (down.unsqueeze(1) @ widened.view(images.shape)).add_(0.5)
    return enlarged.to(torch.int16).to(torch.uint8)  # in two steps: it's faster


def one_by_one(images: Tensor, top: Tensor, left: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """PyTorch's resizing of each box by itself; on a processor, where it takes uint8."""
    result = torch.empty_like(images)
    boxes = torch.stack((top, left, rows, columns), 1).int().tolist()
    for image, new, (y, x, height, width) in zip(images, result, boxes, strict=True):
        box = image[:, y : y + height, x : x + width].contiguous().unsqueeze(0)  # so it is resized sooner
        new.copy_(interpolate(box, images.shape[2:], mode="bilinear", antialias=True).squeeze(0))
    return result


def _interpolation(start: Tensor, length: Tensor, size: int) -> Tensor:
    """Weights `[N, size, size]`: row i of each holds how the i-th output pixel is mixed from the input's pixels."""
    pixels = torch.arange(size, device=start.device)
    # Places in whole numbers of PyTorch's 14 bits: the products' sums are then exact, and the same on every machine.
    start, length = (start.long() * FINENESS).unsqueeze(1), (length.long() * FINENESS).unsqueeze(1)
    at = ((2 * pixels + 1) * length + size) // (2 * size) - FINENESS // 2
    at = start + torch.minimum(at.clamp_(min=0), length - FINENESS)
    distance = ((at / FINENESS).unsqueeze(2) - pixels.float()).abs_()
    return (1 - distance).clamp_(min=0)


@hookimpl
def register_strategies() -> list[type[Augmentation]]:
    return [RandomResizedCrop]
