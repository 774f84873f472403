"""Random grayscale (as in Chen et al. 2020, arXiv:2002.05709)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import torch
from torch import Generator, Tensor

from engine.message import message
from engine.strategy import Advice, Augmentation, Code, DataSpec, Field, hookimpl
from plugins.augmentation._advice import changes_no_image
from plugins.augmentation._code import transform

if TYPE_CHECKING:
    from engine.config import RunConfig


class RandomGrayscale(Augmentation):
    """Take the colour out of each image with probability p, so that shapes count and not colours alone."""

    corrupts = True

    p: float = Field(0.1, ge=0, le=1)
    """Probability that an image turns grey. Grey images stay as they are."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        if self.p == 0:
            yield changes_no_image("p", "p=0")
        if data is not None and data.input_shape[0] == 1:
            yield Advice("warning", message("already-grey", "it has no effect: the images are grey already"))

    def __call__(self, images: Tensor, generator: Generator) -> Tensor:
        return greyed(images, self.chosen(len(images), generator))

    def code(self, config: RunConfig) -> Code:
        return transform(self, "RandomGrayscale", shown=("p",))

    def chosen(self, count: int, generator: Generator) -> Tensor:
        """Which images turn grey: bool `[N]`."""
        return torch.rand(count, generator=generator, device=generator.device) < self.p


def greyed(images: Tensor, chosen: Tensor) -> Tensor:
    """The images with the chosen ones grey, in all three channels; images of one channel as they are."""
    if images.shape[1] != 3:
        return images
    return (chosen_alone if images.device.type == "cpu" else all_at_once)(images, chosen)


def all_at_once(images: Tensor, chosen: Tensor) -> Tensor:
    """All are made grey, and each takes its own: so a GPU is never asked which, and nothing waits for its answer."""
    return torch.where(chosen.view(-1, 1, 1, 1), luma(images).to(torch.uint8), images)


def chosen_alone(images: Tensor, chosen: Tensor) -> Tensor:
    """None but the chosen ones are made grey: the same."""
    rows = chosen.nonzero().squeeze(1)
    grey = luma(images.index_select(0, rows)).to(torch.uint8)
    return images.index_copy(0, rows, grey.expand(-1, 3, -1, -1))


def luma(images: Tensor) -> Tensor:
    """How bright colours `[N, 3, H, W]` look, float32 `[N, 1, H, W]`, computed as torchvision does."""
    red, green, blue = images.unbind(1)
    return red.mul(0.2989).add_(green, alpha=0.587).add_(blue, alpha=0.114).unsqueeze_(1)


@hookimpl
def register_strategies() -> list[type[Augmentation]]:
    return [RandomGrayscale]
