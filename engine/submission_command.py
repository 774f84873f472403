"""`tunedeck submit` and `tunedeck submissions`: hand in what was done in a lesson; look at what was handed in."""

from __future__ import annotations

import argparse
import csv
import io
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.catalogue import Catalogue
from engine.config import RunConfig
from engine.csv_file import table_file, write_table
from engine.data import Parts, Source, split
from engine.language import language, say, tr
from engine.lesson import Lesson, find_lesson, read_lessons, text
from engine.lesson_command import guess_of
from engine.lesson_together import members_of, together
from engine.message import InputError, Message
from engine.run_index import list_runs
from engine.run_tables import terminal
from engine.submission import (
    Submission,
    latest,
    make,
    name_of_file,
    read_submission,
    submission_files,
    write_submission,
)
from engine.submission_look import Remark, remarks
from engine.sweep import standings

if TYPE_CHECKING:
    from engine.submission_replay import Replay, RunReplay

DIFFERS = 1
"""The exit code where a figure came out otherwise, or a file could not be read."""
COLUMNS = ("file", "student", "lesson", "date", "latest", "guess", "answer", "right", "runs", "doubts", "replay",
           "conclusion")  # fmt: skip
"""Of the table for the mark book."""


@dataclass(frozen=True)
class _Opened:
    path: Path
    submission: Submission
    remarks: list[Remark]
    latest: bool
    replay: Replay | None = None


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
    found, wrong = _open([Path(name) for name in arguments.file], lessons)
    for error in wrong:
        print(f"tunedeck: {say(error)}", file=sys.stderr)
    if arguments.replay:
        found = [_replayed(each, lessons, catalogue, workspace) for each in found]
    if not arguments.json:
        for each in found:
            _print(each, lessons.get(each.submission.lesson))
    if table is not None:
        write_table(table, table_text([_row(each) for each in found]))
    failed = bool(wrong) or any(each.replay is not None and _is_doubted(each.replay) for each in found)
    return (DIFFERS if failed else 0), {
        "submissions": [_to_dict(each) for each in found], "wrong": [str(error) for error in wrong],
    }  # fmt: skip


def table_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """A table for the mark book as CSV. What a spreadsheet would take for a formula is quoted: a stranger wrote it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([_harmless(row.get(name, "")) for name in COLUMNS])
    return out.getvalue()


def _harmless(value: Any) -> str:
    told = str(value)
    return f"'{told}" if told[:1] in ("=", "+", "-", "@", "\t") else told


def _open(names: Sequence[Path], lessons: Mapping[str, Lesson]) -> tuple[list[_Opened], list[Message]]:
    found, wrong = [], []
    for path in submission_files(names):
        try:
            found.append((path, read_submission(path)))
        except InputError as error:
            wrong.append(error.message)
    newest = latest([each for _, each in found])
    return [
        _Opened(path, each, remarks(each, lessons.get(each.lesson)), place in newest)
        for place, (path, each) in enumerate(found)
    ], wrong


def _replayed(opened: _Opened, lessons: Mapping[str, Lesson], catalogue: Catalogue, workspace: Path) -> _Opened:
    from engine.submission_replay import replay

    told: list[str] = []

    def report(text: Message, done: float | None) -> None:
        if told != [line := say(text)]:
            told[:] = [line]
            print(line, file=sys.stderr, flush=True)

    lesson = lessons.get(opened.submission.lesson)
    found = replay(opened.submission, lesson, catalogue, workspace / "data", report)
    return _Opened(opened.path, opened.submission, opened.remarks, opened.latest, found)


def _is_doubted(found: Replay) -> bool:
    return found.outcome.name == "DIFFERS"


# --- for people -----------------------------------------------------------------------------------


def _print(each: _Opened, lesson: Lesson | None) -> None:
    console, made = terminal(), each.submission
    title = text(lesson.title, language()) if lesson is not None else made.lesson
    console.print(f"{made.student}: {title} ({each.path.name})", style="bold", highlight=False, markup=False)
    right = {True: tr("right"), False: tr("otherwise"), None: tr("not told")}[made.right]
    lines: list[str] = []
    lines.append(tr("guess {guess}, the runs say {answer}: {right}").format(
        guess=made.guess or "–", answer=made.answer or "–", right=right
    ))  # fmt: skip
    if not each.latest:
        lines.append(tr("a later one of the same student is there"))
    lines += [say(remark.text) for remark in each.remarks]
    if made.conclusion:
        lines.append(f"“{made.conclusion}”")
    lines += [_outcome(run) for run in each.replay.runs] if each.replay is not None else []
    for line in lines:
        console.print(f"  {line}", highlight=False, markup=False)


def _outcome(run: RunReplay) -> str:
    told = outcome_words(run)
    details = [
        f"{each.figure} {_figure(each.told)} → {_figure(each.found)}" + (f" ({each.epoch})" if each.epoch else "")
        for each in run.differences
    ]
    return f"{run.id}: {told}" + ("; " + ", ".join(details) if details else "")


def outcome_words(run: RunReplay) -> str:
    """What came of training a run again, in a line."""
    if run.reason is not None:
        return say(run.reason)
    if run.outcome.name == "PARTED":
        return tr("the same up to epoch {epoch}; after it only coarsely comparable").format(epoch=(run.parted or 1) - 1)
    if run.outcome.name == "DIFFERS":
        return tr("{count} figures came out otherwise").format(count=run.count)
    return tr("the same to the last bit") if run.outcome.name == "EXACT" else tr("the same but for rounding")


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.6g}"


# --- as JSON, and as a row ------------------------------------------------------------------------


def _row(each: _Opened) -> dict[str, Any]:
    made = each.submission
    return {
        "file": each.path.name, "student": made.student, "lesson": made.lesson, "date": made.date,
        "latest": "yes" if each.latest else "no", "guess": made.guess or "", "answer": made.answer or "",
        "right": {True: "yes", False: "no", None: ""}[made.right], "runs": len(made.runs),
        "doubts": "; ".join(str(remark.text) for remark in each.remarks if remark.level == "doubt"),
        "replay": each.replay.outcome.name.lower() if each.replay is not None else "", "conclusion": made.conclusion,
    }  # fmt: skip


def _to_dict(each: _Opened) -> dict[str, Any]:
    made, found = each.submission, each.replay
    return {
        "file": str(each.path), "student": made.student, "lesson": made.lesson, "date": made.date,
        "latest": each.latest, "guess": made.guess, "answer": made.answer, "right": made.right,
        "runs": [run.id for run in made.runs], "conclusion": made.conclusion,
        "remarks": [{"level": remark.level, "text": remark.text.to_dict()} for remark in each.remarks],
        "replay": None if found is None else {
            "outcome": found.outcome.name.lower(), "answer": found.answer,
            "runs": [_replay_to_dict(run) for run in found.runs],
        },
    }  # fmt: skip


def _replay_to_dict(run: RunReplay) -> dict[str, Any]:
    return {
        "run": run.id, "outcome": run.outcome.name.lower(), "parted": run.parted, "count": run.count,
        "reason": run.reason.to_dict() if run.reason else None,
        "differences": [
            {"figure": e.figure, "epoch": e.epoch, "told": e.told, "found": e.found} for e in run.differences
        ],
    }  # fmt: skip
