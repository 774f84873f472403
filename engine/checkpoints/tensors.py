"""The tensors of a checkpoint: whether they are those that it should hold, told from its header, and of sound values.

Whether they fit the network that the settings name is told where they are put into it, in `engine.network`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from engine.checkpoints.header import Entry
from engine.checkpoints.meta import LARGEST, LARGEST_REAL, Meta, wrong_content
from engine.finite import all_finite
from engine.history import MAX_KEPT_STEPS, EpochRow, StepRow
from engine.message import InputError, phrase

GROUPS = ("model", "average", "optimizer", "history")
Kind = tuple[str, tuple[int, ...]]
"""Type and shape of a tensor."""


def check_entries(entries: Mapping[str, Entry], meta: Meta, where: str) -> None:
    """Raise `InputError`, with the name of a tensor, where one is missing, too many, or of another shape or type.

    An average is a second copy of the model; the optimizer keeps something of each parameter that it has moved.
    """
    groups: dict[str, dict[str, Kind]] = {group: {} for group in GROUPS}
    for name, entry in entries.items():
        group, _, rest = name.partition(".")
        if group not in groups:
            raise wrong_tensors(where, f"{shown(name)} has no place in it")
        groups[group][rest] = entry.dtype, entry.shape
    model, average, record = groups["model"], groups["average"], groups["history"]
    if not model:
        raise wrong_tensors(where, "it lacks model.*")
    if average or meta.get("averaged"):
        check_alike(average, model, "average.", where)
    if "averaged" in meta and bool(average) != meta["averaged"]:
        raise wrong_content(where, "averaged")
    owners = {name.rpartition(".")[0] for name in (*groups["optimizer"], *meta["optimizer"])}
    stepped = set(meta.get("stepped", owners))
    for owner in sorted(stepped - owners):
        raise wrong_tensors(where, f"it lacks optimizer.{shown(owner)}")
    for owner in sorted(owners - (stepped & model.keys())):
        raise wrong_tensors(where, f"optimizer.{shown(owner)} has no place in it")
    rows = meta["progress"]["epoch"], record.get("steps", ("", (0,)))[1][:1]
    expected = {"epochs": ("F64", (rows[0], len(EpochRow._fields))), "steps": ("F64", (*rows[1], len(StepRow._fields)))}
    check_alike(record, expected, "history.", where)
    if sum(rows[1]) > MAX_KEPT_STEPS:
        raise wrong_content(where, "history.steps")


def check_alike(theirs: Mapping[str, Kind], ours: Mapping[str, Kind], prefix: str, where: str) -> None:
    """Raise `InputError` unless tensors of these names are there, of these types and shapes (`ours`), and no others."""
    found = difference(theirs, ours, prefix)
    if found is not None:
        raise wrong_tensors(where, found)


def difference(theirs: Mapping[str, Kind], ours: Mapping[str, Kind], prefix: str) -> str | None:
    """In words, what is first missing, too many, or of another type or shape than it should be; None where nothing."""
    for name in sorted(ours.keys() - theirs.keys()):
        return phrase("lacks", "it lacks {name}", name=f"{prefix}{shown(name)}")
    for name in sorted(theirs.keys() - ours.keys()):
        return phrase("no-place", "{name} has no place in it", name=f"{prefix}{shown(name)}")
    for name, kind in ours.items():
        if theirs[name] != kind:
            return phrase(
                "other-kind", "{name} is {theirs} where {ours} belongs", name=f"{prefix}{shown(name)}",
                theirs=_words(theirs[name]), ours=_words(kind),
            )  # fmt: skip
    return None


def kinds_of(values: Mapping[str, Any]) -> dict[str, Kind]:
    """Type and shape of each tensor; of what else an optimizer keeps, whether it is a number."""
    return {
        name: (str(value.dtype).removeprefix("torch."), tuple(value.shape)) if isinstance(value, Tensor)
        else ("number" if type(value) in (int, float) else "no number", ())
        for name, value in values.items()
    }  # fmt: skip


def check_values(tensors: Mapping[str, Tensor], meta: Meta, where: str) -> None:
    """Raise `InputError` where a value is not finite, or the record is not that of a run that stands where this does.

    To be called after `check_entries`.
    """
    name = first_not_finite(tensors)
    if name is not None:
        raise InputError(
            "not-finite-tensor", "{path} is whole, but is not used: its tensor {name} holds a value that is not "
            "finite; take another checkpoint", path=where, name=shown(name),
        )  # fmt: skip
    epochs, steps = tensors["history.epochs"], tensors["history.steps"]
    if not _sound_epochs(epochs):
        raise wrong_content(where, "history.epochs")
    numbers, losses, rates = steps.unbind(1)
    sound = torch.equal(numbers, numbers.round()) and bool((numbers.diff() > 0).all())
    bounds = ((numbers, 1, meta["progress"]["step"]), (losses, -LARGEST_REAL, LARGEST_REAL), (rates, 0, LARGEST_REAL))
    if not sound or not all(_within(*each) for each in bounds):
        raise wrong_content(where, "history.steps")


def first_not_finite(tensors: Mapping[str, Tensor]) -> str | None:
    """The name of a tensor that holds a value which is not finite, the record apart; None where there is none."""
    for name, tensor in tensors.items():
        if not name.startswith("history.") and tensor.is_floating_point() and not all_finite(tensor):
            return name
    return None


def wrong_tensors(where: str, reason: str) -> InputError:
    """The error for a checkpoint whose tensors are not those of its run."""
    return InputError(
        "wrong-tensors", "{path} is not used: {reason}; take another checkpoint", path=where, reason=reason
    )


def shown(name: str) -> str:
    """A name from a file, cut, and quoted where it is not plain."""
    return name if name.isprintable() and len(name) <= 200 else ascii(name)[:200]


def _words(kind: Kind) -> str:
    return f"{kind[0]} {list(kind[1])}"


def _sound_epochs(epochs: Tensor) -> bool:
    """Whether rows of epochs, float64 `[N, 11]`, are numbered from 1 on, with figures that an epoch can have."""
    figures = dict(zip(EpochRow._fields, epochs.unbind(1), strict=True))
    if not torch.equal(figures["epoch"], torch.arange(1.0, len(epochs) + 1, dtype=torch.float64)):
        return False
    samples = figures["train_samples"]
    if not torch.equal(samples, samples.round()) or not _within(samples, 0, LARGEST):
        return False
    for name, column in figures.items():
        known = column[~column.isnan()]
        low, high = -LARGEST_REAL, LARGEST_REAL
        if name.endswith("accuracy"):
            low, high = 0.0, 1.0
        elif name == "lr":
            low = 0.0
        elif name.endswith("seconds"):
            low, high = -1e10, 1e10
        if not _within(known, low, high):
            return False
    return True


def _within(values: Tensor, low: float, high: float) -> bool:
    """Whether all lie between these; what is not a number does not."""
    return bool(((values >= low) & (values <= high)).all())
