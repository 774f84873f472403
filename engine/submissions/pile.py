"""Submissions that are opened together: which can be read, what is to be known of each, and the table of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.lessons.lesson import Lesson, text
from engine.message import InputError, Message, message
from engine.submissions.look import Remark, remarks
from engine.submissions.outcome import Replay
from engine.submissions.submission import SUFFIX, Submission, latest, read_submission, submission_files

COLUMNS = (
    "file", "student", "lesson", "date", "latest", "guess", "answer", "right", "runs", "doubts", "replay", "conclusion",
)  # fmt: skip
"""Of the table for the mark book."""
UTF_8_MARK = "\ufeff"


@dataclass(frozen=True)
class Opened:
    """A submission with its file."""

    path: Path
    submission: Submission
    remarks: tuple[Remark, ...]
    latest: bool
    """Whether no later one of the same student and lesson is there."""
    replay: Replay | None = None


def open_pile(paths: Sequence[Path], lessons: Mapping[str, Lesson]) -> tuple[list[Opened], list[Message]]:
    """The submissions in these files and folders, and what is wrong with those that can't be read."""
    found = []
    wrong = [
        message("no-submissions", "no submission lies in {path}: their names end in {suffix}", path=path, suffix=SUFFIX)
        for path in paths
        if path.is_dir() and not submission_files([path])
    ]
    for path in submission_files(paths):
        try:
            found.append((path, read_submission(path)))
        except InputError as error:
            wrong.append(error.message)
    newest = latest([each for _, each in found])
    return [
        Opened(path, each, tuple(remarks(each, lessons.get(each.lesson))), place in newest)
        for place, (path, each) in enumerate(found)
    ], wrong


def answer_words(id: str | None, lesson: Lesson | None, language: str) -> str:
    """An answer as the lesson words it; its id where the lesson is not here, a dash where there is none."""
    found = next((each for each in lesson.question.choices if each.id == id), None) if lesson is not None else None
    return text(found.text, language).rstrip(".") if found is not None else id or "–"


def run_words(id: str, lesson: Lesson | None, language: str) -> str:
    """What a run is called in the lesson; its id where the lesson is not here, or has no such run."""
    found = next((each for each in lesson.variants if each.id == id), None) if lesson is not None else None
    return text(found.label, language) if found is not None else id


def table_text(pile: Sequence[Opened]) -> str:
    """A table for the mark book as CSV. What a spreadsheet would take for a formula is quoted: a stranger wrote it.

    It begins with the mark of UTF-8, without which Excel would read names in Hangul as something else.
    """
    out = io.StringIO()
    out.write(UTF_8_MARK)
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for each in pile:
        writer.writerow([_harmless(value) for value in _row(each).values()])
    return out.getvalue()


def _row(each: Opened) -> dict[str, Any]:
    made = each.submission
    return {
        "file": each.path.name, "student": made.student, "lesson": made.lesson, "date": made.date,
        "latest": "yes" if each.latest else "no", "guess": made.guess or "", "answer": made.answer or "",
        "right": {True: "yes", False: "no", None: ""}[made.right], "runs": len(made.runs),
        "doubts": "; ".join(str(remark.text) for remark in each.remarks if remark.level == "doubt"),
        "replay": each.replay.outcome.name.lower() if each.replay is not None else "", "conclusion": made.conclusion,
    }  # fmt: skip


def _harmless(value: Any) -> str:
    told = str(value)
    return f"'{told}" if told[:1] in ("=", "+", "-", "@", "\t") else told
