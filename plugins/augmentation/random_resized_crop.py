"""Random resized crop (Szegedy et al. 2014, arXiv:1409.4842), for a whole batch at once."""

import math
from typing import Annotated

import torch
from torch import Generator, Tensor

from engine.strategy import Augmentation, Field, hookimpl

ATTEMPTS = 10
"""How often torchvision draws a box before it falls back to a central one."""
FINENESS = 2**14
"""Places between two pixels, as in PyTorch's resizing of uint8."""


Share = Annotated[float, Field(gt=0, le=1)]
Ratio = Annotated[float, Field(ge=0.01, le=100)]


class RandomResizedCrop(Augmentation):
    """Cut a random box out of each image and enlarge it to full size: things come nearer and off-centre.

    Boxes are drawn as by torchvision's transform of that name, one per image.
    """

    scale: tuple[Share, Share] = (0.08, 1.0)
    """Smallest and largest share of the image's area; for small images 0.7 to 1 is enough."""
    ratio: tuple[Ratio, Ratio] = (3 / 4, 4 / 3)
    """Smallest and largest ratio of width to height."""

    def __call__(self, images: Tensor, generator: Generator) -> Tensor:
        count, _, height, width = images.shape
        top, left, rows, columns = self.boxes(count, height, width, generator)
        return resized_crops(images, top, left, rows, columns)

    def boxes(self, count: int, height: int, width: int, generator: Generator) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Top, left, height and width of a box per image, each float `[N]` holding whole numbers."""

        def uniform(low: float, high: float, *shape: int) -> Tensor:
            return low + (high - low) * torch.rand(shape, generator=generator, device=generator.device)

        area = height * width * uniform(*self.scale, count, ATTEMPTS)
        ratio = uniform(math.log(self.ratio[0]), math.log(self.ratio[1]), count, ATTEMPTS).exp()
        columns, rows = (area * ratio).sqrt().round(), (area / ratio).sqrt().round()
        fits = (columns > 0) & (columns <= width) & (rows > 0) & (rows <= height)
        first = fits.int().argmax(1, keepdim=True)
        any_fits = fits.any(1)
        central_rows, central_columns = self._central(height, width)
        rows = torch.where(any_fits, rows.gather(1, first).squeeze(1), central_rows)
        columns = torch.where(any_fits, columns.gather(1, first).squeeze(1), central_columns)
        top = (uniform(0, 1, count) * (height - rows + 1)).floor()
        left = (uniform(0, 1, count) * (width - columns + 1)).floor()
        top = torch.where(any_fits, top, (height - central_rows) // 2)
        left = torch.where(any_fits, left, (width - central_columns) // 2)
        return top, left, rows, columns

    def _central(self, height: int, width: int) -> tuple[int, int]:
        """Height and width of the largest box whose ratio is within bounds."""
        ratio = min(max(width / height, min(self.ratio)), max(self.ratio))
        if ratio > width / height:
            return round(width / ratio), width
        return height, round(height * ratio)


def resized_crops(images: Tensor, top: Tensor, left: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
    """Each image's box enlarged to the full size, bilinear, uint8 `[N, C, H, W]`.

    Bilinear resizing is linear in the columns and in the rows: two small matrix products per image, for all at once.
    As in PyTorch's resizing of uint8, columns come first and each product is rounded, a half upwards.
    """
    height, width = images.shape[2:]
    across = _interpolation(left, columns, width).unsqueeze(1).transpose(2, 3)
    down = _interpolation(top, rows, height).unsqueeze(1)
    widened = (images.float() @ across).add_(0.5).floor_()
    return (down @ widened).add_(0.5).to(torch.uint8)


def _interpolation(start: Tensor, length: Tensor, size: int) -> Tensor:
    """Weights `[N, size, size]`: row i of each holds how the i-th output pixel is mixed from the input's pixels."""
    pixels = torch.arange(size, device=start.device)
    start, length = start.long().unsqueeze(1), length.long().unsqueeze(1)
    # Places in whole numbers of PyTorch's 14 bits: the products' sums are then exact, and the same on every machine.
    at = ((2 * pixels + 1) * length * FINENESS + size) // (2 * size) - FINENESS // 2
    at = start * FINENESS + torch.minimum(at.clamp_(min=0), (length - 1) * FINENESS)
    distance = ((at / FINENESS).unsqueeze(2) - pixels.float()).abs_()
    return distance.neg_().add_(1).clamp_(min=0)


@hookimpl
def register_strategies() -> list[type[Augmentation]]:
    return [RandomResizedCrop]
