"""What a person reads, as a value: a code, its English words, and the figures in it.

The engine never builds sentences. It hands out messages; the command line and the window put them
into words, in the reader's language, by their code.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.particles import PARTICLE, particle

MAX_LINE = 1_000
"""Characters of a line that is printed, at most: what a stranger wrote may be megabytes."""
_STEERING = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
"""Line breaks, and what makes a terminal do something else than show text."""
HALVES = re.compile(r"[\ud800-\udfff]")
"""Halves of characters, which no file or terminal takes: of a file name that is not text, or as JSON can hold them."""
_PLACE = re.compile(rf"\{{(\w+)(?::({PARTICLE}))?\}}")
"""Where a value goes in."""


def one_line(text: str, most: int = MAX_LINE) -> str:
    """A text, whoever wrote it, as one line that shows what it says and does nothing else."""
    line = HALVES.sub("\N{REPLACEMENT CHARACTER}", _STEERING.sub(" ", text)).rstrip()
    return line if len(line) <= most else line[: most - 1] + "…"


@dataclass(frozen=True)
class Message:
    """One thing to say.

    `code` names it for programs, `template` is the English words with `{name}` for each of `values`
    (numbers, strings, `Phrase`s and tuples only), and the key of their translations (`engine.language`).
    """

    code: str
    template: str
    values: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.fill(self.template)

    def fill(self, template: str) -> str:
        """A template, such as a translation of this message, with the values in their places.

        Not `str.format`: a template from a stranger's file must not reach into objects or ask for a huge width. A
        Korean particle may be asked for (`engine.particles`), and nothing else.
        """
        return _PLACE.sub(self._fill, template)

    def _fill(self, place: re.Match[str]) -> str:
        if place[1] not in self.values:
            return place[0]
        words = _words(self.values[place[1]])
        return words + particle(words, place[2]) if place[2] else words

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {"code": self.code, "template": self.template, "values": self.values}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Message:
        """From JSON."""
        return cls(str(data["code"]), str(data["template"]), dict(data["values"]))


def message(code: str, template: str, **values: Any) -> Message:
    """A `Message` with its values as keywords; a path becomes its text."""
    return Message(code, template, {name: str(v) if isinstance(v, Path) else v for name, v in values.items()})


class Phrase(str):
    """Words among the values of a message, or a label: English text to programs, said to a person in their language.

    In JSON they are their English, and stay that when they are read again.
    """

    told: Message

    def __new__(cls, told: Message, english: str | None = None) -> Phrase:
        """The words of a message; `english` where they stand otherwise in an English sentence."""
        phrase = super().__new__(cls, told if english is None else english)
        phrase.told = told
        return phrase

    def __reduce__(self) -> tuple[type[Phrase], tuple[Message, str]]:
        return Phrase, (self.told, str(self))


def phrase(code: str, template: str, **values: Any) -> Phrase:
    """A `Phrase`, with values of its own."""
    return Phrase(message(code, template, **values))


def listed(names: Sequence[str], name: str = "name") -> str:
    """Several as one text, with an "and" before the last; empty where there is none. `name` is what each value is."""
    if not names:
        return ""
    *some, last = (Phrase(message("listed", f"{{{name}}}", **{name: each})) for each in names)
    if not some:
        return last
    places = ", ".join(f"{{some{place}}}" for place in range(len(some)))
    first = Phrase(message("listed", places, **{f"some{place}": each for place, each in enumerate(some)}))
    return phrase("listed", "{some} and {last}", some=first, last=last)


class InputError(Exception):
    """What the user gave can't be used. Its message says what is wrong and how to mend it, in one line."""

    def __init__(self, code: str, template: str, **values: Any) -> None:
        self.message = message(code, template, **values)
        super().__init__(str(self.message))


def _words(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
