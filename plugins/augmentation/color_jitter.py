"""Colour jitter (as in Howard 2013, arXiv:1312.5402), for a whole batch at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import torch
from torch import Generator, Tensor

from engine.message import message
from engine.strategy import Advice, Augmentation, Code, DataSpec, Field, hookimpl
from plugins.augmentation._advice import changes_no_image
from plugins.augmentation._code import transform
from plugins.augmentation._constants import constant
from plugins.augmentation._portions import CACHED, at_once
from plugins.augmentation.random_grayscale import luma

if TYPE_CHECKING:
    from engine.config import RunConfig


class ColorJitter(Augmentation):
    """Change brightness, contrast, saturation and hue of each image a little, as another light or camera would.

    As torchvision's transform of that name, with factors and an order of the four per image. Torchvision's own
    defaults are 0 and change nothing; these are mild, and none turns one colour into another.
    """

    corrupts = True

    brightness: float = Field(0.2, ge=0, le=10)
    """How far the factor by which pixels are multiplied may lie from 1."""
    contrast: float = Field(0.2, ge=0, le=10)
    """How far the factor by which pixels' distance from the mean grey is multiplied may lie from 1."""
    saturation: float = Field(0.2, ge=0, le=10)
    """How far the factor by which colours' distance from grey is multiplied may lie from 1; nothing to grey images."""
    hue: float = Field(0.05, ge=0, le=0.5)
    """How far colours may move around the colour circle: 0.5 turns red into cyan; nothing to grey images."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        grey = data is not None and data.input_shape[0] == 1
        if self.brightness == self.contrast == self.saturation == self.hue == 0:
            yield changes_no_image("", "brightness=0, contrast=0, saturation=0, hue=0")
        elif grey and self.brightness == self.contrast == 0:
            yield Advice("warning", message(
                "no-jitter-of-grey", "it has no effect: grey images have neither saturation nor hue"
            ))  # fmt: skip

    def __call__(self, images: Tensor, generator: Generator) -> Tensor:
        return jittered(images, *self.parameters(len(images), images.shape[1], generator))

    def code(self, config: RunConfig) -> Code:
        return transform(self, "ColorJitter")

    def parameters(self, count: int, channels: int, generator: Generator) -> tuple[Tensor, Tensor]:
        """Per image the order of its operations, int64 `[N, K]`, and the factors of all four, float32 `[N, 4]`.

        Operations are numbered as in torchvision: brightness, contrast, saturation, hue. Those without effect are left
        out of the order.
        """
        spreads = (self.brightness, self.contrast, self.saturation, self.hue)
        acting = tuple(number for number, spread in enumerate(spreads) if spread and (channels == 3 or number < 2))
        low = (*(max(1 - spread, 0) for spread in spreads[:3]), -self.hue)
        high = (*(1 + spread for spread in spreads[:3]), self.hue)
        least, most = (constant(bounds, generator.device) for bounds in (low, high))
        factors = torch.rand(count, 4, generator=generator, device=generator.device) * (most - least) + least
        shuffled = torch.rand(count, len(acting), generator=generator, device=generator.device).argsort(1)
        return constant(acting, generator.device, torch.int64)[shuffled], factors


def jittered(images: Tensor, order: Tensor, factors: Tensor) -> Tensor:
    """Each image after its operations in their order, `[N, K]`, with its factors, `[N, 4]`; the same by either way."""
    return (sorted_first if images.device.type == "cpu" else all_by_all)(images, order, factors)


def all_by_all(images: Tensor, order: Tensor, factors: Tensor) -> Tensor:
    """At each place in the order every operation is done for all images, and each image takes its own.

    So a GPU is never asked how many images an operation has, and nothing waits for its answer.
    """
    values = images.float()
    for steps in order.unbind(1):
        before = values
        for number, operation in enumerate(OPERATIONS if images.shape[1] == 3 else OPERATIONS[:2]):
            operation(changed := before.clone(), factors[:, number].view(-1, 1, 1, 1))
            values = torch.where((steps == number).view(-1, 1, 1, 1), changed, values)
    return values.to(torch.int16).to(torch.uint8)


def sorted_first(images: Tensor, order: Tensor, factors: Tensor) -> Tensor:
    """Before each place in the order, images are sorted by the operation that is theirs there.

    So each operation is done once, for all that lie side by side.
    """
    changed = torch.empty_like(images)
    portion = at_once(images, 2 * CACHED)
    for old, new, steps, strengths in zip(
        *(part.split(portion) for part in (images, changed, order, factors)), strict=True
    ):
        values, at = old.float(), torch.arange(len(old))
        for place in range(order.shape[1]):
            by = steps[:, place].argsort()
            steps, at = steps[by], at[by]
            values, strengths = (part.index_select(0, by) for part in (values, strengths))
            counts = steps[:, place].bincount(minlength=len(OPERATIONS)).tolist()
            for number, (group, strength) in enumerate(zip(values.split(counts), strengths.split(counts), strict=True)):
                if len(group):
                    OPERATIONS[number](group, strength[:, number].view(-1, 1, 1, 1))
        pixels = values.to(torch.int16).to(torch.uint8)  # in two steps: that is three times as fast
        torch.index_select(pixels, 0, at.argsort(), out=new)
    return changed


# Each of the following changes levels of pixels (whole numbers, float32 `[N, C, H, W]`) in place, with factors
# `[N, 1, 1, 1]`, and ends with whole numbers again, cut as torchvision cuts them.


def adjust_brightness(values: Tensor, factors: Tensor) -> None:
    values.mul_(factors).clamp_(0, 255).floor_()


def adjust_contrast(values: Tensor, factors: Tensor) -> None:
    grey = luma(values).floor_() if values.shape[1] == 3 else values
    mean = grey.mean((1, 2, 3), keepdim=True)
    values.mul_(factors).addcmul_(mean, 1 - factors).clamp_(0, 255).floor_()


def adjust_saturation(values: Tensor, factors: Tensor) -> None:
    grey = luma(values).floor_()
    values.mul_(factors).addcmul_(grey, 1 - factors).clamp_(0, 255).floor_()


def adjust_hue(values: Tensor, factors: Tensor) -> None:
    """Turn colours around the circle, which has six parts: red, yellow, green, cyan, blue and magenta are 0 to 5.

    The angle from red is 1 + (green + blue - red - least) / (most - least), to the side of green or of blue. Back again
    each channel is `most` up to 1 away from its own colour, `least` from 2 on, and in between on a line.
    """
    red, green, blue = values.unbind(1)
    least = torch.minimum(torch.minimum(red, green), blue)
    spread = torch.maximum(torch.maximum(red, green), blue).sub_(least)
    angle = (green + blue).sub_(red).sub_(least).div_(spread.clamp(min=1)).add_(1)
    angle = angle.copysign_(green - blue).add_(6 * factors.squeeze(1))
    angle.sub_((angle / 6).floor_(), alpha=6)
    least_and_twice_spread = torch.add(least, spread, alpha=2)
    torch.addcmul(least - spread, spread, (angle - 3).abs_().clamp_(1, 2), out=red)
    torch.addcmul(least_and_twice_spread, spread, (angle - 2).abs_().clamp_(1, 2), value=-1, out=green)
    torch.addcmul(least_and_twice_spread, spread, (angle - 4).abs_().clamp_(1, 2), value=-1, out=blue)
    values.mul_(255.999 / 255).floor_()  # how torchvision turns 0–1 into 0–255


OPERATIONS = (adjust_brightness, adjust_contrast, adjust_saturation, adjust_hue)
"""In torchvision's order."""


@hookimpl
def register_strategies() -> list[type[Augmentation]]:
    return [ColorJitter]
