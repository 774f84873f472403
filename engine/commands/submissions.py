"""`tunedeck submit` and `tunedeck submissions`: hand in what was done in a lesson; look at what was handed in."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from engine.catalogue import Catalogue
from engine.commands.lesson import guess_of
from engine.config import RunConfig
from engine.csv_file import table_file, write_table
from engine.data import Parts, Source, split
from engine.language import language, say, tr
from engine.lessons.lesson import Lesson, text
from engine.lessons.reading import find_lesson, read_lessons
from engine.lessons.together import members_of, together
from engine.message import Message
from engine.run_records.index import list_runs
from engine.submissions.outcome import Outcome, Replay, RunReplay, difference_words, outcome_words
from engine.submissions.pile import Opened, answer_words, open_pile, run_words, table_text
from engine.submissions.submission import make, name_of_file, write_submission
from engine.sweeps.sweep import standings
from engine.terminal.run_tables import terminal

DIFFERS = 1
"""The exit code where a figure came out otherwise, or a file could not be read."""


def submit(arguments: argparse.Namespace, catalogue: Catalogue, workspace: Path) -> tuple[int, dict[str, Any]]:
    """`tunedeck submit`."""
    lesson = find_lesson(arguments.lesson, workspace, catalogue)
    choice = guess_of(arguments.guess, lesson)
    stands = standings(lesson.members(), list_runs(workspace))
    found = {variant.id: each for variant, each in zip(lesson.variants, stands, strict=True)}

    def parts_of(config: RunConfig) -> Parts:
        return split(config.dataset.load(Source(workspace / "data")), config)

    folders = members_of(lesson, found)
    rows = together(folders, catalogue, parts_of) if folders else []
    made = make(
        lesson, found, rows, student=arguments.name, guess=choice.id if choice else None,
        conclusion=arguments.conclusion,
    )  # fmt: skip
    path = Path(arguments.output) if arguments.output else Path(name_of_file(made))
    write_submission(path, made)
    if not arguments.json:
        print(tr("{count} runs handed in: {path}").format(count=len(made.runs), path=path))
    return 0, {"file": str(path), "lesson": made.lesson, "runs": [run.id for run in made.runs], "answer": made.answer}


def submissions(arguments: argparse.Namespace, catalogue: Catalogue, workspace: Path) -> tuple[int, dict[str, Any]]:
    """`tunedeck submissions`."""
    table = table_file("--csv", arguments.csv)
    lessons = {lesson.id: lesson for lesson in read_lessons(workspace, catalogue)[0]}
    found, wrong = open_pile([Path(name) for name in arguments.file], lessons)
    for error in wrong:
        print(f"tunedeck: {say(error)}", file=sys.stderr)
    if arguments.replay:
        found = [_replayed(each, lessons, catalogue, workspace) for each in found]
    if not arguments.json:
        for each in found:
            _print(each, lessons.get(each.submission.lesson))
        if len(found) > 1:
            _print_sum(found)
    if table is not None:
        write_table(table, table_text(found))
    failed = bool(wrong) or any(each.replay is not None and _is_doubted(each.replay) for each in found)
    return (DIFFERS if failed else 0), {
        "submissions": [_to_dict(each) for each in found], "wrong": [str(error) for error in wrong],
    }  # fmt: skip


def _replayed(opened: Opened, lessons: Mapping[str, Lesson], catalogue: Catalogue, workspace: Path) -> Opened:
    from engine.submissions.replay import replay

    told: list[str] = []

    def report(text: Message, done: float | None) -> None:
        if told != [line := say(text)]:
            told[:] = [line]
            print(line, file=sys.stderr, flush=True)

    lesson = lessons.get(opened.submission.lesson)
    found = replay(opened.submission, lesson, catalogue, workspace / "data", report)
    return Opened(opened.path, opened.submission, opened.remarks, opened.latest, found)


def _is_doubted(found: Replay) -> bool:
    return found.outcome is Outcome.DIFFERS


# --- for people -----------------------------------------------------------------------------------


def _print(each: Opened, lesson: Lesson | None) -> None:
    console, made = terminal(), each.submission
    title = text(lesson.title, language()) if lesson is not None else made.lesson
    console.print(f"{made.student}: {title} ({each.path.name})", style="bold", highlight=False, markup=False)
    right = {True: tr("right"), False: tr("otherwise"), None: tr("not told")}[made.right]
    lines: list[str] = []
    lines.append(tr("guess “{guess}”, the runs say “{answer}”: {right}").format(
        guess=answer_words(made.guess, lesson, language()), answer=answer_words(made.answer, lesson, language()),
        right=right,
    ))  # fmt: skip
    if not each.latest:
        lines.append(tr("a later one of the same student is there"))
    lines += [say(remark.text) for remark in each.remarks]
    if made.conclusion:
        lines.append(f"“{made.conclusion}”")
    lines += [_outcome(run, lesson) for run in each.replay.runs] if each.replay is not None else []
    for line in lines:
        console.print(f"  {line}", highlight=False, markup=False)


def _print_sum(found: Sequence[Opened]) -> None:
    counted = [each for each in found if each.latest]
    right = sum(each.submission.right is True for each in counted)
    told = tr("{count} submissions, {right} guessed right.").format(count=len(counted), right=right)
    terminal().print(told, style="bold", highlight=False, markup=False)


def _outcome(run: RunReplay, lesson: Lesson | None) -> str:
    details = difference_words(run)
    return f"{run_words(run.id, lesson, language())}: {outcome_words(run)}" + (f"; {details}" if details else "")


# --- as JSON --------------------------------------------------------------------------------------


def _to_dict(each: Opened) -> dict[str, Any]:
    made, found = each.submission, each.replay
    return {
        "file": str(each.path), "student": made.student, "lesson": made.lesson, "date": made.date,
        "latest": each.latest, "guess": made.guess, "answer": made.answer, "right": made.right,
        "runs": [run.id for run in made.runs], "conclusion": made.conclusion,
        "remarks": [{"level": remark.level, "text": remark.text.to_dict()} for remark in each.remarks],
        "replay": None if found is None else found.to_dict(),
    }  # fmt: skip
