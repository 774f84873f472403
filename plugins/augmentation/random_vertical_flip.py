"""Random vertical flip, as torchvision's `RandomVerticalFlip`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import torch
from torch import Generator, Tensor

from engine.strategy import Advice, Augmentation, Code, DataSpec, Field, hookimpl
from plugins.augmentation._advice import changes_no_image
from plugins.augmentation._code import transform

if TYPE_CHECKING:
    from engine.config import RunConfig


class RandomVerticalFlip(Augmentation):
    """Mirror each image top to bottom with probability p. Harmful where up and down matter, as in most photographs.

    It may turn one class into another, such as an M into a W. Meant for pictures without an upper side, such as those
    from a microscope or a satellite.
    """

    p: float = Field(0.5, ge=0, le=1)
    """Probability that an image is mirrored."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        if self.p == 0:
            yield changes_no_image("p", "p=0")

    def __call__(self, images: Tensor, generator: Generator) -> Tensor:
        return flipped(images, self.chosen(len(images), generator))

    def chosen(self, count: int, generator: Generator) -> Tensor:
        """Which images are mirrored: bool `[N]`."""
        return torch.rand(count, generator=generator, device=generator.device) < self.p

    def code(self, config: RunConfig) -> Code:
        return transform(self, "RandomVerticalFlip", shown=("p",))


def flipped(images: Tensor, chosen: Tensor) -> Tensor:
    """The images with the chosen ones mirrored top to bottom: their rows, taken in the opposite order."""
    count, channels, height, width = images.shape
    down = torch.arange(height, device=images.device)
    rows = torch.where(chosen.view(-1, 1, 1), height - 1 - down, down)
    rows = rows + torch.arange(count * channels, device=images.device).view(count, channels, 1) * height
    return images.reshape(-1, width).index_select(0, rows.flatten()).view(images.shape)


@hookimpl
def register_strategies() -> list[type[Augmentation]]:
    return [RandomVerticalFlip]
