"""A lesson: settings, variants of them, a question whose answer is read off the runs, and what to look at.

`engine.lessons.reading` makes it of a file. Imports no PyTorch.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.config import RunConfig
from engine.lessons.claims import Claim
from engine.sweeps.sweep import Member

BASE = "base"
"""The id, within a lesson, of the run of its settings as they stand."""


@dataclass(frozen=True)
class Words:
    """A text in each language that it was written in, by the language's code."""

    by_language: tuple[tuple[str, str], ...]


def text(words: Words, language: str = "en") -> str:
    """A text in this language; where it was not written in that, in English, else in the first there is."""
    found = dict(words.by_language)
    return found.get(language) or found.get("en") or words.by_language[0][1]


@dataclass(frozen=True)
class Variant:
    """One run of a lesson."""

    id: str
    label: Words
    config: RunConfig
    claims: tuple[Claim, ...] = ()
    """What is to be seen in it, checked against the runs and said when it is done."""


@dataclass(frozen=True)
class Together:
    """Runs of a lesson whose probabilities are averaged: claims speak of it as of one more run, of a single epoch."""

    id: str
    label: Words
    members: tuple[str, ...]
    """The ids of the runs."""


@dataclass(frozen=True)
class Further:
    """Where to go on from a lesson: a bundled recipe, which may need what a lesson can't count on, as a download."""

    recipe: str
    label: Words


@dataclass(frozen=True)
class Choice:
    """An answer to the question. It is right where all its claims hold in the runs, and no choice before it is."""

    id: str
    text: Words
    claims: tuple[Claim, ...]
    """None of them: right where nothing else is."""


@dataclass(frozen=True)
class Question:
    """What is to be guessed before the runs are seen."""

    text: Words
    choices: tuple[Choice, ...]
    answer: str
    """The choice that the runs are expected to prove right."""

    @property
    def runs(self) -> tuple[str, ...]:
        """The ids of the runs that it takes to answer."""
        named = [run for choice in self.choices for claim in choice.claims for run in claim.runs]
        return tuple(dict.fromkeys(named))


@dataclass(frozen=True)
class Lesson:
    """A lesson, as its file has it."""

    id: str
    number: int
    """Its place among the lessons; that of a teacher's own as its file's name says."""
    title: Words
    paragraphs: tuple[Words, ...]
    variants: tuple[Variant, ...]
    """The run of the settings as they stand first, under the id `base`."""
    question: Question
    look_at: tuple[Words, ...]
    correction: Words | None
    """What textbooks often have otherwise, and how it is."""
    seconds: float
    """How long the first run should last when it is watched."""
    path: Path
    bundled: bool
    together: Together | None = None
    further: Further | None = None

    @property
    def base(self) -> Variant:
        """The run of the settings as they stand."""
        return self.variants[0]

    def variant(self, id: str) -> Variant:
        """The variant of this id. Raises `KeyError`."""
        return {variant.id: variant for variant in self.variants}[id]

    def label_of(self, run: str) -> Words:
        """What a run is called that claims may speak of. Raises `KeyError`."""
        if self.together is not None and run == self.together.id:
            return self.together.label
        return self.variant(run).label

    def members(self, seed: int | None = None, language: str = "en") -> list[Member]:
        """Its runs as those of a sweep, called as in this language; with another `seed` for the first, those of all are
        as far from their own."""
        by = 0 if seed is None else seed - self.base.config.seed
        return [
            Member(text(each.label, language), each.config.changed({"seed": each.config.seed + by}))
            for each in self.variants
        ]


# --- which lessons there are ----------------------------------------------------------------------
