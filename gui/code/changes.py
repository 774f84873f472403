"""Which lines of a text are new since another one."""

from __future__ import annotations

import difflib
from dataclasses import dataclass


@dataclass(frozen=True)
class Changes:
    """What became of a text, by the numbers of its lines, from 0."""

    new: tuple[int, ...] = ()
    """Lines that are new, or other than before."""
    gone: tuple[int, ...] = ()
    """Lines before which some are gone, and nothing has taken their place."""

    def __bool__(self) -> bool:
        return bool(self.new or self.gone)


def changes(before: str, after: str, start: int = 0) -> Changes:
    """What has changed from one text to another, from this line of the second on."""
    new: list[int] = []
    gone: list[int] = []
    matcher = difflib.SequenceMatcher(None, before.splitlines(), after.splitlines(), autojunk=False)
    for what, _, _, first, end in matcher.get_opcodes():
        if what == "delete":
            gone.append(first)
        elif what != "equal":
            new += range(first, end)
    return Changes(tuple(n for n in new if n >= start), tuple(n for n in gone if n >= start))


def spans(numbers: tuple[int, ...]) -> str:
    """Lines as a person counts them: `8, 61–63`."""
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][-1] + 1:
            found[-1] = [found[-1][0], number]
        else:
            found.append([number, number])
    return ", ".join(f"{a + 1}" if a == b else f"{a + 1}–{b + 1}" for a, b in found)
