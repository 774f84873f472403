"""Random crop after padding (as in Lee et al. 2014, arXiv:1409.5185), for a whole batch at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

import torch
from torch import Generator, Tensor
from torch.nn import functional

from engine.message import message
from engine.strategy import Advice, Augmentation, Code, DataSpec, Field, hookimpl
from plugins.augmentation._advice import changes_no_image
from plugins.augmentation._code import SIZE, transform

if TYPE_CHECKING:
    from engine.config import RunConfig


class RandomCrop(Augmentation):
    """Move each image a few pixels up or down and left or right, at random; what moves out of the frame is lost.

    As torchvision's transform of that name with the image's own size: a border is added, then the size is cut out.
    """

    padding: int = Field(4, ge=0, le=128)
    """Width of the border in pixels, and so the farthest an image moves in each direction."""
    padding_mode: Literal["constant", "edge", "reflect", "symmetric"] = "constant"
    """What the border holds: one value, the edge's pixels, or the image mirrored without or with its edge."""
    fill: int = Field(0, ge=0, le=255)
    """The border's value where it is constant: 0 is black, 255 is white."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        if self.padding == 0:
            yield changes_no_image("padding", "padding=0")
        elif self.fill and self.padding_mode != "constant":
            yield Advice("warning", message(
                "crop-no-fill", "fill has no effect where the padding mode is {mode}", mode=self.padding_mode
            ), "fill")  # fmt: skip
        if data is not None and len(data.input_shape) == 3 and 2 * self.padding >= min(data.input_shape[1:]):
            yield Advice("warning", message(
                "crop-wide-padding", "images of {height}×{width} moved by up to {padding} may lose half of what they "
                "show", height=data.input_shape[1], width=data.input_shape[2], padding=self.padding,
            ), "padding")  # fmt: skip

    def __call__(self, images: Tensor, generator: Generator) -> Tensor:
        top, left = self.offsets(len(images), generator)
        return padded_crops(images, top, left, self.padding, self.padding_mode, self.fill)

    def code(self, config: RunConfig) -> Code:
        return transform(self, "RandomCrop", SIZE, shown=("padding",))

    def offsets(self, count: int, generator: Generator) -> tuple[Tensor, Tensor]:
        """Where the cut begins in each padded image: row and column, each int64 `[N]`."""
        drawn = torch.randint(2 * self.padding + 1, (2, count), generator=generator, device=generator.device)
        return drawn[0], drawn[1]


def padded_crops(
    images: Tensor, top: Tensor, left: Tensor, padding: int, padding_mode: str = "constant", fill: int = 0
) -> Tensor:
    """Each image with a border around it, cut back to its size from its own row `top` and column `left` on."""
    count, channels, height, width = images.shape
    if count == 0:
        return images
    padded = functional.pad(images, [padding] * 4, value=fill)
    if padding_mode != "constant":
        for dimension, size in ((2, height), (3, width)):
            for place in (*range(-padding, 0), *range(size, size + padding)):
                source = padded.select(dimension, padding + _source(place, size, padding_mode))
                padded.select(dimension, padding + place).copy_(source)
    # The rows of a result are rows of the padded images from some column on: windows of one long row of pixels.
    across = width + 2 * padding
    planes = torch.arange(count * channels, device=images.device).view(count, channels, 1) * (height + 2 * padding)
    rows = planes + top.view(-1, 1, 1) + torch.arange(height, device=images.device)
    starts = rows * across + left.view(-1, 1, 1)
    return padded.reshape(-1).unfold(0, width, 1).index_select(0, starts.flatten()).view(images.shape)


def _source(place: int, size: int, padding_mode: str) -> int:
    """The pixel of a side of `size` that stands at a place outside of it."""
    if padding_mode == "edge":
        return min(max(place, 0), size - 1)
    if padding_mode == "reflect":
        within = place % max(2 * size - 2, 1)
        return min(within, 2 * size - 2 - within)
    within = place % (2 * size)
    return min(within, 2 * size - 1 - within)


@hookimpl
def register_strategies() -> list[type[Augmentation]]:
    return [RandomCrop]
