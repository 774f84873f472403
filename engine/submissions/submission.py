"""A submission: one file with what a student guessed, trained and concluded in a lesson.

It is data that anyone may have written: bounded, every value checked, nothing in it executed. Imports no PyTorch.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from engine.config import RunConfig
from engine.files import write_text
from engine.history import EpochRow, best_of, epoch_row
from engine.lessons.lesson import Lesson
from engine.lessons.verdict import verdict
from engine.message import InputError, one_line
from engine.reading import read_json, read_limited
from engine.run_records.record import RunRecord
from engine.sweeps.sweep import Standing, State, same_settings

FORMAT = 1
SUFFIX = ".tunedeck.json"
MAX_BYTES = 4_000_000
MAX_ROWS = 1_000
"""Epochs of a run in the file: of a longer run some are left out."""
MAX_RUNS = 9
"""A lesson's own settings and its eight variants."""
MAX_FILES = 1_000
"""So many are opened together."""
MAX_NAME = 80
MAX_CONCLUSION = 4_000
MAX_ENVIRONMENT = 100_000
MAX_SETTINGS = 40
"""Names of settings of a run."""
_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


@dataclass(frozen=True)
class Environment:
    """What a run ran on, as far as its figures may depend on it."""

    versions: tuple[tuple[str, str], ...] = ()
    device: str = ""
    threads: int = 0
    """0: not known."""


@dataclass(frozen=True)
class SubmittedRun:
    """A run of the lesson."""

    id: str
    """Of the variant."""
    settings: dict[str, Any]
    rows: tuple[EpochRow, ...]
    environment: Environment = Environment()
    test_loss: float | None = None
    test_accuracy: float | None = None

    @property
    def whole(self) -> bool:
        """Whether no epoch is left out."""
        return [row.epoch for row in self.rows] == list(range(1, len(self.rows) + 1))


@dataclass(frozen=True)
class Submission:
    """What a student hands in."""

    student: str
    lesson: str
    """Its id."""
    digest: str
    """Of the lesson's text as the student had it."""
    guess: str | None
    """The choice; None: the guess was skipped."""
    answer: str | None
    """What the runs say to the question; None: none of the choices, or not enough runs."""
    runs: tuple[SubmittedRun, ...]
    together: tuple[EpochRow, ...]
    """What runs came to together, where the lesson takes some so."""
    conclusion: str
    date: str
    """When it was made, to the second, as `2026-03-02T09:30:00`."""

    @property
    def right(self) -> bool | None:
        """Whether the guess was right; None where there was none, or the runs don't say."""
        return None if self.guess is None or self.answer is None else self.guess == self.answer

    def epochs(self, lesson: Lesson) -> dict[str, Sequence[EpochRow]]:
        """The epochs of each run by its id, as a verdict takes them."""
        found: dict[str, Sequence[EpochRow]] = {run.id: run.rows for run in self.runs}
        if lesson.together is not None and self.together:
            found[lesson.together.id] = self.together
        return found


# --- making one -----------------------------------------------------------------------------------


def make(
    lesson: Lesson, standings: Mapping[str, Standing], together: Sequence[EpochRow], *, student: str,
    guess: str | None, conclusion: str, now: datetime | None = None,
) -> Submission:  # fmt: skip
    """What a student has done in a lesson, from how its runs stand. Raises `InputError` where nothing is done yet."""
    name = one_line(student.strip(), MAX_NAME)
    if not name:
        raise InputError("submission-no-name", "write your name: a submission bears it")
    done = [
        (variant.id, each.record)
        for variant in lesson.variants
        if (each := standings.get(variant.id)) is not None and each.state is State.DONE and each.record is not None
    ]
    if not done:
        raise InputError("submission-no-run", "no run of this lesson is done yet: train one, then hand in")
    runs = tuple(_of_record(id, record) for id, record in done)
    rows: dict[str, Sequence[EpochRow]] = {id: record.rows for id, record in done}
    if lesson.together is not None and together:
        rows[lesson.together.id] = together
    found = verdict(lesson, rows)
    return Submission(
        student=name, lesson=lesson.id, digest=digest_of(lesson), guess=guess, answer=found.answer if found else None,
        runs=runs, together=tuple(together), conclusion=conclusion.strip()[:MAX_CONCLUSION],
        date=(now or datetime.now()).isoformat(timespec="seconds"),
    )  # fmt: skip


def digest_of(lesson: Lesson) -> str:
    """The digest of a lesson's text, by which a changed lesson is noticed; empty where it can't be read any more."""
    try:
        text = read_limited(lesson.path, MAX_BYTES).replace(b"\r\n", b"\n")
    except OSError:
        return ""
    return hashlib.sha256(text).hexdigest()[:16]


def name_of_file(submission: Submission) -> str:
    """What its file is called."""
    name = re.sub(r"[^\w-]+", "-", submission.student).strip("-_")[:40] or "submission"
    return f"{name}-{submission.lesson}{SUFFIX}"


def write_submission(path: Path, submission: Submission) -> None:
    """Write it, whole or not at all. Raises `InputError`."""
    try:
        write_text(path, json.dumps(to_dict(submission), ensure_ascii=False, separators=(",", ":")) + "\n")
    except (OSError, ValueError) as error:
        raise InputError(
            "cannot-write", "{path} can't be written: {reason}",
            path=path, reason=getattr(error, "strerror", None) or str(error),
        ) from None  # fmt: skip


def to_dict(submission: Submission) -> dict[str, Any]:
    """As the file holds it."""
    return {
        "format": FORMAT, "student": submission.student, "lesson": submission.lesson, "digest": submission.digest,
        "date": submission.date, "guess": submission.guess, "answer": submission.answer,
        "conclusion": submission.conclusion, "columns": list(EpochRow._fields),
        "together": [list(row) for row in submission.together],
        "runs": [
            {
                "id": run.id, "settings": run.settings, "device": run.environment.device,
                "threads": run.environment.threads, "versions": dict(run.environment.versions),
                "test_loss": run.test_loss, "test_accuracy": run.test_accuracy, "epochs": [list(r) for r in run.rows],
            }
            for run in submission.runs
        ],
    }  # fmt: skip


def _of_record(id: str, record: RunRecord) -> SubmittedRun:
    try:
        told = read_json(record.folder / "environment.json", MAX_ENVIRONMENT, links=False)
        environment = _environment(told)
    except (OSError, InputError, ValueError, TypeError, AttributeError):
        environment = Environment()
    return SubmittedRun(id, record.settings, thinned(record.rows), environment, record.test_loss, record.test_accuracy)


def thinned(rows: Sequence[EpochRow], most: int = MAX_ROWS) -> tuple[EpochRow, ...]:
    """No more than so many epochs, evenly spaced, with the first, the last and the best of them."""
    if len(rows) <= most:
        return tuple(rows)
    best = best_of(rows, "val_loss")
    room = most - 1
    kept = {round(place * (len(rows) - 1) / (room - 1)) for place in range(room)}
    if best is not None:
        kept.add(rows.index(best))
    return tuple(rows[place] for place in sorted(kept))


# --- reading one ----------------------------------------------------------------------------------


def read_submission(path: Path) -> Submission:
    """The submission in a file, whoever made it. Raises `InputError`, one line with its name, where it is none."""
    try:
        data = read_json(path, MAX_BYTES)
    except OSError as error:
        unread = InputError("no-submission", "it can't be read: {reason}", reason=error.strerror or str(error))
        raise _broken(path, unread) from None
    except ValueError:
        raise _broken(path, InputError("no-submission", "it is damaged, or another kind of file")) from None
    try:
        return from_dict(data)
    except InputError as error:
        raise _broken(path, error) from None
    except (ValueError, TypeError, OverflowError):
        raise _broken(path, InputError("no-submission", "a value in it is impossible")) from None


def submission_files(paths: Sequence[Path]) -> list[Path]:
    """The files that are meant: those named, and of a folder all in it that are called as submissions are."""
    found: list[Path] = []
    for path in paths:
        try:
            inside = sorted(each for each in path.iterdir() if each.name.endswith(SUFFIX)) if path.is_dir() else [path]
        except OSError:
            inside = [path]
        found += inside
    return list(dict.fromkeys(found))[:MAX_FILES]


def _broken(path: Path, error: InputError) -> InputError:
    """With the file's name before it."""
    told = error.message
    return InputError(told.code, "{path} is no submission: " + told.template, **{**told.values, "path": path.name})


def from_dict(data: Any) -> Submission:
    """A submission from what its file holds. Raises `InputError`, or an error of a value, where it is none."""
    if not isinstance(data, dict) or "student" not in data:
        raise InputError("no-submission", "it holds no name of a student")
    if data.get("format") != FORMAT or isinstance(data["format"], bool):
        raise InputError(
            "no-submission", "it is of another format than {known}: a newer Tunedeck may have made it", known=FORMAT
        )
    if data.get("columns") != list(EpochRow._fields):
        raise InputError("no-submission", "its columns are not those of a record")
    runs = _list(data, "runs", MAX_RUNS)
    if not runs:
        raise InputError("no-submission", "it holds no run")
    made = tuple(map(_run, runs))
    if len({run.id for run in made}) < len(made):
        raise InputError("no-submission", "it holds a run twice")
    name = one_line(_text(data, "student", MAX_NAME).strip(), MAX_NAME)
    if not name:
        raise InputError("no-submission", "it holds no name of a student")
    return Submission(
        student=name,
        lesson=_id(data.get("lesson"), "lesson"),
        digest=one_line(_text(data, "digest", 64)),
        guess=None if data.get("guess") is None else _id(data["guess"], "guess"),
        answer=None if data.get("answer") is None else _id(data["answer"], "answer"),
        runs=made,
        together=_rows(_list(data, "together", 1)),
        conclusion=_shown(_text(data, "conclusion", MAX_CONCLUSION)),
        date=datetime.fromisoformat(_text(data, "date", 40)).replace(tzinfo=None).isoformat(timespec="seconds"),
    )


def _run(data: Any) -> SubmittedRun:
    if not isinstance(data, dict):
        raise InputError("no-submission", "a run in it is none")
    settings = data.get("settings")
    if not isinstance(settings, dict) or len(settings) > MAX_SETTINGS:
        raise InputError("no-submission", "a run in it has no settings")
    rows = _rows(_list(data, "epochs", MAX_ROWS))
    if not rows:
        raise InputError("no-submission", "a run in it has no epochs")
    return SubmittedRun(
        _id(data.get("id"), "run"), settings, rows, _environment(data), _number(data.get("test_loss")),
        _number(data.get("test_accuracy")),
    )  # fmt: skip


def _rows(lines: list[Any]) -> tuple[EpochRow, ...]:
    rows: list[EpochRow] = []
    for line in lines:
        if not isinstance(line, list) or len(line) != len(EpochRow._fields):
            raise InputError("no-submission", "a line of a run has not as many figures as it should")
        row = epoch_row([_number(value) for value in line])
        if row.epoch < 1 or (rows and row.epoch <= rows[-1].epoch):
            raise InputError("no-submission", "the epochs of a run are not in their order")
        rows.append(row)
    return tuple(rows)


def _environment(data: Mapping[str, Any]) -> Environment:
    versions, threads, device = data.get("versions"), data.get("threads"), data.get("device")
    known = versions if isinstance(versions, dict) else {}
    return Environment(
        versions=tuple(
            (one_line(str(name), 40), one_line(str(value), 120))
            for name, value in list(known.items())[:20]
            if name != "executable"  # where a program lies on a student's machine is nobody's business
        ),
        device=one_line(device, 40) if isinstance(device, str) else "",
        threads=threads if type(threads) is int and 0 <= threads <= 4096 else 0,
    )


def _list(data: Mapping[str, Any], name: str, most: int) -> list[Any]:
    value = data.get(name)
    if not isinstance(value, list) or len(value) > most:
        raise InputError("no-submission", "{name} is no list of {most} at most", name=name, most=most)
    return value


def _text(data: Mapping[str, Any], name: str, most: int) -> str:
    value = data.get(name)
    if not isinstance(value, str) or len(value) > most:
        raise InputError("no-submission", "{name} is no text of {most} characters at most", name=name, most=most)
    return value


def _shown(text: str) -> str:
    """A text of several lines that does nothing but show what it says."""
    return "\n".join(one_line(line, MAX_CONCLUSION) for line in text.splitlines()).strip()


def _id(value: Any, name: str) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise InputError("no-submission", "{name} is not written as an id", name=name)
    return value


def _number(value: Any) -> float | None:
    """A finite figure, or None where there is none. Raises `InputError` for anything else."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < 1e300:
        raise InputError("no-submission", "a figure in it is no number")
    return float(value)


def with_settings(run: SubmittedRun, config: RunConfig) -> bool:
    """Whether a run says that it had these settings, apart from its seed and what it ran on."""
    free = {"seed": config.seed, "device": config.device}
    return same_settings({**run.settings, **free}, config.to_dict())


def seed_of(run: SubmittedRun) -> int | None:
    """The seed that it says it had; None where that is none."""
    seed = run.settings.get("seed")
    return seed if type(seed) is int and 0 <= seed < 2**32 else None


def latest(submissions: Sequence[Submission]) -> set[int]:
    """The places of those that no later one of the same student and lesson replaces."""
    newest: dict[tuple[str, str], int] = {}
    for place, each in enumerate(submissions):
        key = (each.student.casefold(), each.lesson)
        if key not in newest or each.date >= submissions[newest[key]].date:
            newest[key] = place
    return set(newest.values())
