"""The help of the command line in the reader's language; also of `argparse` itself.

Imports neither PyTorch nor Qt, so that `--help` answers at once.
"""

from __future__ import annotations

import argparse
import textwrap
import unicodedata
from collections.abc import Iterable

from engine.language import tr


class HelpFormatter(argparse.HelpFormatter):
    """Breaks lines by the room that they take: a letter of Hangul is as wide as two others."""

    def add_usage(
        self, usage: str | None, actions: Iterable[argparse.Action],
        groups: Iterable[argparse._MutuallyExclusiveGroup], prefix: str | None = None,
    ) -> None:  # fmt: skip
        """As in its base class."""
        super().add_usage(usage, actions, groups, tr("usage: ") if prefix is None else prefix)

    def _split_lines(self, text: str, width: int) -> list[str]:
        return _wrapped(text, width)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n".join(indent + line for line in _wrapped(text, width - len(indent)))


class AsItStands(HelpFormatter):
    """Leaves the lines of descriptions as they are, but where they are too long."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        lines = (line for each in text.splitlines() for line in ([each] if each[:1] == " " else _wrapped(each, width)))
        return "\n".join(indent + line for line in lines)


def translate(parser: argparse.ArgumentParser) -> None:
    """Say the help of a parser, and of those below it, in the present language."""
    parser.description = _tr(parser.description)
    parser.epilog = _tr(parser.epilog)
    for group in parser._action_groups:
        group.title, group.description = _tr(group.title), _tr(group.description)
    for action in parser._actions:
        _translate_action(action)
        if isinstance(action, argparse._SubParsersAction):
            for verb in action._choices_actions:
                _translate_action(verb)
            for below in action.choices.values():
                translate(below)


def _translate_action(action: argparse.Action) -> None:
    if action.help != argparse.SUPPRESS:
        action.help = _tr(action.help)


def _tr(text: str | None) -> str | None:
    return str(tr(text)) if text else text


def _wrapped(text: str, width: int) -> list[str]:
    if text.isascii():
        return textwrap.wrap(text, width)
    lines, taken = [""], 0
    for word in text.split():
        room = sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in word)
        if lines[-1] and taken + 1 + room > width:
            lines.append(word)
            taken = room
        else:
            taken += room + bool(lines[-1])
            lines[-1] = f"{lines[-1]} {word}".strip()
    return lines
