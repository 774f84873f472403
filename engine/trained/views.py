"""Test-time augmentation: a network looks at each image several times, and its probabilities are averaged.

As in AlexNet, which averaged ten crops and mirrored crops (Krizhevsky, Sutskever, Hinton 2012).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.message import InputError
from engine.randomness import generator
from engine.strategy import Augmentation


@dataclass(frozen=True)
class Views:
    """How often each image is looked at, and what changes it from the second look on."""

    count: int
    augmentations: tuple[Augmentation, ...]
    seed: int

    def __post_init__(self) -> None:
        if not self.augmentations:
            raise InputError(
                "no-views", "there is no augmentation to make views with: name one, such as --with "
                "random-horizontal-flip"
            )  # fmt: skip

    def outputs(self, forward: Callable[[Tensor], Tensor], inputs: Tensor, first: int, activation: str) -> Tensor:
        """The outputs `[N, K]` that stand for the mean of the views' probabilities.

        `inputs` are uint8 `[N, C, H, W]`; the generators of the views depend on the seed, the view's number and
        `first`, the place of the first image in its part.
        """
        total = activated(forward(inputs), activation)
        for view in range(1, self.count):
            drawing = generator(self.seed, "tta", view, first, device=inputs.device)
            images = inputs.clone()  # an augmentation may work in place, and these are the data set's own
            for augment in self.augmentations:
                images = augment(images, drawing)
            total = total + activated(forward(images), activation)
        return inverse(total / self.count, activation)


def activated(outputs: Tensor, activation: str) -> Tensor:
    """Class probabilities from outputs `[N, K]`, by a loss's `output_activation`."""
    if activation == "softmax":
        return outputs.softmax(1)
    return outputs.sigmoid() if activation == "sigmoid" else outputs


def inverse(probabilities: Tensor, activation: str) -> Tensor:
    """Outputs that `activated` turns into these probabilities."""
    tiny = torch.finfo(probabilities.dtype).tiny
    if activation == "softmax":
        return probabilities.clamp(min=tiny).log()
    if activation == "sigmoid":
        return probabilities.clamp(min=tiny).log() - (1 - probabilities).clamp(min=tiny).log()
    return probabilities
