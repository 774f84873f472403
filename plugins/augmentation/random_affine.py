"""Random affine transformation (as in Simard, Steinkraus, Platt 2003), as torchvision's `RandomAffine`, for a whole
batch at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import torch
from torch import Generator, Tensor

from engine.strategy import Advice, Augmentation, Code, DataSpec, Field, hookimpl
from plugins.augmentation._advice import changes_no_image
from plugins.augmentation._affine import Interpolation, inverse_matrices, mapped
from plugins.augmentation._code import transform

if TYPE_CHECKING:
    from engine.config import RunConfig

Share = Annotated[float, Field(ge=0, le=1)]
Factor = Annotated[float, Field(ge=0.1, le=10)]
Degrees = Annotated[float, Field(ge=-80, le=80)]


class RandomAffine(Augmentation):
    """Turn, shift, enlarge and slant each image a little, so that where and how a thing lies stops mattering.

    Drawn as by torchvision's transform of that name, for each image anew. With the defaults a thing on an image of 28
    by 28 pixels moves by up to 3 pixels and remains what it is; torchvision itself only turns unless told more.
    """

    degrees: float = Field(15.0, ge=0, le=180)
    """Greatest angle by which an image is turned, to either side. A large one makes a 9 of a 6."""
    translate: tuple[Share, Share] = (0.1, 0.1)
    """Greatest shift across and down, to either side, as shares of width and height."""
    scale: tuple[Factor, Factor] = (0.9, 1.1)
    """Smallest and largest factor by which things are enlarged."""
    shear: tuple[Degrees, Degrees, Degrees, Degrees] = (0.0, 0.0, 0.0, 0.0)
    """Smallest and largest slant across, then smallest and largest slant down, in degrees."""
    interpolation: Interpolation = "nearest"
    """Whether a pixel is taken from the nearest one, or mixed from the four around (bilinear): smoother and slower."""
    fill: int = Field(0, ge=0, le=255)
    """Brightness of what comes in from outside the image: 0 is black."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        if self.scale == (1, 1) and not any((self.degrees, *self.translate, *self.shear)):
            yield changes_no_image("", "degrees=0, translate=0,0, scale=1,1, shear=0,0,0,0")

    def __call__(self, images: Tensor, generator: Generator) -> Tensor:
        count, _, height, width = images.shape
        matrices = inverse_matrices(*self.parameters(count, height, width, generator))
        return mapped(images, matrices, self.interpolation, self.fill)

    def code(self, config: RunConfig) -> Code:
        return transform(self, "RandomAffine", shown=("degrees",))

    def parameters(
        self, count: int, height: int, width: int, generator: Generator
    ) -> tuple[Tensor, tuple[Tensor, Tensor], Tensor, tuple[Tensor, Tensor]]:
        """Angle, shift (x, y) in whole pixels, scale and shear (x, y) of each image, each `[N]`."""

        def uniform(low: float, high: float) -> Tensor:
            return low + (high - low) * torch.rand(count, generator=generator, device=generator.device)

        across, down = self.translate[0] * width, self.translate[1] * height
        return (
            uniform(-self.degrees, self.degrees),
            (uniform(-across, across).round(), uniform(-down, down).round()),
            uniform(*self.scale),
            (uniform(*self.shear[:2]), uniform(*self.shear[2:])),
        )


@hookimpl
def register_strategies() -> list[type[Augmentation]]:
    return [RandomAffine]
