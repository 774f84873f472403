"""What the dock of lessons says."""

from __future__ import annotations

from enum import Enum, auto

from PySide6.QtCore import QCoreApplication

from engine.language import language, spoken
from engine.lessons.lesson import Lesson, Words, text
from engine.lessons.verdict import Finding, Guess, Verdict, words_of
from gui import numbers
from gui.words import say


class Stand(Enum):
    """How a run of a lesson stands."""

    MISSING = auto()
    WAITS = auto()
    TRAINS = auto()
    LEFT = auto()
    """It was stopped, and can go on."""
    FAILED = auto()
    DONE = auto()


@spoken
def of(words: Words) -> str:
    """A text of a lesson in the window's language."""
    return text(words, language())


@spoken
def paragraphs(lesson: Lesson) -> str:
    """What is read before the question."""
    return "\n\n".join(text(words, language()) for words in lesson.paragraphs)


@spoken
def look_at(lesson: Lesson) -> str:
    """What to look at, a line each."""
    return "\n".join(f"• {text(words, language())}" for words in lesson.look_at)


@spoken
def numbered(lesson: Lesson) -> str:
    """A lesson as the list has it."""
    title = text(lesson.title, language())
    if not lesson.number:
        return title
    return _tr("{number}. {title}").format(number=lesson.number, title=title)


def standing(stand: Stand) -> str:
    """How a run stands, in a word or two; empty where it is only missing."""
    return {
        Stand.MISSING: "",
        Stand.WAITS: _tr("waits"),
        Stand.TRAINS: _tr("trains"),
        Stand.LEFT: _tr("was stopped"),
        Stand.FAILED: _tr("failed"),
        Stand.DONE: _tr("done"),
    }[stand]


@spoken
def findings(found: tuple[Finding, ...], lesson: Lesson) -> str:
    """Findings, a line each, with a sign for how each came out."""
    return "\n".join(_finding(each, lesson) for each in found)


def _finding(found: Finding, lesson: Lesson) -> str:
    said = say(words_of(found, lesson, language(), say))
    template = _tr("✓ {finding}") if found.holds else _tr("✗ {finding}: not as expected")
    return template.format(finding=said)


@spoken
def verdict(lesson: Lesson, found: Verdict, guess: Guess | None) -> str:
    """What the runs say to the question, and to the guess."""
    answers = {choice.id: text(choice.text, language()) for choice in lesson.question.choices}
    if found.answer is None:
        lines = [_tr("The runs say: none of these answers.")]
    else:
        lines = [_tr("The runs say: {answer}.").format(answer=answers[found.answer].rstrip("."))]
    if guess is not None and guess.choice in answers:
        given = answers[guess.choice].rstrip(".")
        template = (
            _tr("Your guess: {guess}. You were right.")
            if guess.choice == found.answer
            else _tr("Your guess: {guess}. It came out otherwise.")
        )
        lines.append(template.format(guess=given))
    if not found.as_expected:
        lines.append(_tr("That is not what is expected: in small runs there is luck. Another seed may say otherwise."))
    return "\n".join([*lines, *(_finding(each, lesson) for each in found.findings)])


def held(count: tuple[int, int] | None) -> str:
    """How often the claims of a lesson held, where that is known."""
    if count is None:
        return ""
    return _tr("As the lesson says with {held} of {seeds} seeds. The grey band holds nine in ten runs.").format(
        held=numbers.count(count[0]), seeds=numbers.count(count[1])
    )


def _tr(text: str) -> str:
    return QCoreApplication.translate("Lessons", text)
