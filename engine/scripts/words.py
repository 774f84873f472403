"""What a script says to who reads it: its comments and docstrings, in the reader's language. It does the same."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Callable, Iterator

from engine.language import ENGLISH, UNSEEN, language, look_up, say, tr
from engine.scripts.script import Script, docstring

TRIPLE = '"""'


def in_language(made: Script) -> str:
    """A script in the present language; names and what it prints stay."""
    if language() == ENGLISH:
        return made.text
    return (docstring(made.head, say) + _commented(made.body)).replace(UNSEEN, "")


def _commented(body: str) -> str:
    """With its comments and docstrings in the present language; those without words there stay."""
    lines = body.splitlines()
    for token in _words_in(body):
        row, start = token.start[0] - 1, token.start[1]
        lines[row] = lines[row][:start] + _one(token.string, _say) + lines[row][token.end[1] :]
    return "\n".join(lines) + "\n"


def texts_of(made: Script) -> list[str]:
    """The English texts of a script that are looked up, with the names of what is filled in."""
    found = [sentence.template for paragraph in made.head for sentence in paragraph]

    def note(template: str, **values: str) -> str:
        found.append(template)
        return template

    for token in _words_in(made.body):
        _one(token.string, note)
    return found


def _say(template: str, **values: str) -> str:
    return tr(template, "script").format(**values) if values else look_up(template, ("script",))


def _words_in(text: str) -> Iterator[tokenize.TokenInfo]:
    """Comments and docstrings, the last one first, so that lines may be replaced."""
    tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    wanted = (t for t in tokens if t.type == tokenize.COMMENT or t.string.startswith(TRIPLE))
    return iter(sorted(wanted, key=lambda token: token.start, reverse=True))


def _one(said: str, say: Callable[..., str]) -> str:
    """A comment, or a docstring of one line."""
    if said.startswith(TRIPLE):
        return f"{TRIPLE}{say(said.removeprefix(TRIPLE).removesuffix(TRIPLE))}{TRIPLE}"
    words = said.removeprefix("#").strip()
    if lacking := re.fullmatch(r"(\S+): this plugin gives no code", words):
        return f"# {say('{id}: this plugin gives no code', id=lacking[1])}"
    return f"# {say(words)}"
