"""`tunedeck lesson`: the lessons, and one of them from its question to its verdict, in the terminal."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.catalogue import Catalogue
from engine.config import RunConfig
from engine.data import Parts, Source, split
from engine.history import EpochRow
from engine.language import language, say, tr
from engine.lessons.band import band_file as band_of
from engine.lessons.band import bands_of, read_count, write_bands
from engine.lessons.lesson import Choice, Lesson, Words, text
from engine.lessons.reading import find_lesson, read_lessons
from engine.lessons.together import members_of, together
from engine.lessons.verdict import Finding, Verdict, findings_of, verdict, words_of
from engine.message import InputError
from engine.sweeps.sweep import Standing, State
from engine.terminal.run_tables import terminal
from engine.terminal.sweep import conclude, done_already, train_sweep

MAX_SEEDS = 100
Runs = dict[str, Sequence[EpochRow]]


def run(arguments: argparse.Namespace, catalogue: Catalogue, workspace: Path) -> tuple[int, dict[str, Any]]:
    """`tunedeck lesson`."""
    if arguments.lesson is None:
        return _list(arguments, catalogue, workspace)
    lesson = find_lesson(arguments.lesson, workspace, catalogue)
    guess = guess_of(arguments.guess, lesson)
    if not 1 <= arguments.seeds <= MAX_SEEDS:
        raise InputError("lesson-seeds", "--seeds is a number from 1 to {most}", most=MAX_SEEDS)
    speaks = _Speech(language())
    if not arguments.json:
        speaks.introduce(lesson)
    code, runs, found = _train(lesson, arguments.seeds, catalogue, workspace)
    code = conclude(code, found)
    told = [_Told(lesson, each) for each in runs]
    if not arguments.json:
        speaks.conclude(lesson, told, guess)
    if arguments.write_band and all(each.whole for each in told):
        _write_band(Path(arguments.write_band), lesson, runs, told)
    return code, _to_dict(lesson, told, guess, found)


class _Told:
    """What the runs of one seed said."""

    def __init__(self, lesson: Lesson, runs: Runs) -> None:
        self.runs = runs
        self.whole = all(variant.id in runs for variant in lesson.variants)
        self.verdict: Verdict | None = verdict(lesson, runs)
        self.shown = {each.id: findings_of(lesson, each.id, runs) for each in lesson.variants}

    @property
    def holds(self) -> bool:
        """Whether all came out as the lesson says."""
        expected = self.verdict is not None and self.verdict.as_expected
        return expected and all(finding.holds for each in self.shown.values() for finding in each)


def _train(lesson: Lesson, seeds: int, catalogue: Catalogue, workspace: Path) -> tuple[int, list[Runs], list[Standing]]:
    """Train what is not done yet, seed by seed; of each seed the epochs of the runs that are done."""
    first = lesson.base.config.seed
    members = [member for seed in range(first, first + seeds) for member in lesson.members(seed, language())]
    told = tr("{count} runs{already}").format(count=len(members), already=done_already(members, workspace))
    print(told, file=sys.stderr)
    code, found = train_sweep(members, catalogue, workspace)
    size = len(lesson.variants)

    def parts_of(config: RunConfig) -> Parts:
        return split(config.dataset.load(Source(workspace / "data")), config)

    runs: list[Runs] = []
    for begin in range(0, len(found), size):
        standings = {v.id: each for v, each in zip(lesson.variants, found[begin : begin + size], strict=True)}
        of_seed: Runs = {
            id: each.record.rows
            for id, each in standings.items() if each.state is State.DONE and each.record is not None
        }  # fmt: skip
        folders = members_of(lesson, standings)
        if lesson.together is not None and folders:
            of_seed[lesson.together.id] = together(folders, catalogue, parts_of)
        runs.append(of_seed)
    return code, runs, found


def guess_of(given: str | None, lesson: Lesson) -> Choice | None:
    """The choice of this id, or of this number counted from 1; None: none is given. Raises `InputError`."""
    if given is None:
        return None
    choices = lesson.question.choices
    for number, choice in enumerate(choices, 1):
        if given in (choice.id, str(number)):
            return choice
    raise InputError(
        "no-such-choice", "the lesson {lesson} has no answer {guess}: give one of {known}",
        lesson=lesson.id, guess=repr(given)[:60], known=", ".join(choice.id for choice in choices),
    )  # fmt: skip


def _write_band(path: Path, lesson: Lesson, runs: list[Runs], told: list[_Told]) -> None:
    bands = bands_of({variant.id: [each[variant.id] for each in runs] for variant in lesson.variants})
    try:
        write_bands(path, lesson, bands, len(runs), sum(each.holds for each in told))
    except OSError as error:
        raise InputError(
            "cannot-write", "{path} can't be written: {reason}", path=path, reason=error.strerror or str(error)
        ) from None


# --- for people -----------------------------------------------------------------------------------


class _Speech:
    """Prints a lesson in one language."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._console = terminal()

    def introduce(self, lesson: Lesson) -> None:
        """What is to be read before the runs."""
        self._say(f"{lesson.number}. {self._of(lesson.title)}\n", style="bold")
        for paragraph in lesson.paragraphs:
            self._say(self._of(paragraph) + "\n")
        self._say(self._of(lesson.question.text), style="bold")
        for number, choice in enumerate(lesson.question.choices, 1):
            self._say(f"  {number}. {self._of(choice.text)}")
        self._say("")

    def conclude(self, lesson: Lesson, told: list[_Told], guess: Choice | None) -> None:
        """What the runs said, and what to look at."""
        for seed, each in enumerate(told, lesson.base.config.seed):
            if len(told) > 1:
                self._say(tr("seed {seed}").format(seed=seed), style="bold")
            for variant in lesson.variants:
                self._findings(lesson, each.shown[variant.id])
            if each.verdict is not None:
                self._verdict(lesson, each.verdict, guess)
        if len(told) > 1:
            held = sum(each.holds for each in told)
            self._say(tr("As the lesson says with {held} of {seeds} seeds.").format(held=held, seeds=len(told)) + "\n")
        for words in lesson.look_at:
            self._say(f"• {self._of(words)}")
        if lesson.further is not None:
            command = f"`tunedeck train --recipe {lesson.further.recipe}`"
            self._say(f"{self._of(lesson.further.label)}: {command}")
        if lesson.correction is not None:
            self._say("\n" + self._of(lesson.correction))

    def _findings(self, lesson: Lesson, findings: Sequence[Finding]) -> None:
        for finding in findings:
            self._say(f"  {'✓' if finding.holds else '✗'} {say(words_of(finding, lesson, self._language, say))}")

    def _verdict(self, lesson: Lesson, found: Verdict, guess: Choice | None) -> None:
        self._findings(lesson, found.findings)
        answers = {choice.id: self._of(choice.text) for choice in lesson.question.choices}
        if found.answer is None:
            self._say(tr("The runs say: none of these answers."), style="bold")
        else:
            said = tr("The runs say: {answer}.").format(answer=answers[found.answer].rstrip("."))
            self._say(said, style="bold")
        if guess is not None:
            right = guess.id == found.answer
            template = (
                tr("Your guess: {guess}. You were right.")
                if right
                else tr("Your guess: {guess}. It came out otherwise.")
            )
            self._say(template.format(guess=answers[guess.id].rstrip(".")))
        if not found.as_expected:
            self._say(tr("That is not what is expected: in small runs there is luck. Another seed may say otherwise."))
        self._say("")

    def _of(self, words: Words) -> str:
        return text(words, self._language)

    def _say(self, line: str, style: str | None = None) -> None:
        self._console.print(line, highlight=False, markup=False, style=style)


def _list(arguments: argparse.Namespace, catalogue: Catalogue, workspace: Path) -> tuple[int, dict[str, Any]]:
    lessons, wrong = read_lessons(workspace, catalogue)
    if not arguments.json:
        console = terminal()
        for lesson in lessons:
            title = text(lesson.title, language())
            console.print(f"{lesson.number:>3}  {lesson.id:24} {title}", highlight=False, markup=False)
        hint = tr("`tunedeck lesson ID` trains one and says what came of it.")
        console.print(f"\n{hint}", highlight=False, markup=False, style="dim")
    for error in wrong:
        print(f"tunedeck: {say(error.message)}", file=sys.stderr)
    listed = [
        {"id": each.id, "number": each.number, "title": dict(each.title.by_language), "file": str(each.path),
         "runs": len(each.variants), "held": read_count(band_of(each))}
        for each in lessons
    ]  # fmt: skip
    return 0, {"lessons": listed, "wrong": [str(error) for error in wrong]}


# --- as JSON --------------------------------------------------------------------------------------


def _to_dict(lesson: Lesson, told: list[_Told], guess: Choice | None, found: list[Standing]) -> dict[str, Any]:
    seeds = []
    for seed, each in enumerate(told, lesson.base.config.seed):
        verdict = each.verdict
        seeds.append({
            "seed": seed, "answer": verdict.answer if verdict else None, "holds": each.holds if each.whole else None,
            "findings": [_finding(one) for one in (verdict.findings if verdict else ())],
            "shows": {id: [_finding(one) for one in findings] for id, findings in each.shown.items() if findings},
        })  # fmt: skip
    names = [member.label for member in lesson.members()] * len(told)
    return {
        "lesson": lesson.id, "guess": guess.id if guess else None, "expected": lesson.question.answer,
        "held": sum(each.holds for each in told), "seeds": seeds,
        "runs": [_run(each, name) for each, name in zip(found, names, strict=True)],
    }  # fmt: skip


def _run(standing: Standing, name: str) -> dict[str, Any]:
    record = standing.record
    return {
        "run": name, "state": str(standing.state),
        "folder": str(record.folder) if record else None, "seconds": record.seconds if record else None,
    }  # fmt: skip


def _finding(finding: Finding) -> dict[str, Any]:
    claim = finding.claim

    def plain(value: float) -> float | None:
        return value if abs(value) != float("inf") else None

    return {
        "run": claim.run, "figure": claim.figure, "is": claim.relation, "than": claim.than, "factor": claim.factor,
        "value": plain(finding.value), "other": plain(finding.other), "holds": finding.holds,
    }  # fmt: skip
