"""Random erasing (Zhong et al. 2017, arXiv:1708.04896), for a whole batch at once."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import torch
from torch import Generator, Tensor

from engine.message import message
from engine.strategy import Advice, Augmentation, Code, DataSpec, Field, hookimpl
from plugins.augmentation._advice import changes_no_image
from plugins.augmentation._code import transform

if TYPE_CHECKING:
    from engine.config import RunConfig

ATTEMPTS = 10
"""How often torchvision draws a box before it leaves the image as it is."""

Share = Annotated[float, Field(ge=0, le=1)]
Ratio = Annotated[float, Field(ge=0.01, le=100)]


class RandomErasing(Augmentation):
    """Cover a random box of each image with probability p, so that no single part of it can be relied on.

    Boxes are drawn as by torchvision's transform of that name, one per image.
    """

    corrupts = True

    p: float = Field(0.5, ge=0, le=1)
    """Probability that a box of an image is covered."""
    scale: tuple[Share, Share] = (0.02, 0.33)
    """Smallest and largest share of the image's area that is covered."""
    ratio: tuple[Ratio, Ratio] = (0.3, 3.3)
    """Smallest and largest ratio of the box's height to its width."""
    value: int = Field(0, ge=0, le=255)
    """What the box is covered with: 0 is black, 255 is white."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        if self.p == 0:
            yield changes_no_image("p", "p=0")
        if max(self.scale) == 0:
            yield changes_no_image("scale", "scale=0,0")
        elif max(self.scale) > 0.8:
            yield Advice("warning", message(
                "erases-all", "boxes of up to {share} % of an image leave nothing to learn from",
                share=round(100 * max(self.scale)),
            ), "scale")  # fmt: skip

    def __call__(self, images: Tensor, generator: Generator) -> Tensor:
        count, _, height, width = images.shape
        return erased(images, *self.boxes(count, height, width, generator), self.value)

    def code(self, config: RunConfig) -> Code:
        return transform(self, "RandomErasing", shown=("p",))

    def boxes(self, count: int, height: int, width: int, generator: Generator) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Top, left, height and width of a box per image, each float `[N]` holding whole numbers.

        Where nothing is covered, by chance or because no box fits, height and width are 0.
        """
        draw = torch.rand(count, 3 + 2 * ATTEMPTS, generator=generator, device=generator.device)
        smallest, largest = (share * height * width for share in self.scale)
        area = draw[:, 3 : 3 + ATTEMPTS] * (largest - smallest) + smallest
        low, high = (math.log(ratio) for ratio in self.ratio)
        ratio = (draw[:, 3 + ATTEMPTS :] * (high - low) + low).exp_()
        rows, columns = (area * ratio).sqrt_().round_(), (area / ratio).sqrt_().round_()
        fits = (rows < height) & (columns < width)
        first = fits.int().argmax(1, keepdim=True)
        covered = fits.any(1) & (draw[:, 0] < self.p)
        rows, columns = (side.gather(1, first).squeeze(1) * covered for side in (rows, columns))
        top = (draw[:, 1] * (height - rows + 1)).floor_()
        left = (draw[:, 2] * (width - columns + 1)).floor_()
        return top, left, rows, columns


def erased(images: Tensor, top: Tensor, left: Tensor, rows: Tensor, columns: Tensor, value: int = 0) -> Tensor:
    """The images with a box of each covered by one value."""

    def outside(start: Tensor, length: Tensor, size: int) -> Tensor:
        """For each image and place along a side, 255 outside the box and 0 within, uint8 `[N, 1, size]`."""
        distance = torch.arange(size, device=start.device) - start.view(-1, 1, 1)
        return ((distance < 0) | (distance >= length.view(-1, 1, 1))).to(torch.uint8).mul_(255)

    height, width = images.shape[2:]
    kept = (outside(top, rows, height).transpose(1, 2) | outside(left, columns, width)).unsqueeze(1)
    changed = images & kept
    return changed.bitwise_or_(kept.bitwise_not_().bitwise_and_(value)) if value else changed


@hookimpl
def register_strategies() -> list[type[Augmentation]]:
    return [RandomErasing]
