"""TrivialAugment with the wide range of magnitudes (Müller, Hutter 2021, arXiv:2103.10158)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import torch
from torch import Generator, Tensor

from engine.message import message
from engine.strategy import Advice, Augmentation, Code, DataSpec, Field, hookimpl
from plugins.augmentation._affine import Interpolation
from plugins.augmentation._code import transform
from plugins.augmentation._operations import draw_operations, draw_signs, magnitude_table, operated

if TYPE_CHECKING:
    from engine.config import RunConfig

SHIFT = 32
"""Pixels by which an image is moved at most, whatever its size."""


class TrivialAugmentWide(Augmentation):
    """Change each image by one of fourteen operations at a strength, both drawn at random: nothing is to be tuned.

    Shears, shifts, turns, brightness, colour, contrast, sharpness, fewer levels, inverted highlights, stretched and
    equalised brightness, or nothing at all, as torchvision's transform of that name, drawn for each image anew.
    """

    num_magnitude_bins: int = Field(31, ge=2, le=1000)
    """Number of strengths, from none to the greatest, of which one is drawn."""
    interpolation: Interpolation = "nearest"
    """Whether a pixel is taken from the nearest one, or mixed from the four around (bilinear): smoother and slower."""
    fill: int = Field(0, ge=0, le=255)
    """Brightness of what comes in from outside the image: 0 is black."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        if data is not None and len(data.input_shape) == 3 and min(data.input_shape[1:]) <= SHIFT:
            yield Advice("warning", message(
                "shifted-out", "it shifts by up to {pixels} pixels, which may leave nothing of images of {height} by "
                "{width}; rand-augment shifts by a share of the size",
                pixels=SHIFT, height=data.input_shape[1], width=data.input_shape[2],
            ))  # fmt: skip

    def __call__(self, images: Tensor, generator: Generator) -> Tensor:
        return operated(images, *self.parameters(len(images), generator), self.interpolation, self.fill)

    def code(self, config: RunConfig) -> Code:
        return transform(self, "TrivialAugmentWide")

    def parameters(self, count: int, generator: Generator) -> tuple[Tensor, Tensor]:
        """The operation of each image and its magnitude, each `[N]`."""
        table = magnitude_table(self.num_magnitude_bins, 0.99, (SHIFT, SHIFT), 135, 0.99, 6, generator.device)
        operations = draw_operations(count, generator)
        bins = torch.randint(self.num_magnitude_bins, (count,), generator=generator, device=generator.device)
        return operations, table[operations, bins] * draw_signs(operations, generator)


@hookimpl
def register_strategies() -> list[type[Augmentation]]:
    return [TrivialAugmentWide]
