"""What a checkpoint says of its run besides its tensors, in one strict form: checked before any of it is believed.

A right digest says that a file is whole, not that it makes sense: anybody can compute one. So every figure has its type
and its bounds here, and those that belong together must agree. Whoever is behind this door may trust what he gets.

A key that is not known is refused, not passed over: it may be one that changes what the run does, and going on without
it would be another experiment. What was added since the first checkpoints were written need not be there.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import pairwise
from math import prod
from typing import Annotated, Any, Literal, NotRequired

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    with_config,
)
from typing_extensions import TypedDict

from engine.catalogue import ID
from engine.config import ONE_CHOICE, RunConfig
from engine.frozen.proof import MAX_LAYERS, Kind
from engine.message import InputError

LARGEST = 2**53
"""Whole numbers are exact up to here in the record, which is float64."""
LARGEST_REAL = 3.5e38
"""Figures are computed in float32, whose largest number is a little below this."""
MAX_PLAIN = 20_000
"""Values within the settings, or within another mapping that has no form of its own."""
MAX_DEPTH = 16
"""How deep they may be nested."""


def _plain(value: Any) -> Any:
    """Pass what is neither too large, nor too deep, nor holds a number or text that nothing else could take."""
    waiting, count = [(value, 0)], 0
    while waiting:
        each, depth = waiting.pop()
        count += 1
        if count > MAX_PLAIN or depth > MAX_DEPTH:
            raise ValueError("there is too much in it")
        if isinstance(each, dict):
            waiting += [(inner, depth + 1) for pair in each.items() for inner in pair]
        elif isinstance(each, list):
            waiting += [(inner, depth + 1) for inner in each]
        elif isinstance(each, str):
            each.encode()  # half of a pair of surrogates can't be printed; what it raises is a ValueError
        elif isinstance(each, (int, float)) and not abs(each) <= (2**63 if type(each) is int else sys.float_info.max):
            raise ValueError("it holds a number that is too large")
    return value


Count = Annotated[int, Field(ge=0, le=LARGEST)]
MAX_EPOCHS = 1_000_000
"""Of a run, at most."""
Epochs = Annotated[int, Field(ge=0, le=MAX_EPOCHS)]
Real = Annotated[float, Field(ge=-LARGEST_REAL, le=LARGEST_REAL)]
Rate = Annotated[float, Field(ge=0, le=LARGEST_REAL)]
Seconds = Annotated[float, Field(ge=-1e10, le=1e10)]
Id = Annotated[str, StringConstraints(max_length=200, pattern=f"^{ID}$")]
Word = Annotated[str, StringConstraints(max_length=1_000)]
Text = Annotated[str, StringConstraints(max_length=10_000)]
Digest = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
Plain = Annotated[Any, AfterValidator(_plain)]
Mapping = Annotated[dict[str, Any], AfterValidator(_plain)]


class Reason(TypedDict):
    """Why the run ended: a message."""

    code: Word
    template: Text
    values: Mapping


class Progress(TypedDict):
    """Where the run stands, as `engine.position.Position`."""

    epoch: Epochs
    batch: Count
    step: Count
    seconds: Seconds
    reason: Reason | None
    best_since: NotRequired[Epochs]


class Sums(TypedDict):
    """The sums of the present epoch so far."""

    loss: Annotated[float, Field(ge=-1e300, le=1e300)]
    correct: Count
    samples: Count
    seconds: Seconds
    lr: Rate


class Change(TypedDict):
    """A setting that was changed in the run."""

    step: Count
    field: Literal["lr", "epochs", "schedule"]
    old: Rate
    new: Annotated[float, Field(gt=0, le=LARGEST_REAL)]


class Parent(TypedDict):
    """The run that this one is a fork of."""

    run: Word
    epoch: Epochs
    step: Count


class Data(TypedDict):
    """What the network was told of its data, as `engine.strategy.DataSpec`."""

    input_shape: Annotated[list[Annotated[int, Field(ge=1, le=2**31)]], Field(min_length=1, max_length=8)]
    outputs: Annotated[int, Field(ge=1, le=2**31)]
    task: Literal["classification", "regression", "reconstruction"]
    class_counts: list[Count]
    samples: Annotated[list[Count], Field(min_length=3, max_length=3)]


class Statistics(TypedDict):
    """Mean and deviation of the inputs, one or one for each channel or feature."""

    mean: Annotated[list[Real], Field(min_length=1)]
    std: Annotated[list[Annotated[float, Field(gt=0, le=LARGEST_REAL)]], Field(min_length=1)]


class Plugin(TypedDict):
    """A technique that the run needs."""

    id: Id
    kind: Id
    origin: Text
    version: Word


class Environment(TypedDict):
    """What the run ran on."""

    versions: Annotated[dict[Word, Word], Field(max_length=1_000)]
    device: Word
    threads: Annotated[int, Field(ge=1, le=9_999)]
    processes: NotRequired[Annotated[int, Field(ge=2, le=1_000_000)]]
    """Where it was trained by several."""
    plugins: Annotated[list[Plugin], Field(max_length=1_000)]


class WatchedLayer(TypedDict):
    """What a layer is held to, and how it fared, as `engine.frozen.freeze_proof`."""

    weights: Digest
    statistics: Digest
    since: Epochs | None
    epochs: Epochs
    kept: Epochs
    changed: bool


class LayerFinding(TypedDict):
    """What was found about a layer."""

    kind: Kind
    layer: Word
    epoch: Epochs


class Proof(TypedDict):
    """The layers of a run that freezes some."""

    layers: Annotated[dict[Word, WatchedLayer], Field(max_length=MAX_LAYERS)]
    findings: Annotated[list[LayerFinding], Field(max_length=MAX_LAYERS)]


@with_config(ConfigDict(strict=True, extra="forbid", allow_inf_nan=False))
class Meta(TypedDict):
    """What a checkpoint says of its run."""

    config: Mapping
    """Its settings, as `RunConfig.to_dict` gives them; `RunConfig.from_dict` is what checks them."""
    plugins: Annotated[list[Plugin], Field(max_length=1_000)]
    class_names: list[Word]
    data: Data
    input: Statistics
    environment: Environment
    changes: Annotated[list[Change], Field(max_length=100_000)]
    progress: Progress
    sums: Sums
    parent: NotRequired[Parent]
    epochs: Annotated[int, Field(ge=1, le=MAX_EPOCHS)]
    """The total, as extended."""
    marks: Annotated[list[Epochs], Field(max_length=100_000)]
    optimizer: dict[str, Plain]
    """What the optimizer keeps of each parameter besides tensors, by `<parameter>.<key>`."""
    stepped: NotRequired[list[Word]]
    """The parameters of which the optimizer keeps anything: for each, all that it keeps must be there."""
    averaged: NotRequired[bool]
    """Whether an average of the weights is kept."""
    proof: NotRequired[Proof]


_META: TypeAdapter[Meta] = TypeAdapter(Meta)


def checked_meta(raw: dict[str, Any], where: str) -> Meta:
    """What a checkpoint says of its run. Raises `InputError`, naming what is missing, wrong or can't be."""
    try:
        meta = _META.validate_python(raw)
    except ValidationError as error:
        raise _not_valid(error, where) from None
    for field, holds in _agreements(meta):
        if not holds:
            raise wrong_content(where, field)
    return meta


def check_settings(meta: Meta, config: RunConfig, where: str) -> None:
    """Raise `InputError` where a run with these settings can't stand where a checkpoint says that it does."""
    progress, samples = meta["progress"], meta["data"]["samples"][0]
    extended = [change["new"] for change in meta["changes"] if change["field"] == "epochs"]
    batches = batch_count(samples, config.batch_size)
    batch = progress["batch"]
    trained = samples if batch == batches else batch * config.batch_size
    for field, holds in (
        ("epochs", meta["epochs"] == (extended[-1] if extended else config.epochs)),
        ("progress.batch", batch <= batches),
        ("progress.step", progress["step"] == progress["epoch"] * batches + batch),
        ("sums.samples", meta["sums"]["samples"] == trained),
    ):
        if not holds:
            raise wrong_content(where, field)


def batch_count(samples: int, size: int) -> int:
    """How many batches `engine.data.batch_bounds` makes of so many samples, told without making them."""
    return max(1, -(-samples // size) - (samples % size == 1 and samples > size))


def wrong_content(where: str, field: str) -> InputError:
    """The error for a checkpoint that is whole, but in which a figure can't be."""
    return InputError(
        "wrong-content", "{path} is whole, but is not used: its {field} can't be right; take another checkpoint",
        path=where, field=field,
    )  # fmt: skip


def _not_valid(error: ValidationError, where: str) -> InputError:
    """One line for what pydantic found first."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    missing = sorted(_place(each["loc"]) for each in found if each["type"] == "missing")
    if missing:
        return InputError(
            "incomplete-checkpoint", "{path} is not the checkpoint of a run (it lacks {missing}): take another",
            path=where, missing=", ".join(missing[:20]),
        )  # fmt: skip
    first = found[0]
    if first["type"] == "extra_forbidden":
        return InputError(
            "unknown-content", "{path} says {field} of its run, which this Tunedeck does not know: update it, or take "
            "another checkpoint", path=where, field=_place(first["loc"]),
        )  # fmt: skip
    return InputError(
        "wrong-content-type", "{path} is whole, but is not used: its {field} is wrong ({reason}); take another "
        "checkpoint", path=where, field=_place(first["loc"]), reason=first["msg"].replace("\n", " ")[:200],
    )  # fmt: skip


def _place(loc: tuple[int | str, ...]) -> str:
    """Where in the metadata; what is no plain word, as a stranger's key may be, is quoted and cut."""
    return ".".join(str(part) if str(part).isidentifier() else repr(part)[:80] for part in loc)


def _agreements(meta: Meta) -> Iterator[tuple[str, bool]]:
    """What must hold between the figures, each with the one that is told where it does not."""
    progress, data, changes, sums = meta["progress"], meta["data"], meta["changes"], meta["sums"]
    epoch, marks = progress["epoch"], meta["marks"]
    classes = data["outputs"] if data["task"] == "classification" else 0
    yield "config", all(kind in meta["config"] for kind in ONE_CHOICE)
    yield "config.batch_size", type(meta["config"].get("batch_size")) is int and meta["config"]["batch_size"] > 0
    yield "progress.epoch", epoch < meta["epochs"] or (epoch == meta["epochs"] and progress["reason"] is not None)
    yield "progress.best_since", progress.get("best_since", 0) <= epoch
    yield "marks", all(one <= other for one, other in pairwise([*marks, epoch]))
    steps = [change["step"] for change in changes]
    yield "changes", all(one <= other for one, other in pairwise([*steps, progress["step"]]))
    yield "changes", all(c["field"] == "lr" or (c["new"] == int(c["new"]) <= MAX_EPOCHS) for c in changes)
    for layer in meta["proof"]["layers"].values() if "proof" in meta else ():
        yield "proof", layer["kept"] <= layer["epochs"] <= epoch and (layer["since"] or 0) <= epoch
    yield "sums.correct", sums["correct"] <= sums["samples"]
    yield "data.samples", data["samples"][0] >= 2
    yield "data.input_shape", prod(data["input_shape"]) <= 2**31
    yield "data.class_counts", len(data["class_counts"]) == classes
    yield "data.class_counts", not classes or sum(data["class_counts"]) == data["samples"][0]
    yield "class_names", not classes or len(meta["class_names"]) in (0, classes)
    lengths = {len(meta["input"]["mean"]), len(meta["input"]["std"])}
    yield "input", lengths in ({1}, {data["input_shape"][0]})
