"""What a person reads, as a value: a code, its English words, and the figures in it.

The engine never builds sentences. It hands out messages; the command line and the window put them
into words, in the reader's language, by their code.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Message:
    """One thing to say.

    `code` is the key of a translation, `template` the English words with `{name}` for each of `values`
    (numbers, strings and tuples only).
    """

    code: str
    template: str
    values: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.fill(self.template)

    def fill(self, template: str) -> str:
        """A template, such as a translation of this message, with the values in their places.

        Not `str.format`: a template from a stranger's file must not reach into objects or ask for a huge width.
        """
        return re.sub(r"\{(\w+)\}", lambda match: _words(self.values.get(match[1], match[0])), template)

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


class InputError(Exception):
    """What the user gave can't be used. Its message says what is wrong and how to mend it, in one line."""

    def __init__(self, code: str, template: str, **values: Any) -> None:
        self.message = message(code, template, **values)
        super().__init__(str(self.message))


def _words(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
