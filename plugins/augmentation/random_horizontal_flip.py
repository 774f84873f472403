"""Random horizontal flip (as in Krizhevsky, Sutskever, Hinton 2012), as torchvision's `RandomHorizontalFlip`."""

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


class RandomHorizontalFlip(Augmentation):
    """Mirror each image left to right with probability p. Harmful where left and right matter, as in letters."""

    p: float = Field(0.5, ge=0, le=1)
    """Probability that an image is mirrored."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        if self.p == 0:
            yield changes_no_image("p", "p=0")

    def __call__(self, images: Tensor, generator: Generator) -> Tensor:
        chosen = torch.rand(len(images), generator=generator, device=images.device) < self.p
        # One of two images each: choosing whole images is faster than choosing pixel by pixel.
        rows = torch.arange(len(images), device=images.device) + len(images) * chosen
        return torch.cat((images, images.flip(3))).index_select(0, rows)

    def code(self, config: RunConfig) -> Code:
        return transform(self, "RandomHorizontalFlip", shown=("p",))


@hookimpl
def register_strategies() -> list[type[Augmentation]]:
    return [RandomHorizontalFlip]
