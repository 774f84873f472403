"""What there is to see of a data set: shapes, ranges, the balance of its classes, samples."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
import torch
from torch import Tensor

from engine import statistics
from engine.config import RunConfig
from engine.data import Part, Parts
from engine.guard import WrongResult, words_of
from engine.message import Message, message
from engine.randomness import generator
from engine.strategy import Strategy

PARTS = ("training", "validation", "test")
PAGE = 100
"""Samples on a page."""
POINTS = 1_000
"""Points of a scatter, at most, from each part."""
BALANCED = 1.1
"""How many times as large as the smallest class the largest may be where classes count as balanced."""

Range = tuple[float, float]


@dataclass(frozen=True)
class ClassCount:
    """How many samples of a class there are."""

    name: str
    counts: tuple[int, int, int]
    """In the parts for training, validation and test."""


@dataclass(frozen=True)
class Moments:
    """Of the training inputs, each channel (or feature) by itself."""

    low: np.ndarray
    high: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray

    @property
    def range(self) -> Range:
        """The least and the largest value in any channel."""
        return float(self.low.min()), float(self.high.max())

    def scaled(self, mean: Tensor, std: Tensor) -> Moments:
        """Of the inputs as the network sees them, `(x - mean) / std` with statistics `[C]`."""
        shift, stretch = mean.double().numpy(), std.double().numpy()
        return Moments(
            (self.low - shift) / stretch, (self.high - shift) / stretch, (self.mean - shift) / stretch,
            self.deviation / stretch,
        )  # fmt: skip


@dataclass(frozen=True)
class Facts:
    """What a data set is."""

    shapes: dict[str, tuple[int, ...]]
    """Of the inputs, `[N, C, H, W]` or `[N, F]`, by the name of each part that there is."""
    dtype: str
    task: str
    stored: Moments
    scaled: Moments | Message
    """As the network sees them; or why they can't be scaled."""
    statistics: tuple[np.ndarray, np.ndarray] | None
    """Mean and deviation, each float32 `[C]`, by which they are scaled; None where that failed."""
    own_statistics: bool
    """Whether the model brings its own statistics, which replace the scaling."""
    targets: Range | None
    """The range of the training targets in a regression."""
    classes: tuple[ClassCount, ...]
    """Empty in a regression."""
    left_out: tuple[Message, ...] = ()
    """What there is of the data set that is not used, each file with its reason."""

    @property
    def are_images(self) -> bool:
        """Whether a sample is an image."""
        return len(self.shapes["training"]) == 4

    @property
    def imbalance(self) -> float | None:
        """How many times as large as the smallest class the largest is in training; None where one is empty."""
        sizes = sorted(count.counts[0] for count in self.classes)
        return sizes[-1] / sizes[0] if sizes and sizes[0] else None

    @property
    def balanced(self) -> bool:
        """Whether all classes have about as many training samples."""
        return self.imbalance is not None and self.imbalance <= BALANCED


@dataclass(frozen=True)
class Sample:
    """One image of a part."""

    row: int
    """Its place in the part."""
    label: str
    pixels: np.ndarray
    """uint8 `[H, W]` or `[H, W, 3]`."""
    low: int
    high: int
    mean: float


@dataclass(frozen=True)
class Page:
    """Some of a part's samples, and how many there are."""

    samples: tuple[Sample, ...]
    number: int
    """Of the page, counted from 0."""
    count: int
    """How many samples there are on all pages."""

    @property
    def first(self) -> int:
        """How many samples come before it."""
        return self.number * PAGE

    @property
    def pages(self) -> int:
        """How many pages there are."""
        return max(1, ceil(self.count / PAGE))


@dataclass(frozen=True)
class Cloud:
    """Points of one part: an input against the target."""

    part: str
    x: np.ndarray
    y: np.ndarray


def facts_of(parts: Parts, config: RunConfig) -> Facts:
    """What there is to say of the data, and of what the settings make of its range."""
    training = parts.training
    stored = moments_of(training)
    scaled: Moments | Message
    own, used = False, None
    try:
        mean, std, own = statistics_of(parts, config)
        scaled = stored.scaled(mean, std)
        used = mean.float().numpy(), std.float().numpy()
    except Exception as error:  # noqa: BLE001 a plugin may raise anything, and the rest can be shown all the same
        scaled = failed(config.scaling, error)
    floats = training.targets.is_floating_point()
    return Facts(
        {name: part.shape for name in PARTS if (part := part_of(parts, name)) is not None},
        str(training.dtype).removeprefix("torch."), parts.spec.task, stored, scaled, used, own,
        (float(training.targets.min()), float(training.targets.max())) if floats else None,
        () if floats else _class_counts(parts), parts.log,
    )  # fmt: skip


def statistics_of(parts: Parts, config: RunConfig) -> tuple[Tensor, Tensor, bool]:
    """Mean and deviation `[C]` by which inputs are scaled, and whether they are the model's own."""
    own = config.model.statistics(parts.spec)
    return (*own, True) if own else (*statistics.fit(config.scaling, parts.training), False)


def failed(strategy: Strategy, error: Exception) -> Message:
    """One line that names a technique, and what went wrong in it."""
    if isinstance(error, WrongResult):
        return error.message
    return message("strategy-failed", "{id} failed: {error}", id=strategy.id, error=words_of(error))


def moments_of(part: Part) -> Moments:
    """Exact for uint8 `[N, C, H, W]`, whose 256 values are counted; in doubles for float32 `[N, F]`."""
    if part.dtype != torch.uint8:
        wide = part.inputs.double()
        figures = (wide.amin(0), wide.amax(0), wide.mean(0), wide.std(0, correction=0))
        return Moments(*(figure.numpy() for figure in figures))
    counts = statistics.pixel_counts(part).double()
    values = torch.arange(256, dtype=torch.float64)
    share = counts / counts.sum(1, keepdim=True)
    mean = share @ values
    deviation = (share * (values - mean.unsqueeze(1)).square()).sum(1).sqrt()
    seen = counts > 0
    low, high = seen.int().argmax(1), 255 - seen.flip(1).int().argmax(1)
    return Moments(low.double().numpy(), high.double().numpy(), mean.numpy(), deviation.numpy())


def part_of(parts: Parts, name: str) -> Part | None:
    """The part of this name, where there is one."""
    return {"training": parts.training, "validation": parts.validation, "test": parts.test}[name]


def class_name(parts: Parts, label: int) -> str:
    """What a class is called; its number where it has no name."""
    return parts.class_names[label] if parts.class_names else str(label)


def pictures_of(inputs: Tensor) -> np.ndarray:
    """uint8 `[N, C, H, W]` as pictures of their own memory: `[N, H, W]` of one channel, `[N, H, W, 3]` of three.

    Of two channels the mean is shown, of more than three the first three.
    """
    channels = inputs.shape[1]
    if channels >= 3:
        return np.array(inputs[:, :3].permute(0, 2, 3, 1).cpu().numpy(), order="C")
    grey = inputs[:, 0] if channels == 1 else inputs.float().mean(1).round().to(torch.uint8)
    return np.array(grey.cpu().numpy(), order="C")


def page_of(parts: Parts, name: str, label: int | None, *, shuffled: bool, number: int) -> Page:
    """Page `number`, counted from 0, of the images of a part: of one class, or of all where `label` is None.

    Shuffled, they always come in the same other order. A page that is too far on is the last.
    """
    part = part_of(parts, name)
    if part is None:
        return Page((), 0, 0)
    rows = torch.arange(len(part)) if label is None else (part.targets == label).nonzero().squeeze(1)
    if shuffled:
        rows = rows[torch.randperm(len(rows), generator=generator(0, "view"))]
    number = max(0, min(number, ceil(len(rows) / PAGE) - 1))
    return Page(samples_of(parts, name, rows[number * PAGE : (number + 1) * PAGE]), number, len(rows))


def samples_of(parts: Parts, name: str, rows: Tensor) -> tuple[Sample, ...]:
    """The images in these rows (int64 `[n]`) of a part."""
    part = part_of(parts, name)
    if part is None or not len(rows):
        return ()
    inputs, targets = part.at(rows), part.targets[rows]
    values = inputs.flatten(1)
    columns = (
        rows.tolist(), [_label(parts, target) for target in targets], pictures_of(inputs),
        values.amin(1).tolist(), values.amax(1).tolist(), values.float().mean(1).tolist(),
    )  # fmt: skip
    return tuple(Sample(*values) for values in zip(*columns, strict=True))


def clouds_of(parts: Parts, feature: int) -> tuple[Cloud, ...]:
    """Input number `feature` of samples of features, against their first target or their class, part by part."""
    clouds = []
    for name in PARTS:
        part = part_of(parts, name)
        if part is None:
            continue
        rows = torch.randperm(len(part), generator=generator(0, "view"))[:POINTS]
        taken = part.take(rows)
        targets = taken.targets if taken.targets.ndim == 1 else taken.targets[:, 0]
        clouds.append(Cloud(name, taken.inputs[:, feature].double().numpy(), targets.double().numpy()))
    return tuple(clouds)


def _class_counts(parts: Parts) -> tuple[ClassCount, ...]:
    present = [part for part in (part_of(parts, name) for name in PARTS) if part is not None and len(part)]
    classes = len(parts.class_names) or max(int(part.targets.max()) + 1 for part in present)
    counts = [
        [0] * classes if part is None else torch.bincount(part.targets, minlength=classes).tolist()
        for part in (part_of(parts, name) for name in PARTS)
    ]
    return tuple(
        ClassCount(class_name(parts, label), (training, validation, test))
        for label, (training, validation, test) in enumerate(zip(*counts, strict=True))
    )


def _label(parts: Parts, target: Tensor) -> str:
    """A sample's label in words: its class, or its target values."""
    if target.is_floating_point():
        return ", ".join(f"{value:.3g}" for value in target.flatten().tolist())
    return class_name(parts, int(target))
