"""A trained network, rebuilt from its checkpoint alone, and its figures on a part of the data."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from engine.catalogue import Catalogue
from engine.checkpoint import Snapshot, read_checkpoint
from engine.data import Source, split
from engine.hardware import resolve_device
from engine.learner import Learner
from engine.message import InputError
from engine.runs import config_of
from engine.strategy import Dataset, DataSpec


@dataclass(frozen=True)
class Evaluation:
    """A network's figures on a part of the data."""

    part: str
    samples: int
    loss: float
    accuracy: float | None
    interval: tuple[float, float] | None
    """95 % confidence interval of the accuracy (Wilson)."""


def spec_of(snapshot: Snapshot) -> DataSpec:
    """What a snapshot's network was told of its data."""
    data = snapshot.meta["data"]
    return DataSpec(
        tuple(data["input_shape"]), data["outputs"], data["task"], tuple(data["class_counts"]), tuple(data["samples"])
    )


def evaluate_checkpoint(
    path: Path, catalogue: Catalogue, workspace: Path, *, part: str = "test", dataset: Dataset | None = None
) -> Evaluation:
    """Measure a checkpoint on the part named `test`, `validation` or `training` of its own data set, or of another.

    Raises `InputError` where the checkpoint or the data can't be used, or there is no such part.
    """
    snapshot = read_checkpoint(path)
    config = config_of(snapshot, catalogue)
    if dataset is not None:
        config = config.ticked(dataset).changed({"train_samples": "all", "validation_samples": "10%"})
    source = Source(workspace / "data")
    parts = split(config.dataset.load(source), config)
    samples = getattr(parts, part)
    if samples is None:
        raise InputError("no-part", "the data set {id} has no {part} part", id=config.dataset.id, part=part)
    expected = spec_of(snapshot)
    if (parts.spec.input_shape, parts.spec.outputs) != (expected.input_shape, expected.outputs):
        raise InputError(
            "other-data", "the network takes {shape} and tells {outputs} classes apart; the data set {id} has {actual} "
            "and {classes}", shape=list(expected.input_shape), outputs=expected.outputs, id=config.dataset.id,
            actual=list(parts.spec.input_shape), classes=parts.spec.outputs,
        )  # fmt: skip
    learner = Learner(config, parts, resolve_device(config.device), source, snapshot)
    evaluating = learner.evaluate(samples.to(learner.device))
    while True:
        try:
            next(evaluating)
        except StopIteration as end:
            figures = end.value
            break
    interval = wilson(figures.accuracy, len(samples)) if figures.accuracy is not None else None
    return Evaluation(part, len(samples), figures.loss, figures.accuracy, interval)


def wilson(share: float, count: int) -> tuple[float, float]:
    """The 95 % confidence interval of a share observed in so many samples (Wilson 1927)."""
    z = 1.959963984540054
    centre = share + z * z / (2 * count)
    margin = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    scale = 1 + z * z / count
    return (centre - margin) / scale, (centre + margin) / scale
