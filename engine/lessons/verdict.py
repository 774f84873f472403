"""What the runs of a lesson say to its question: a pure function of their epochs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from engine.history import EpochRow
from engine.lessons.claims import FIGURES, Claim, figure_of
from engine.lessons.lesson import Lesson, text
from engine.message import Message, message

Runs = Mapping[str, Sequence[EpochRow]]
"""The epochs of those runs of a lesson that are done, by their ids."""
AT_LEAST = 0.05
"""How near, as a share of the larger, figures are to be that are "about" equal, where the claim names no factor."""
NEVER = "–"


@dataclass(frozen=True)
class Guess:
    """What a person answered before seeing the runs."""

    lesson: str
    choice: str | None
    """None: the question was skipped."""


@dataclass(frozen=True)
class Finding:
    """A claim, held against the runs."""

    claim: Claim
    value: float
    other: float
    """What `value` is compared with, without the claim's factor. Either may be infinite: never reached."""
    holds: bool


@dataclass(frozen=True)
class Verdict:
    """What the runs say to the question of a lesson."""

    lesson: str
    answer: str | None
    """The choice that they prove right; None where none of them is."""
    findings: tuple[Finding, ...]
    """The claims of that choice as they turned out; where none is right, those of the expected one."""
    as_expected: bool
    """Whether it is the choice that the lesson expects: small runs have luck in them."""


def check(claim: Claim, runs: Runs) -> Finding | None:
    """Hold a claim against the runs; None where one of them is missing, or has no such figure."""
    value = figure_of(claim.figure, runs.get(claim.run, ()), claim.target)
    if isinstance(claim.than, str):
        other = figure_of(claim.than_figure, runs.get(claim.than, ()), claim.target)
    else:
        other = claim.than
    if value is None or other is None or math.isnan(value) or math.isnan(other):
        return None
    return Finding(claim, value, other, _holds(claim, value, other))


def verdict(lesson: Lesson, runs: Runs) -> Verdict | None:
    """What these runs say to the lesson's question; None while some that it takes are missing."""
    if any(not runs.get(run) for run in lesson.question.runs):
        return None
    of_each = {choice.id: [check(claim, runs) for claim in choice.claims] for choice in lesson.question.choices}
    right = [id for id, found in of_each.items() if all(each is not None and each.holds for each in found)]
    answer = right[0] if right else None
    told = of_each[answer or lesson.question.answer] or of_each[lesson.question.answer]
    findings = tuple(each for each in told if each is not None)
    return Verdict(lesson.id, answer, findings, answer == lesson.question.answer)


def findings_of(lesson: Lesson, id: str, runs: Runs) -> tuple[Finding, ...]:
    """What is to be seen in this variant, as far as the runs that it takes are there."""
    found = (check(claim, runs) for claim in lesson.variant(id).claims)
    return tuple(each for each in found if each is not None)


def words_of(finding: Finding, lesson: Lesson, language: str = "en", say: Callable[[Message], str] = str) -> Message:
    """A finding in words, whichever way it turned out: both figures, with the runs that have them.

    `say` puts the name of a figure into the words of that language.
    """
    claim = finding.claim
    figure, second = FIGURES[claim.figure], FIGURES[claim.than_figure]
    values = {
        "figure": say(figure.told(claim.target)), "value": _figure(finding.value, figure.percent),
        "run": text(lesson.label_of(claim.run), language),
    }  # fmt: skip
    if not isinstance(claim.than, str):
        return message("finding-one", "{figure}: {value} ({run})", **values)
    values |= {
        "other": _figure(finding.other, second.percent),
        "than": text(lesson.label_of(claim.than), language),
    }
    if claim.than_figure == claim.figure:
        return message("finding-two", "{figure}: {value} ({run}), {other} ({than})", **values)
    values["second"] = say(second.told(claim.target))
    return message("finding-both", "{figure}: {value} ({run}); {second}: {other} ({than})", **values)


def _holds(claim: Claim, value: float, other: float) -> bool:
    if claim.relation == "about":
        share = claim.factor - 1 if claim.factor > 1 else AT_LEAST
        return value == other or abs(value - other) <= share * max(abs(value), abs(other))
    bound = claim.factor * other
    return value < bound if claim.relation == "below" else value > bound


def _figure(value: float, percent: bool) -> str:
    if math.isinf(value):
        return NEVER
    if percent:
        return f"{value:.1%}"
    return f"{value:.3g}"
