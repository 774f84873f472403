"""Gaussian noise (Sietsma and Dow 1991; Bishop 1995), for a whole batch at once."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

import torch
from torch import Generator, Tensor

from engine.message import message
from engine.strategy import Advice, Augmentation, Code, DataSpec, Field, hookimpl
from plugins.augmentation._advice import changes_no_image
from plugins.augmentation._code import transform
from plugins.augmentation._portions import at_once

if TYPE_CHECKING:
    from engine.config import RunConfig


class GaussianNoise(Augmentation):
    """Add Gaussian noise to each image, so that no single pixel can be relied on."""

    corrupts = True

    mean: float = Field(0.0, ge=-1, le=1)
    """Mean of the noise, as a fraction of the pixel range: above 0 images get brighter."""
    sigma: float = Field(0.1, ge=0, le=1)
    """Standard deviation of the noise, as a fraction of the pixel range."""
    clip: bool = True
    """Whether what gets brighter than white stays white, and darker than black black; otherwise it turns round."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        if self.mean == self.sigma == 0:
            yield changes_no_image("sigma", "mean=0, sigma=0")
        elif not self.clip:
            text = message("noise-turns-round", "without clip what gets brighter than white turns black")
            yield Advice("warning", text, "clip")

    def __call__(self, images: Tensor, generator: Generator) -> Tensor:
        changed = torch.empty_like(images)
        portion = at_once(images)
        for old, new in zip(images.split(portion), changed.split(portion), strict=True):
            new.copy_(noisy(old, self.noise(old.shape, generator), self.clip))
        return changed

    def code(self, config: RunConfig) -> Code:
        return transform(self, "GaussianNoise", shown=("sigma",))

    def noise(self, shape: torch.Size, generator: Generator) -> Tensor:
        """Noise in levels of a pixel, int16 of this shape, cut towards 0 as torchvision does.

        Normal numbers are slow to draw on a processor. As noise is whole numbers there, 16 random bits each choose one
        of 65,536 equally likely places of the normal distribution: one draw of 64 bits does for four pixels.
        """
        if generator.device.type != "cpu":
            return self._levels(torch.randn(shape, generator=generator, device=generator.device))
        bits = torch.empty((shape.numel() + 3) // 4, dtype=torch.int64)
        bits.random_(-(2**63), None, generator=generator)
        chosen = bits.view(torch.int16)[: shape.numel()].to(torch.int32).add_(2**15)
        return self._levels(_normal_places()).index_select(0, chosen).view(shape)

    def _levels(self, normal: Tensor) -> Tensor:
        return normal.mul(255 * self.sigma).add_(255 * self.mean).to(torch.int16)


@lru_cache(maxsize=1)
def _normal_places() -> Tensor:
    """The middles of 65,536 equally likely parts of the standard normal distribution, float32, in order."""
    places: Tensor = torch.special.ndtri(torch.arange(0.5, 2**16, dtype=torch.float64) / 2**16)
    return places.float()


def noisy(images: Tensor, noise: Tensor, clip: bool = True) -> Tensor:
    """The images with the noise (int16, of the same shape) added."""
    total = images + noise
    return (total.clamp_(0, 255) if clip else total).to(torch.uint8)


@hookimpl
def register_strategies() -> list[type[Augmentation]]:
    return [GaussianNoise]
