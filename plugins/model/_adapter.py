"""What goes before a network that was made for photographs: the size, the range, three channels."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.message import InputError, message
from engine.strategy import Advice, DataSpec, Model

if TYPE_CHECKING:
    from engine.config import RunConfig

Statistics = tuple[tuple[float, ...], tuple[float, ...]]
"""Mean and deviation of red, green and blue, pixels being 0 to 1."""
Size = tuple[int, int]
"""Height and width."""
LEAST = 64
"""Side below which little is left of an image: such networks halve it five times, and of 64 pixels 2 remain."""


class Adapter(nn.Module):
    """Brings images into the form in which a network takes them: the size, the range, three channels."""

    mean: Tensor | None
    std: Tensor | None

    def __init__(self, size: tuple[int, int] | None, statistics: Statistics | None) -> None:
        super().__init__()
        mean, std = (None, None) if statistics is None else (torch.tensor(each).view(3, 1, 1) for each in statistics)
        self.size = size
        # Not persistent: they belong to the architecture, and a state holds what was learned.
        self.register_buffer("mean", mean, persistent=False)
        self.register_buffer("std", std, persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """From `[N, 1 or 3, H, W]` to `[N, 3, H', W']`."""
        if self.size is not None:
            # As torchvision's Resize. Where images grow, antialiasing changes nothing, and not every device has it.
            shrinks = self.size[0] < images.shape[-2]
            images = functional.interpolate(images, self.size, mode="bilinear", antialias=shrinks)
        if self.mean is not None and self.std is not None:
            images = (images - self.mean) / self.std
        return images.expand(-1, 3, -1, -1)


def resized(data: DataSpec, short: int | None) -> Size | None:
    """The size of images whose shorter side is brought to so many pixels; None where they have it already."""
    height, width = data.input_shape[1:]
    short = short or min(height, width)
    long = short * max(height, width) // min(height, width)
    new = (short, long) if height <= width else (long, short)
    return None if new == (height, width) else new


def check_pictures(model: Model, data: DataSpec) -> None:
    """Raise `InputError` where the samples are no images of 1 or 3 channels."""
    if len(data.input_shape) != 3 or data.input_shape[0] not in (1, 3):
        raise InputError(
            "not-for-torchvision", "{model} takes images of 1 or 3 channels, and these samples are {shape}: choose "
            "another model", model=model.id, shape="×".join(map(str, data.input_shape)),
        )  # fmt: skip


def advice_on_pictures(
    model: Model, config: RunConfig, data: DataSpec | None, activation: str,
    resized: Callable[[DataSpec], Size | None],
) -> Iterable[Advice]:  # fmt: skip
    """What a network that was made for photographs tells: of its own activation and statistics, and of the size.

    `resized` gives the size that images of some data are brought to.
    """
    if config.activation.id != "relu":
        yield Advice("warning", message(
            "own-activation", "{model} has its own activation ({own}): the chosen {activation} is not used",
            model=model.id, own=activation, activation=config.activation.id,
        ))  # fmt: skip
    if getattr(model, "has_weights", False):
        yield Advice("warning", message(
            "own-statistics", "the weights need inputs in the range of ImageNet, and {model} sees to that: the "
            "chosen scaling {scaling} is not used", model=model.id, scaling=config.scaling.id,
        ), "weights")  # fmt: skip
    if data is None or len(data.input_shape) != 3:
        return
    (_, *own), new = data.input_shape, resized(data)
    if new is None and min(own) < LEAST and getattr(model, "size", None) is None:
        yield Advice("warning", message(
            "little-left", "little is left of images of {own} after {model} has halved them five times: take "
            "small-resnet, or size={size} at {times} times the cost",
            own="×".join(map(str, own)), model=model.id, size=LEAST, times=round((LEAST / min(own)) ** 2, 1),
        ), "size")  # fmt: skip
    elif new is not None and new[0] > own[0] and min(new) > LEAST:
        yield Advice("warning", message(
            "enlarged", "images of {own} are enlarged to {new}: each step costs up to {times} times as much; "
            "a smaller size is faster, and may be less accurate",
            own="×".join(map(str, own)), new="×".join(map(str, new)),
            times=round(new[0] * new[1] / (own[0] * own[1]), 1),
        ), "size")  # fmt: skip
