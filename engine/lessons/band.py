"""The band in which the curves of a lesson's runs are expected: quantiles over seeds, in a file beside the lesson."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from engine.files import write_text
from engine.history import EpochRow
from engine.lessons.lesson import Lesson
from engine.reading import read_json

FORMAT = 1
QUANTILES = (0.05, 0.95)
FIGURES = ("val_loss", "clean_train_loss", "val_accuracy")
MAX_POINTS = 80
"""Of one curve in the file: of longer runs only some epochs are kept."""
MAX_BYTES = 1_000_000
MAX_SEEDS = 1_000
DIGITS = 4


@dataclass(frozen=True)
class Band:
    """Between which curves those of most seeds lie."""

    epochs: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]


Bands = Mapping[tuple[str, str], Band]
"""By the id of a variant and the name of a figure in `history.csv`."""


def band_file(lesson: Lesson) -> Path:
    """Where the bands of a lesson are, if there are any."""
    return lesson.path.parent / "bands" / f"{lesson.id}.json"


def read_bands(path: Path) -> dict[tuple[str, str], Band]:
    """The bands in a file, whoever made it; none where it can't be read or is anything else."""
    try:
        data = read_json(path, MAX_BYTES)
        return {
            (str(variant), figure): _band(each[figure])
            for variant, each in data["variants"].items()
            for figure in FIGURES
            if figure in each
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError):
        return {}


def bands_of(runs: Mapping[str, Sequence[Sequence[EpochRow]]]) -> dict[tuple[str, str], Band]:
    """The bands of variants, each with the epochs of its runs of several seeds.

    Runs that were stopped early are judged as far as at least half of them came.
    """
    found = {}
    for variant, seeds in runs.items():
        for figure in FIGURES:
            band = _quantiles([[getattr(row, figure) for row in rows] for rows in seeds])
            if band is not None:
                found[variant, figure] = band
    return found


def write_bands(path: Path, lesson: Lesson, bands: Bands, seeds: int, held: int) -> None:
    """Write the bands, whole or not at all, with how often of so many seeds the claims held. Raises `OSError`."""
    variants: dict[str, dict[str, Any]] = {}
    for (variant, figure), band in bands.items():
        variants.setdefault(variant, {})[figure] = [list(band.epochs), list(band.low), list(band.high)]
    data = {"format": FORMAT, "lesson": lesson.id, "seeds": seeds, "held": held, "variants": variants}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps(data, separators=(",", ":")) + "\n")


def read_count(path: Path) -> tuple[int, int] | None:
    """In how many of how many seeds the claims of the lesson held; None where the file does not tell."""
    try:
        data = read_json(path, MAX_BYTES)
        held, seeds = data["held"], data["seeds"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    whole = type(held) is int and type(seeds) is int
    return (held, seeds) if whole and 0 <= held <= seeds <= MAX_SEEDS and seeds > 0 else None


def _quantiles(curves: list[list[float | None]]) -> Band | None:
    lengths = sorted((len(curve) for curve in curves), reverse=True)
    if not lengths:
        return None
    length = lengths[(len(lengths) - 1) // 2]
    table = np.full((len(curves), length), np.nan)
    for row, curve in zip(table, curves, strict=True):
        known = [math.nan if value is None else value for value in curve[:length]]
        row[: len(known)] = known
    if length == 0 or np.isnan(table).all(axis=0).any():
        return None
    kept = np.unique(np.linspace(0, length - 1, min(length, MAX_POINTS)).round().astype(int))
    low, high = np.nanquantile(table[:, kept], QUANTILES, axis=0)
    return Band(tuple((kept + 1.0).tolist()), _rounded(low), _rounded(high))


def _rounded(values: np.ndarray) -> tuple[float, ...]:
    return tuple(float(f"{value:.{DIGITS}g}") for value in values)


def _band(value: Any) -> Band:
    """A band as it stands in a file. Raises `ValueError` or `TypeError`."""
    epochs, low, high = (tuple(map(float, line)) for line in value)
    finite = all(map(math.isfinite, (*epochs, *low, *high)))
    rising = all(one < other for one, other in pairwise(epochs))
    if not len(epochs) == len(low) == len(high) <= MAX_POINTS or not finite or not rising:
        raise ValueError("no band")
    return Band(epochs, low, high)
