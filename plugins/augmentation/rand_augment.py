"""RandAugment (Cubuk et al. 2019, arXiv:1909.13719)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from torch import Generator, Tensor

from engine.message import message
from engine.strategy import Advice, Augmentation, Code, DataSpec, Field, hookimpl
from plugins.augmentation._advice import changes_no_image
from plugins.augmentation._affine import Interpolation
from plugins.augmentation._code import transform
from plugins.augmentation._operations import draw_operations, draw_signs, magnitude_table, operated

if TYPE_CHECKING:
    from engine.config import RunConfig

SHIFT = 150 / 331
"""Share of width or height by which an image is moved at most."""


class RandAugment(Augmentation):
    """Change each image by a few operations drawn at random, all at one strength, which is the one thing to tune.

    Shears, shifts, turns, brightness, colour, contrast, sharpness, fewer levels, inverted highlights, stretched and
    equalised brightness, or nothing at all, as torchvision's transform of that name, drawn for each image anew.
    """

    num_ops: int = Field(2, ge=0, le=14)
    """Number of operations, one after another; the same one may come twice."""
    magnitude: int = Field(9, ge=0, le=999)
    """Strength of all operations: 0 is none, `num_magnitude_bins` less 1 the greatest."""
    num_magnitude_bins: int = Field(31, ge=2, le=1000)
    """Number of strengths from none to the greatest."""
    interpolation: Interpolation = "nearest"
    """Whether a pixel is taken from the nearest one, or mixed from the four around (bilinear): smoother and slower."""
    fill: int = Field(0, ge=0, le=255)
    """Brightness of what comes in from outside the image: 0 is black."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        if self.magnitude >= self.num_magnitude_bins:
            yield Advice("error", message(
                "magnitude-beyond-bins", "the strength {magnitude} is not below the number of strengths: take at most "
                "{most}", magnitude=self.magnitude, most=self.num_magnitude_bins - 1,
            ), "magnitude")  # fmt: skip
        if self.num_ops == 0:
            yield changes_no_image("num_ops", "num_ops=0")
        elif self.magnitude == 0:
            yield Advice("warning", message(
                "magnitude-of-nothing", "at strength 0 only auto-contrast, equalize and solarize change an image, the "
                "other eleven of the fourteen operations nothing"
            ), "magnitude")  # fmt: skip

    def __call__(self, images: Tensor, generator: Generator) -> Tensor:
        count, _, height, width = images.shape
        for _ in range(self.num_ops):
            parameters = self.parameters(count, height, width, generator)
            images = operated(images, *parameters, self.interpolation, self.fill)
        return images

    def code(self, config: RunConfig) -> Code:
        return transform(self, "RandAugment", shown=("num_ops", "magnitude"))

    def parameters(self, count: int, height: int, width: int, generator: Generator) -> tuple[Tensor, Tensor]:
        """The operation of each image and its magnitude, each `[N]`."""
        shift = (SHIFT * width, SHIFT * height)
        table = magnitude_table(self.num_magnitude_bins, 0.3, shift, 30, 0.9, 4, generator.device)
        operations = draw_operations(count, generator)
        return operations, table[operations, self.magnitude] * draw_signs(operations, generator)


@hookimpl
def register_strategies() -> list[type[Augmentation]]:
    return [RandAugment]
