"""A data set for runs that are repeated a thousand times: there at once, in colour, and of classes of unlike size."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from engine.data import DataBundle, Part, Source
from engine.strategy import Dataset, Field, hookimpl

CLASSES, SIDE = 4, 12


class SmallImages(Dataset):
    """Noisy colour images of four classes, each with a bright quarter of its own; the first class has half of them."""

    training: int = Field(157, ge=2, le=100_000)
    """Training samples."""
    validation: int = Field(24, ge=0, le=100_000)
    """Validation samples; test has as many."""

    def load(self, source: Source) -> DataBundle:
        made = _made(self.training, self.validation, self.validation)
        return DataBundle(
            *(Part(images.clone(), targets.clone()) for images, targets in made), class_names=tuple("abcd")
        )


@lru_cache(maxsize=8)
def _made(*counts: int) -> list[tuple[Tensor, Tensor]]:
    """The images and targets of so many samples in each part: who uses them takes a copy."""
    numbers = torch.Generator().manual_seed(7)
    parts = []
    for count in counts:
        targets = (torch.arange(count) % (2 * CLASSES) - CLASSES).clamp(min=0)
        images = 90 + 60 * torch.randn(count, 3, SIDE, SIDE, generator=numbers)
        for row, target in enumerate(targets.tolist()):
            top, left = (place * SIDE // 2 for place in divmod(target, 2))
            images[row, :, top : top + SIDE // 2, left : left + SIDE // 2] += 20
        parts.append((images.round().clamp(0, 255).to(torch.uint8), targets))
    return parts


@hookimpl
def register_strategies() -> list[type[Dataset]]:
    return [SmallImages]
