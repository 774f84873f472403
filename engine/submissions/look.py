"""What can be told of a submission without training: whether it is of this lesson, and whether its figures agree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from engine.config import RunConfig
from engine.history import EpochRow
from engine.lessons.lesson import Lesson
from engine.lessons.verdict import verdict
from engine.message import Message, message
from engine.submissions.submission import Submission, SubmittedRun, digest_of, with_settings

ACCURACIES = ("train_accuracy", "clean_train_accuracy", "val_accuracy")


class Remark(NamedTuple):
    """Something to know of a submission."""

    level: Literal["note", "doubt"]
    """A doubt: an honest submission has none of it."""
    text: Message


def remarks(submission: Submission, lesson: Lesson | None) -> list[Remark]:
    """What is to be known of a submission; `lesson` is the lesson of its id here, if there is one."""
    if lesson is None:
        text = message("lesson-not-here", "there is no lesson {id} here", id=submission.lesson)
        return [Remark("note", text), *(each for run in submission.runs for each in _figures(run))]
    return [*_of_lesson(submission, lesson), *_of_runs(submission, lesson)]


def _of_lesson(submission: Submission, lesson: Lesson) -> Iterator[Remark]:
    if submission.digest and submission.digest != digest_of(lesson):
        yield Remark("note", message("lesson-changed", "the lesson's text is another one here"))
    choices = {choice.id for choice in lesson.question.choices}
    if submission.guess is not None and submission.guess not in choices:
        yield Remark("doubt", message("guess-unknown", "the guess is none of the lesson's answers"))
    own = all(_is_variant(run, lesson) for run in submission.runs)
    if not own or any(not run.whole for run in submission.runs):
        return  # its runs are others, or not whole: what they say can't be worked out
    found = verdict(lesson, submission.epochs(lesson))
    answer = found.answer if found is not None else None
    if answer != submission.answer:
        yield Remark("doubt", message(
            "answer-otherwise", "by its own figures the runs say {answer}, and the file says {told}",
            answer=answer or "–", told=submission.answer or "–",
        ))  # fmt: skip
    if found is None:
        yield Remark("note", message("runs-missing", "not all runs that answer the question are there"))


def _of_runs(submission: Submission, lesson: Lesson) -> Iterator[Remark]:
    variants = {variant.id: variant for variant in lesson.variants}
    for run in submission.runs:
        variant = variants.get(run.id)
        if variant is None or not with_settings(run, variant.config):
            yield Remark("note", message("own-settings", "{run}: own settings, not those of the lesson", run=run.id))
        else:
            yield from _length(run, variant.config)
        yield from _figures(run)


def _is_variant(run: SubmittedRun, lesson: Lesson) -> bool:
    return any(run.id == each.id and with_settings(run, each.config) for each in lesson.variants)


def _length(run: SubmittedRun, config: RunConfig) -> Iterator[Remark]:
    """A run of the lesson is as long as its settings say; a stopping rule alone makes it shorter."""
    last = run.rows[-1].epoch
    if last > config.epochs or (last < config.epochs and not config.stoppings):
        yield Remark("doubt", message(
            "epochs-otherwise", "{run}: {last} epochs, where its settings give {epochs}",
            run=run.id, last=last, epochs=config.epochs,
        ))  # fmt: skip


def _figures(run: SubmittedRun) -> Iterator[Remark]:
    """Figures that can't be: a run's own are never so."""
    impossible = next((row.epoch for row in run.rows if _is_impossible(row)), None)
    if impossible is None and run.test_accuracy is not None and not 0 <= run.test_accuracy <= 1:
        impossible = run.rows[-1].epoch
    if impossible is not None:
        yield Remark("doubt", message(
            "figure-impossible", "{run}: epoch {epoch} holds a figure that can't be", run=run.id, epoch=impossible
        ))  # fmt: skip


def _is_impossible(row: EpochRow) -> bool:
    accuracies = [value for name in ACCURACIES if (value := getattr(row, name)) is not None]
    counts = (row.train_samples, row.train_seconds, row.val_seconds, *([row.lr] if row.lr is not None else []))
    return any(not 0 <= value <= 1 for value in accuracies) or any(value < 0 for value in counts)
