"""Samples whose label may be wrong, as a list that a person can go through."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields

from engine.data import Part
from engine.message import HALVES
from engine.scores import Floats, Ints, suggested_labels


@dataclass(frozen=True)
class Suspect:
    """A sample, what it is labelled, and what the network takes it for."""

    file: str
    """Below the folder of the data; empty where they are no files."""
    sample: int
    """Its place in its part, from 0."""
    label: str
    suggested: str
    label_probability: float
    suggested_probability: float


def suspects_of(part: Part, targets: Ints, probabilities: Floats, class_names: Sequence[str]) -> list[Suspect]:
    """The suspected ones of a part, those first that the network is surest of; see `engine.scores.suggested_labels`."""
    suggested = suggested_labels(targets, probabilities)
    found = [
        Suspect(
            part.name(row), row, class_names[targets[row]], class_names[suggested[row]],
            float(probabilities[row, targets[row]]), float(probabilities[row, suggested[row]]),
        )
        for row in (suggested >= 0).nonzero()[0].tolist()
    ]  # fmt: skip
    return sorted(found, key=lambda each: each.label_probability - each.suggested_probability)


def suspects_csv(suspects: Sequence[Suspect]) -> str:
    """As CSV, with the names of the fields of `Suspect` at the head."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([field.name for field in fields(Suspect)])
    writer.writerows(map(astuple, suspects))
    return HALVES.sub("\N{REPLACEMENT CHARACTER}", text.getvalue())
