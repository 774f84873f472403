"""What was seen inside a network as it trained: a row for each layer of each step that was looked at. Imports no
PyTorch.

Which steps are looked at is a function of their number: a run that goes on looks at those that it would have looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from math import isfinite
from pathlib import Path
from typing import NamedTuple

import numpy as np

from engine.message import InputError
from engine.reading import opened

FILE = "inside.csv"
"""The record in a run's folder."""
MOST_LOOKS = 200
"""After so many looks, and whenever as many more would have been taken at first, they are half as frequent."""
LOWEST, HIGHEST, BINS = -16, 4, 40
"""Sizes are counted in so many bins from 10^-16 to 10^4, of half a power of ten each."""
MAX_BYTES, MAX_ROWS, MAX_LINE = 2**26, 200_000, 4_000
"""Of a record, and of one line of it, that are read at most."""
_NO_NAME = re.compile(r"[\s,]|[^\x20-\x7e]")
"""What has no place in the name of a layer in a table."""


class LayerLook(NamedTuple):
    """One layer at one step: what it gave (after its norm and activation), and what came back. A figure that does not
    apply, or is not finite, is None."""

    step: int
    layer: str
    """Its name in the network."""
    mean: float | None
    deviation: float | None
    """Mean and standard deviation of all values that it gave for the batch."""
    dead: float | None
    """Share of its units (features, channels) that gave exactly 0 for every sample, at every place."""
    saturated: float | None
    """Share of its values at which a tanh or sigmoid is so flat that a tenth of its gradient, at most, comes back."""
    gradient: float | None
    """Euclidean norm of the gradient of the batch's loss by these values."""
    weight: float | None
    """Euclidean norm of its weights before the step."""
    weight_gradient: float | None
    """Euclidean norm of the gradient of the loss, with penalties, by them."""
    update: float | None
    """How far the step moved the weights, as a share of their norm."""
    values: tuple[int, ...]
    """How many of the values are of which size, by bins; zeros lie in none. If they are many, of the first samples."""
    gradients: tuple[int, ...]
    """The same of the gradient by the values."""


FIGURES = LayerLook._fields[2:10]
HEADER = ",".join(LayerLook._fields) + "\n"


def layer_look(
    step: int, layer: str, figures: Sequence[float | None], values: tuple[int, ...], gradients: tuple[int, ...]
) -> LayerLook:
    """A row of these figures, in the order of `FIGURES`."""
    return LayerLook(step, layer, **dict(zip(FIGURES, figures, strict=True)), values=values, gradients=gradients)


def figures_of(row: LayerLook) -> list[float | None]:
    """The figures of a row, in the order of `FIGURES`."""
    return [getattr(row, name) for name in FIGURES]


def is_due(step: int, every: int) -> bool:
    """Whether a step (from 1) is looked at: the first, then every `every` steps, less often as a run grows long.

    So a record of a million steps has some hundreds of looks more than one of ten thousand, and is never rewritten.
    """
    if not every:
        return False
    if step == 1:
        return True
    while step > every * MOST_LOOKS:
        every *= 2
    return step % every == 0


def edges() -> np.ndarray:
    """The edges of the bins, float64 `[BINS + 1]`, as decimal logarithms."""
    return np.linspace(LOWEST, HIGHEST, BINS + 1)


def plain_name(layer: str) -> str:
    """A layer's name as the record holds it."""
    return _NO_NAME.sub("_", layer)[:200]


def look_line(row: LayerLook) -> str:
    """A line of `inside.csv`."""
    figures = ("" if value is None else repr(value) for value in figures_of(row))
    counts = (" ".join(map(str, each)) for each in (row.values, row.gradients))
    return ",".join((str(row.step), row.layer, *figures, *counts)) + "\n"


def read_looks(folder: Path, since: int = 0) -> list[LayerLook]:
    """The looks on record in a run's folder at steps after `since`, as far as it is whole; empty where there is none.

    Raises `InputError` where the file is longer than any record.
    """
    path, found = folder / FILE, []
    try:
        with opened(path, links=False) as (file, size):
            if size > MAX_BYTES:
                raise _too_long(path)
            if file.readline(len(HEADER)) != HEADER.encode():
                return []
            left = MAX_BYTES
            while left > 0 and (line := file.readline(min(MAX_LINE, left))):
                left -= len(line)
                row = _row(line)
                if row is not None and row.step > since:
                    found.append(row)
                if len(found) > MAX_ROWS:
                    raise _too_long(path)
    except OSError:
        return []
    return found


def up_to(rows: Iterable[LayerLook], step: int) -> str:
    """The whole file of a record that ends with this step."""
    return HEADER + "".join(look_line(row) for row in rows if row.step <= step)


def by_step(rows: Iterable[LayerLook]) -> list[tuple[LayerLook, ...]]:
    """The looks in ascending order, each with its layers from input to output; of one that is there twice, the last."""
    looks: dict[int, dict[str, LayerLook]] = {}
    for step, group in groupby(rows, key=lambda row: row.step):
        looks.setdefault(step, {}).update({row.layer: row for row in group})
    return [tuple(looks[step].values()) for step in sorted(looks)]


def _row(line: bytes) -> LayerLook | None:
    """The row of a line; None where it is cut short, or none."""
    parts = line[:-1].split(b",") if line.endswith(b"\n") else []
    if len(parts) != len(LayerLook._fields):
        return None
    try:
        step = int(parts[0])
        name = parts[1].decode("ascii")
        figures = [float(part) if part else None for part in parts[2:-2]]
        values, gradients = (tuple(map(int, part.split(b" "))) if part else () for part in parts[-2:])
    except ValueError:
        return None
    fits = 0 < step < 2**53 and name == plain_name(name) and len(values) in (0, BINS) and len(gradients) in (0, BINS)
    whole = all(value is None or isfinite(value) for value in figures)
    counted = all(0 <= count < 2**53 for count in (*values, *gradients))
    return layer_look(step, name, figures, values, gradients) if fits and whole and counted else None


def _too_long(path: Path) -> InputError:
    return InputError("record-too-long", "{path} is longer than the record of any run: move it away", path=path)
