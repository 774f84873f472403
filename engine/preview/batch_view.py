"""What a network is given in training: images before and after augmentation and mixing, in a step's own order."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
import torch
from torch import Tensor

from engine.batch import Mixed, augmented, mixed
from engine.config import RunConfig
from engine.data import Parts, Scaler, batch_bounds, permutation
from engine.message import Message
from engine.preview.data_view import Sample, class_name, failed, pictures_of, samples_of, statistics_of
from engine.randomness import generator, seeded_generators, stream
from engine.strategy import Augmentation, Regularizer

SHOWN = 16
"""Images that are shown, at most."""
VALUES = 2**21
"""Values in a batch, about, up to which the whole of it is made: so many take a moment only."""
LEAST_SHARE = 0.005
"""Of a class in a mixture, to be told."""

Mixture = tuple[tuple[str, float], ...]
"""The classes of a mixed sample with their shares, the largest first."""
Statistics = tuple[np.ndarray, np.ndarray]
"""Mean and deviation, each float32 `[C]`, as `Facts` has them."""
Troubles = list[Message]
"""A line for each technique that failed; what is shown is without it."""


@dataclass(frozen=True)
class Preview:
    """The same images as they are stored and as they are trained on, and some validation images."""

    before: tuple[Sample, ...]
    after: np.ndarray
    """uint8 `[N, H, W]` or `[N, H, W, 3]`"""
    mixtures: tuple[Mixture, ...]
    """What each is made of; empty where nothing mixes."""
    validation: tuple[Sample, ...]
    """As they are stored, and so as they are judged by."""
    troubles: tuple[Message, ...]


def preview(config: RunConfig, parts: Parts, draw: int = 0, statistics: Statistics | None = None) -> Preview:
    """The images of a run's first batch, of which `SHOWN` are shown, as the run gives them to the network.

    Another `draw` is what epoch number `draw` would make of them, were they its first batch too. A technique that
    fails is left out and named. Needs images; mixing needs classes. `statistics` saves finding them again.
    """
    troubles: Troubles = []
    rows = first_rows(config, parts, troubles)
    stored = parts.training.take(rows)
    with seeded_generators(stream(config.seed, "step", draw, 0)):
        augmented = augment(config, stored.inputs, draw, 0, troubles)
        images = augmented[:SHOWN]
        mixtures: tuple[Mixture, ...] = ()
        if config.giving("mix") and not stored.targets.is_floating_point():
            scale = scaler_of(config, parts, troubles, statistics)
            inputs, targets = mix(config, parts, scale(augmented), stored.targets, draw, 0, troubles)
            images = unscaled(scale, inputs[:SHOWN])
            mixtures = tuple(_mixture(parts, shares) for shares in targets[:SHOWN])
    few = torch.arange(min(SHOWN, len(parts.validation or ())))
    return Preview(
        samples_of(parts, "training", rows[:SHOWN]), pictures_of(images), mixtures,
        samples_of(parts, "validation", few), tuple(troubles),
    )  # fmt: skip


def augment(config: RunConfig, inputs: Tensor, epoch: int, batch: int, troubles: Troubles) -> Tensor:
    """Images uint8 `[N, C, H, W]` as batch number `batch` of epoch number `epoch` has them augmented.

    On a processor bit for bit as in a step of the run, within the same `seeded_generators`.
    """

    def apply(augmentation: Augmentation, images: Tensor, drawing: torch.Generator) -> Tensor:
        try:
            return augmentation(images, drawing)
        except Exception as error:  # noqa: BLE001 a plugin may raise anything, and the others are to be seen
            troubles.append(failed(augmentation, error))
            return images

    return augmented(config, inputs, epoch, batch, apply=apply)


def mix(
    config: RunConfig, parts: Parts, inputs: Tensor, targets: Tensor, epoch: int, batch: int, troubles: Troubles
) -> tuple[Tensor, Tensor]:
    """Scaled inputs and targets int64 `[N]` as the ticked regularizers mix them, with targets float32 `[N, K]`."""

    def apply(regularizer: Regularizer, inputs: Tensor, targets: Tensor, drawing: torch.Generator) -> Mixed:
        try:
            return regularizer.mix(inputs, targets, drawing)
        except Exception as error:  # noqa: BLE001 a plugin may raise anything
            troubles.append(failed(regularizer, error))
            return inputs, targets

    return mixed(config, config.giving("mix"), inputs, targets, parts.spec.outputs, epoch, batch, apply=apply)


def first_rows(config: RunConfig, parts: Parts, troubles: Troubles) -> Tensor:
    """The rows (int64) of a run's first batch: all of them, or the first of them where they are many or large."""
    targets = parts.training.targets
    order = permutation(len(targets), config.seed, 0)
    for regularizer in config.giving("order")[:1]:
        try:
            order = regularizer.order(targets, generator(config.seed, "order", 0))
        except Exception as error:  # noqa: BLE001 a plugin may raise anything
            troubles.append(failed(regularizer, error))
    _, end = batch_bounds(len(targets), config.batch_size)[0]
    return order[: min(end, max(SHOWN, VALUES // prod(parts.training.shape[1:])))]


def scaler_of(config: RunConfig, parts: Parts, troubles: Troubles, statistics: Statistics | None = None) -> Scaler:
    """What brings inputs into the network's range: by the model's own statistics where it has them."""
    training = parts.training
    if statistics is not None:
        known_mean, known_std = statistics
        return Scaler.of(torch.from_numpy(known_mean), torch.from_numpy(known_std), training.ndim, training.device)
    mean, std = torch.zeros(training.shape[1]), torch.ones(training.shape[1])
    try:
        mean, std, _ = statistics_of(parts, config)
    except Exception as error:  # noqa: BLE001 a plugin may raise anything
        troubles.append(failed(config.scaling, error))
    return Scaler.of(mean, std, training.ndim, training.device)


def unscaled(scale: Scaler, inputs: Tensor) -> Tensor:
    """Scaled inputs as uint8 again, to be looked at."""
    return (inputs * scale.std + scale.mean).round().clamp(0, 255).to(torch.uint8)


def _mixture(parts: Parts, shares: Tensor) -> Mixture:
    found = [(class_name(parts, label), share) for label, share in enumerate(shares.tolist()) if share >= LEAST_SHARE]
    return tuple(sorted(found, key=lambda pair: -pair[1]))
