"""Random rotation, as torchvision's `RandomRotation`, for a whole batch at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import torch
from torch import Generator, Tensor

from engine.strategy import Advice, Augmentation, Code, DataSpec, Field, hookimpl
from plugins.augmentation._advice import changes_no_image
from plugins.augmentation._affine import Interpolation, mapped, rotations
from plugins.augmentation._code import transform

if TYPE_CHECKING:
    from engine.config import RunConfig


class RandomRotation(Augmentation):
    """Turn each image by an angle of its own about its middle. Harmful where up and down matter, as in 6 and 9."""

    degrees: float = Field(15.0, ge=0, le=180)
    """Greatest angle, to either side."""
    interpolation: Interpolation = "nearest"
    """Whether a pixel is taken from the nearest one, or mixed from the four around (bilinear): smoother and slower."""
    fill: int = Field(0, ge=0, le=255)
    """Brightness of the corners that come in from outside the image: 0 is black."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        if self.degrees == 0:
            yield changes_no_image("degrees", "degrees=0")

    def __call__(self, images: Tensor, generator: Generator) -> Tensor:
        angles = self.angles(len(images), generator)
        return mapped(images, rotations(angles), self.interpolation, self.fill)

    def code(self, config: RunConfig) -> Code:
        return transform(self, "RandomRotation", shown=("degrees",))

    def angles(self, count: int, generator: Generator) -> Tensor:
        """The angle of each image in degrees, anticlockwise, `[N]`."""
        return self.degrees * (2 * torch.rand(count, generator=generator, device=generator.device) - 1)


@hookimpl
def register_strategies() -> list[type[Augmentation]]:
    return [RandomRotation]
