"""What the window of submissions says."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from engine.language import language, spoken
from engine.lessons.lesson import Lesson, text
from engine.submissions.outcome import Outcome, Replay, difference_words, outcome_words
from engine.submissions.pile import Opened, answer_words, run_words
from gui import numbers
from gui.words import say


def _tr(words: str) -> str:
    return QCoreApplication.translate("Submissions", words)


def choice(id: str | None, lesson: Lesson | None) -> str:
    """A choice in words; its id where the lesson is not here."""
    return answer_words(id, lesson, language())


def right(each: Opened) -> str:
    """Whether the guess was right."""
    return {True: _tr("right"), False: _tr("otherwise"), None: "–"}[each.submission.right]


def title(each: Opened, lesson: Lesson | None) -> str:
    """What the lesson is called."""
    return text(lesson.title, language()) if lesson is not None else each.submission.lesson


def name(each: Opened) -> str:
    """The student, with a word where a later one is there."""
    student = each.submission.student
    return student if each.latest else _tr("{student} (a later one is there)").format(student=student)


def check(each: Opened, *, trains: bool, waits: bool) -> str:
    """How far it is checked, in a word or two."""
    if trains:
        return _tr("is trained again…")
    if waits:
        return _tr("waits")
    if each.replay is not None:
        return outcome(each.replay)
    doubts = sum(remark.level == "doubt" for remark in each.remarks)
    if doubts:
        return _tr("{count} doubts").format(count=numbers.count(doubts))
    return _tr("looks right")


def outcome(replay: Replay) -> str:
    """What training it again came to."""
    return {
        Outcome.EXACT: _tr("✓ the same"),
        Outcome.CLOSE: _tr("✓ but for rounding"),
        Outcome.PARTED: _tr("coarsely the same"),
        Outcome.DIFFERS: _tr("✗ other figures"),
        Outcome.REFUSED: _tr("not trained again"),
    }[replay.outcome]


@spoken
def details(each: Opened, lesson: Lesson | None) -> str:
    """All that is known of one, in lines."""
    made = each.submission
    lines = [
        _tr("{student}, {date}, {file}").format(
            student=made.student, date=made.date.replace("T", " "), file=each.path.name
        ),
        _tr("Guess: {guess}").format(guess=choice(made.guess, lesson)),
        _tr("The runs say: {answer}").format(answer=choice(made.answer, lesson)),
    ]
    lines += ["", made.conclusion or _tr("No conclusion was written."), ""]
    lines += [f"• {say(remark.text)}" for remark in each.remarks]
    for run in each.replay.runs if each.replay is not None else ():
        differences = difference_words(run)
        lines.append(
            f"• {run_words(run.id, lesson, language())}: {outcome_words(run)}"
            + (f"; {differences}" if differences else "")
        )
    return "\n".join(lines).strip()
