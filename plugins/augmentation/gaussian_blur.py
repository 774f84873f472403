"""Gaussian blur (as in Chen et al. 2020, arXiv:2002.05709), for a whole batch at once."""

from __future__ import annotations

from collections.abc import Iterable
from math import sqrt
from typing import TYPE_CHECKING, Annotated

import torch
from torch import Generator, Tensor
from torch.nn import functional

from engine.message import message
from engine.strategy import Advice, Augmentation, Code, DataSpec, Field, hookimpl
from plugins.augmentation._advice import changes_no_image
from plugins.augmentation._code import transform
from plugins.augmentation._portions import at_once

if TYPE_CHECKING:
    from engine.config import RunConfig

Sigma = Annotated[float, Field(ge=0.01, le=100)]


class GaussianBlur(Augmentation):
    """Blur each image, one a little and another more, so that fine texture counts less than shape.

    As torchvision's transform of that name, with a sigma per image.
    """

    corrupts = True

    kernel_size: int = Field(3, ge=1, le=101)
    """Side of the square over which pixels are averaged, odd: 3 for small images, 23 for photographs."""
    sigma: tuple[Sigma, Sigma] = (0.1, 2.0)
    """Smallest and largest standard deviation of the blur in pixels; below 0.3 nothing is to be seen."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        if self.kernel_size % 2 == 0:
            text = message("even-kernel", "the kernel has no middle: take an odd number")
            yield Advice("error", text, "kernel_size")
        elif self.kernel_size == 1:
            yield changes_no_image("kernel_size", "kernel_size=1")
        if data is not None and len(data.input_shape) == 3 and self.kernel_size // 2 >= min(data.input_shape[1:]):
            yield Advice("error", message(
                "blur-too-wide", "a kernel of {size} is too large for images of {height}×{width}: take a smaller one",
                size=self.kernel_size, height=data.input_shape[1], width=data.input_shape[2],
            ), "kernel_size")  # fmt: skip

    def __call__(self, images: Tensor, generator: Generator) -> Tensor:
        return blurred(images, self.sigmas(len(images), generator), self.kernel_size)

    def code(self, config: RunConfig) -> Code:
        return transform(self, "GaussianBlur", shown=("kernel_size", "sigma"))

    def sigmas(self, count: int, generator: Generator) -> Tensor:
        """The standard deviation for each image: float32 `[N]`."""
        low, high = self.sigma
        return low + (high - low) * torch.rand(count, generator=generator, device=generator.device)


def blurred(images: Tensor, sigmas: Tensor, kernel_size: int) -> Tensor:
    """Each image blurred with its own sigma, mirrored at the edges.

    A Gaussian is the product of one along the columns and one along the rows, and symmetric: what lies equally far on
    both sides is added before it is weighed.
    """
    radius = kernel_size // 2
    weights = _weights(sigmas, kernel_size).view(-1, kernel_size, 1, 1, 1)
    changed = torch.empty_like(images)
    portion = at_once(images)
    for old, new, weight in zip(images.split(portion), changed.split(portion), weights.split(portion), strict=True):
        values = functional.pad(old.float(), [radius] * 4, mode="reflect")
        for dimension in (2, 3):
            size = images.shape[dimension]
            total = values.narrow(dimension, radius, size) * weight[:, radius]
            for distance in range(1, radius + 1):
                before, after = (values.narrow(dimension, radius + d, size) for d in (-distance, distance))
                total.addcmul_(before + after, weight[:, radius + distance])
            values = total
        new.copy_(values.round_().to(torch.int16))  # from float32 to uint8 in two steps is three times as fast
    return changed


def _weights(sigmas: Tensor, kernel_size: int) -> Tensor:
    """Weights `[N, kernel_size]` of pixels on a line, each row with sum 1, computed as torchvision does."""
    limit = (kernel_size - 1) / (2 * sqrt(2))
    places = torch.linspace(-limit, limit, kernel_size, device=sigmas.device)
    return (places / sigmas.unsqueeze(1)).square_().neg_().softmax(1)


@hookimpl
def register_strategies() -> list[type[Augmentation]]:
    return [GaussianBlur]
