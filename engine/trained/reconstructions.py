"""What an autoencoder makes of a part: its loss, and some images beside what it gives back for them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import torch
from torch import Generator, Tensor

from engine.batch import augmented
from engine.config import RunConfig
from engine.data import Part
from engine.message import InputError
from engine.preview.batch_view import unscaled
from engine.preview.data_view import pictures_of
from engine.randomness import seeded_generators, stream
from engine.strategy import Augmentation
from engine.targets import Targets
from engine.trained.predictions import KeepGoing, Network, Pixels, measured

SHOWN = 60
"""Images that are looked at, at most: of a larger part evenly chosen ones."""


@dataclass(frozen=True)
class GivenBack:
    """One image of a part, and what became of it."""

    row: int
    """Its place in the part."""
    original: Pixels
    """uint8 `[H, W]` or `[H, W, 3]`, and so the others."""
    spoilt: Pixels | None
    """As the network was given it; None where that is the original."""
    result: Pixels
    loss: float
    """The run's loss of the result, which is compared with the original."""


@dataclass(frozen=True)
class Reconstructions:
    """What an autoencoder makes of a part."""

    task: ClassVar = "reconstruction"
    path: Path
    """The checkpoint."""
    epoch: int
    part: str
    count: int
    """Samples of the part."""
    loss: float
    """Of the whole part, as an evaluation gives it: from inputs that are not spoilt."""
    images: tuple[GivenBack, ...]
    """Empty where the samples are no images."""

    def __len__(self) -> int:
        return self.count


def reconstruct(network: Network, part: Part, name: str, keep_going: KeepGoing = lambda: True) -> Reconstructions:
    """Measure an autoencoder on a part, and look at some of its images.

    They are spoilt as in the run's training where it has techniques that do so, such as noise: it is then seen what the
    network mends. Raises `InputError` where `keep_going` says no, or the network is no autoencoder.
    """
    if network.spec.task != "reconstruction":
        raise InputError("gives-nothing-back", "the network is no autoencoder: it gives no images back")
    figures = measured(network, part, network.predictor.outputs, keep_going)
    images = _images(network, part) if part.ndim == 4 else ()
    return Reconstructions(network.path, network.epoch, name, len(part), figures.loss, images)


def _images(network: Network, part: Part) -> tuple[GivenBack, ...]:
    shown = min(SHOWN, len(part))
    rows = torch.arange(shown) * len(part) // shown
    originals = part.at(rows)
    given = _spoilt(network.config, originals)
    outputs = network.outputs(given)
    scale, loss = network.scale, network.config.loss.prepare(network.spec)
    wanted = Targets(network.spec, scale)(originals.to(scale.mean.device), rows).cpu()
    losses = [float(loss(one, other)) for one, other in zip(outputs.split(1), wanted.split(1), strict=True)]
    results = unscaled(scale, outputs.to(scale.mean.device).unflatten(1, network.spec.input_shape))
    spoilt = [None] * shown if torch.equal(given, originals) else list(pictures_of(given))
    columns = (rows.tolist(), pictures_of(originals), spoilt, pictures_of(results), losses)
    return tuple(GivenBack(*values) for values in zip(*columns, strict=True))


def _spoilt(config: RunConfig, images: Tensor) -> Tensor:
    """The images as the techniques of a run that leave all in its place spoil them: uint8 `[N, C, H, W]`."""

    def apply(augmentation: Augmentation, given: Tensor, drawing: Generator) -> Tensor:
        return augmentation(given, drawing) if augmentation.corrupts else given

    with seeded_generators(stream(config.seed, "step", 0, 0)):
        return augmented(config, images, 0, 0, apply=apply)
