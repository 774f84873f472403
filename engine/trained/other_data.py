"""Samples of another data set than a network's own, with the classes matched by their names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from engine.config import RunConfig
from engine.data import Part, Source, split
from engine.message import InputError, Message, message
from engine.strategy import Dataset, DataSpec

WHOLE = "all"
"""The name of all samples of a data set that has no parts of its own."""


def other_samples(
    dataset: Dataset, config: RunConfig, part: str | None, spec: DataSpec, known: Sequence[str], folder: Path
) -> tuple[Part, str, tuple[Message, ...]]:
    """The samples, the name of their part, and what is to be told of them.

    All of them are new to the network: where `part` is None, they are those of the data set's own test part, or where
    it has none of its validation part, or where it has no parts all there are. Those of classes that the network does
    not know are left out and told. Raises `InputError` where the samples are none for this network.
    """
    dataset = dataset.fitting(spec.input_shape)
    bundle = dataset.load(Source(folder))
    own = {"test": bundle.test, "validation": bundle.validation}
    if part is None:
        part, samples = next(((name, has) for name, has in own.items() if has), (WHOLE, bundle.training))
    else:
        other = config.ticked(dataset).changed({"train_samples": "all", "validation_samples": "10%"})
        samples = getattr(split(bundle, other), part)
    if samples is None:
        raise InputError("no-part", "the data set {id} has no {part} part", id=dataset.id, part=part)
    reconstructs = spec.task == "reconstruction"
    if (bundle.task != spec.task and not reconstructs) or samples.shape[1:] != spec.input_shape:
        raise InputError(
            "other-samples", "the network takes {shape} in a {task}; the data set {id} has {actual} in a {other}",
            shape=list(spec.input_shape), task=spec.task, id=dataset.id, actual=list(samples.shape[1:]),
            other=bundle.task,
        )  # fmt: skip
    if spec.task != "classification" or bundle.class_names == tuple(known):
        return samples, part, ()
    if not known or not bundle.class_names:
        classes = len(bundle.class_names) or int(samples.targets.max()) + 1
        if classes > spec.outputs:
            raise InputError(
                "other-number-of-classes", "the network tells {outputs} classes apart, the data set {id} has "
                "{classes}, and they can't be matched: they have no names", outputs=spec.outputs, id=dataset.id,
                classes=classes,
            )  # fmt: skip
        return samples, part, ()
    return _matched(samples, part, bundle.class_names, known, dataset.id)


def _matched(
    samples: Part, part: str, names: Sequence[str], known: Sequence[str], id: str
) -> tuple[Part, str, tuple[Message, ...]]:
    """The samples of the classes that the network knows, with its numbers for them."""
    places = {name: number for number, name in enumerate(known)}
    numbers = torch.tensor([places.get(name, -1) for name in names])[samples.targets]
    rows = (numbers >= 0).nonzero().squeeze(1)
    there = set(samples.targets.tolist())
    unknown = [name for number, name in enumerate(names) if name not in places and number in there]
    if not len(rows):
        raise InputError(
            "other-classes", "the network knows the classes {known}; the data set {id} has {actual}",
            known=", ".join(known)[:200], id=id, actual=", ".join(names)[:200],
        )  # fmt: skip
    taken = samples.take(rows).labelled(numbers[rows])
    if not unknown:
        return taken, part, ()
    told = message(
        "unknown-classes", "{count} samples are left out: the network does not know their classes ({unknown})",
        count=f"{len(samples) - len(rows):,}", unknown=", ".join(unknown)[:500],
    )  # fmt: skip
    return taken, part, (told,)
