"""Data sets, their parts, which are views of what they share, and the batches of an epoch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import blake2b
from math import prod
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from engine.config import RunConfig
from engine.free_memory import bytes_in_words, free_memory
from engine.grouping import joined
from engine.mapped import Mapped
from engine.message import InputError, Message, message
from engine.part import Part as Part
from engine.randomness import generator, stream
from engine.strategy import DataSpec

TEST_SHARE = 0.2
"""Share of the samples set aside for the test, where the source has no such part."""

RESIDENT_SHARE = 0.25
"""Of the memory that is free, samples may take this share to stay there; more are read, or moved, batch by batch."""
CPU = torch.device("cpu")

LEAST_CUT = 0.9
"""Share of the samples asked for that a part has at least, where nothing is told."""

Report = Callable[[Message, float | None], None]


@dataclass(frozen=True)
class Source:
    """What a data set may use while it loads."""

    folder: Path
    """Where downloads and caches are kept."""
    report: Report = lambda text, fraction: None
    """Tell how far loading is: a message, and 0 to 1 or None."""


@dataclass(frozen=True)
class DataBundle:
    """What a data set gives: samples in the parts that its source has."""

    training: Part
    validation: Part | None = None
    test: Part | None = None
    class_names: tuple[str, ...] = ()
    task: Literal["classification", "regression"] = "classification"
    warnings: tuple[Message, ...] = ()
    """What to tell of the data when a run begins, such as how many files had to be left out."""
    log: tuple[Message, ...] = ()
    """What the run's log is to hold of the data, such as each of those files with the reason."""
    groups: Tensor | None = None
    """Training samples that stay in one part where others are cut from them, such as frames of one burst, have the same
    number here: int64 `[N]`. Exact duplicates stay together in any case."""


@dataclass(frozen=True)
class Parts:
    """A data set as a run uses it."""

    training: Part
    validation: Part | None
    test: Part | None
    class_names: tuple[str, ...]
    spec: DataSpec
    warnings: tuple[Message, ...] = ()
    log: tuple[Message, ...] = ()

    @property
    def bytes(self) -> int:
        """What the inputs of all parts take."""
        return sum(part.bytes for part in _present(self))

    @property
    def are_mapped(self) -> bool:
        """Whether inputs lie in a file."""
        return any(isinstance(part.stored, Mapped) for part in _present(self))

    def to(self, device: torch.device) -> Parts:
        """Resident on the device, or in memory, where there is ample room; else as they are. The log says which."""
        if self._stay(device):
            return self._copied(device) if device.type != "cpu" or self.are_mapped else self
        here = self._copied(CPU) if self.are_mapped and self._stay(CPU) else self
        on_disk = here.are_mapped
        free, place = free_memory(CPU if on_disk else device), "memory" if on_disk else str(device)
        return here._told(
            "samples-read" if on_disk else "samples-moved", "the samples ({size}) are {read} batch by batch: they may "
            "take {share} of the {free} that is free in {place}", read="read from the disk" if on_disk else "moved",
            share=f"{RESIDENT_SHARE:.0%}", free=bytes_in_words(free or 0), place=place,
        )  # fmt: skip

    def resident_bytes(self, device: torch.device) -> int:
        """What of the inputs a run takes of the device's memory for good."""
        return self.bytes if self._stay(device) else 0

    def _stay(self, device: torch.device) -> bool:
        if device.type == "cpu" and not self.are_mapped:
            return True
        free = free_memory(device)
        return free is None or self.bytes <= RESIDENT_SHARE * free

    def _copied(self, device: torch.device) -> Parts:
        names = ("training", "validation", "test")
        moved = {name: part.copied(device) for name in names if (part := getattr(self, name)) is not None}
        text = "the samples ({size}) stay in {place}"
        place = "memory" if device.type == "cpu" else str(device)
        return replace(self, **moved)._told("samples-resident", text, place=place)

    def _told(self, code: str, template: str, **values: str) -> Parts:
        return replace(self, log=(*self.log, message(code, template, size=bytes_in_words(self.bytes), **values)))


def split(bundle: DataBundle, config: RunConfig) -> Parts:
    """The parts of a run, where the source lacks one cut from its training samples, stratified and seeded.

    Exact duplicates stay in one part, and so does each of the bundle's groups. The seed is `split_seed` alone, so that
    runs of many seeds share their parts.
    Raises `InputError` where more samples are asked for than there are.
    """
    _check(bundle)
    whole, validation, test = bundle.training, bundle.validation, bundle.test
    rows = torch.arange(len(whole))  # of the training samples
    cuts = test is None or validation is None
    groups = _groups(whole, bundle.groups) if cuts else np.zeros(0, np.int64)
    warnings = list(bundle.warnings)
    if test is None:
        count = round(TEST_SHARE * len(rows))
        rows, out = _cut(whole, rows, groups, count, stream(config.split_seed, "test"))
        test = whole.take(out)
        warnings += _too_large(bundle, "test", len(out), count)
    if validation is None:
        count = amount(config.validation_samples, len(rows), "validation_samples")
        rows, out = _cut(whole, rows, groups, count, stream(config.split_seed, "validation"))
        validation = whole.take(out)
        warnings += _too_large(bundle, "validation", len(out), count)
    count = amount(config.train_samples, len(rows), "train_samples")
    if count < len(rows):
        order = _stratified(whole.targets[rows], stream(config.split_seed, "train-samples"))
        rows = rows[order[:count].sort().values]
    if len(rows) < 2:
        raise InputError(
            "too-few-samples", "there are {count} training samples: at least 2 are needed", count=len(rows)
        )
    training = whole.take(rows) if len(rows) < len(whole) else whole
    return Parts(
        training, validation if len(validation) else None, test if len(test) else None, bundle.class_names,
        _spec(bundle, training, (len(training), len(validation), len(test)), config.model.reconstructs),
        tuple(warnings), bundle.log,
    )  # fmt: skip


def _too_large(bundle: DataBundle, part: str, got: int, asked: int) -> list[Message]:
    """That a part came out small, where groups stay together that are larger than it."""
    if bundle.groups is None or got >= LEAST_CUT * asked:
        return []
    return [message(
        "groups-too-large", "the part for {part} has {got} samples instead of {asked}: the groups that stay together "
        "are too large for more", part=part, got=f"{got:,}", asked=f"{asked:,}",
    )]  # fmt: skip


def amount(text: str, of: int, name: str) -> int:
    """The number of samples that an amount such as `2000`, `10%` or `all` means, of so many."""
    if text == "all":
        return of
    if text.endswith("%"):
        return round(float(text[:-1]) / 100 * of)
    if int(text) > of:
        raise InputError(
            "too-many-samples", "{name} is {asked}, but there are only {count}", name=name, asked=text, count=of
        )
    return int(text)


def _check(bundle: DataBundle) -> None:
    """Raise `InputError` where a data set's parts are not as `Part` says, or don't belong together."""
    _check_groups(bundle)
    for part in _present(bundle):
        images = part.dtype == torch.uint8 and part.ndim == 4
        features = part.dtype == torch.float32 and part.ndim == 2
        labels = part.targets.dtype == torch.int64 and part.targets.ndim == 1
        values = part.targets.dtype == torch.float32 and part.targets.ndim == 2
        right = labels if bundle.task == "classification" else values
        if not (images or features) or not right or part.shape[0] != len(part.targets):
            raise InputError(
                "bad-bundle", "the data set gave inputs {dtype} {shape} and targets {target} {targets}: inputs are "
                "uint8 [N, C, H, W] or float32 [N, F], targets int64 [N], or float32 [N, K] in a regression",
                dtype=str(part.dtype), shape=list(part.shape), target=str(part.targets.dtype),
                targets=list(part.targets.shape),
            )  # fmt: skip
        if part.shape[1:] != bundle.training.shape[1:]:
            raise InputError(
                "parts-differ", "the data set has samples of shape {one} in one part and {other} in another",
                one=list(bundle.training.shape[1:]), other=list(part.shape[1:]),
            )  # fmt: skip
        if labels and len(part) and not 0 <= int(part.targets.min()) <= int(part.targets.max()) < _classes(bundle):
            raise InputError(
                "bad-label", "the data set has a label outside its {classes} classes", classes=_classes(bundle)
            )


def _check_groups(bundle: DataBundle) -> None:
    groups = bundle.groups
    if groups is not None and (groups.dtype != torch.int64 or groups.shape != (len(bundle.training),)):
        raise InputError(
            "bad-groups", "the data set gave groups {dtype} {shape}: they are int64 [N], of the training samples",
            dtype=str(groups.dtype), shape=list(groups.shape),
        )  # fmt: skip


def _present(whole: DataBundle | Parts) -> list[Part]:
    return [part for part in (whole.training, whole.validation, whole.test) if part is not None]


def _classes(bundle: DataBundle) -> int:
    """The number of classes: as named, else as seen in any part, however few samples are used."""
    seen = [int(part.targets.max()) + 1 for part in _present(bundle) if len(part)]
    return len(bundle.class_names) or max(seen, default=1)


def _spec(bundle: DataBundle, training: Part, samples: tuple[int, int, int], reconstructs: bool) -> DataSpec:
    shape = training.shape[1:]
    if reconstructs:
        return DataSpec(shape, prod(shape), "reconstruction", samples=samples)
    if bundle.task == "regression":
        return DataSpec(shape, training.targets.shape[1], "regression", samples=samples)
    classes = _classes(bundle)
    counts = torch.bincount(training.targets, minlength=classes)
    return DataSpec(shape, classes, "classification", tuple(counts.tolist()), samples)


def _cut(part: Part, rows: Tensor, groups: np.ndarray, count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Of these rows of a part, the rest and `count` that are taken out, each int64 and in their order.

    `groups` tells the group of every row of the part: it goes to one side as a whole.
    """
    here = groups[rows.numpy()]
    sizes = np.bincount(here, minlength=len(groups))
    taken = np.zeros(len(sizes), dtype=bool)
    missing = count
    order = here[_stratified(part.targets[rows], seed).numpy()]
    for group in order[np.sort(np.unique(order, return_index=True)[1])]:  # each where it comes first
        if missing == 0:
            break
        if sizes[group] <= missing:
            taken[group] = True
            missing -= sizes[group]
    out = torch.from_numpy(taken[here])
    return rows[~out], rows[out]


def _groups(part: Part, groups: Tensor | None) -> np.ndarray:
    """For each sample the number of its group, `[N]`: of exact duplicates, and of what else belongs together."""
    # Kept as numbers and sorted: a dictionary of a million digests takes a quarter of what so many small images do.
    digests, start = np.empty((len(part), 2), np.uint64), 0
    for some in part.chunks():
        rows = some.reshape(len(some), -1).numpy()
        found = b"".join(blake2b(row.tobytes(), digest_size=16).digest() for row in rows)
        digests[start : start + len(some)] = np.frombuffer(found, np.uint64).reshape(-1, 2)
        start += len(some)
    order = np.lexsort(digests.T)
    differs = (digests[order[1:]] != digests[order[:-1]]).any(1)
    equal = np.zeros(len(part), np.int64)
    equal[order[1:]] = np.cumsum(differs)
    return equal if groups is None else joined(equal, groups.numpy())


def _stratified(targets: Tensor, seed: int) -> Tensor:
    """All rows in an order of which any first part has each class in its due share, and holds every shorter one.

    Each class is shuffled and spread evenly over the order.
    """
    shuffled = torch.randperm(len(targets), generator=torch.Generator().manual_seed(seed))
    if targets.ndim > 1 or targets.is_floating_point():
        return shuffled
    classes = targets[shuffled]
    place = torch.empty(len(targets), dtype=torch.float64)
    for label in classes.unique().tolist():
        where = (classes == label).nonzero().squeeze(1)
        place[where] = (torch.arange(len(where), dtype=torch.float64) + 0.5) / len(where)
    return shuffled[place.argsort(stable=True)]


def permutation(count: int, seed: int, epoch: int) -> Tensor:
    """The order in which epoch number `epoch` visits `count` samples, int64 `[count]`."""
    return torch.randperm(count, generator=generator(seed, "order", epoch))


def batch_bounds(count: int, size: int) -> list[tuple[int, int]]:
    """Start and end of each batch. A remainder of one sample joins the batch before it: batch norm can't use one."""
    starts = list(range(0, count, size))
    if len(starts) > 1 and count % size == 1:
        starts.pop()
    return list(zip(starts, [*starts[1:], count], strict=True))


@dataclass(frozen=True)
class Scaler:
    """Brings inputs into the range in which the network sees them."""

    mean: Tensor
    std: Tensor

    def __call__(self, inputs: Tensor) -> Tensor:
        """float32 of the same shape: `(inputs - mean) / std`."""
        # Turned into float32 first: a subtraction that does it on the way takes half as long again.
        return inputs.to(torch.float32, copy=True).sub_(self.mean).div_(self.std)

    @classmethod
    def of(cls, mean: Tensor, std: Tensor, inputs_ndim: int, device: torch.device) -> Scaler:
        """From statistics `[C]`, to be applied to inputs of so many dimensions."""
        shape = (1, -1, *(1,) * (inputs_ndim - 2))
        return cls(mean.float().view(shape).to(device), std.float().view(shape).to(device))
