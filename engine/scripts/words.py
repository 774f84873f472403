"""What a script says to who reads it: its comments and docstrings, in the reader's language. It does the same."""

from __future__ import annotations

import io
import re
import textwrap
import tokenize
from collections.abc import Callable, Iterator

from engine.language import ENGLISH, UNSEEN, language, look_up, tr

WIDTH = 100
"""Characters of a line of the words above a script."""
TRIPLE = '"""'
ABOUT = r"(?P<model>\S+) on (?P<dataset>\S+), as Tunedeck trains it\."
WRITTEN = r"Written for (?P<torch>.+) and (?P<torchvision>.+): python FILE runs it\."


def in_language(text: str) -> str:
    """A script with its comments and docstrings in the present language; those without words there stay."""
    if language() == ENGLISH:
        return text
    lines = text.splitlines()
    for token in _words_in(text):
        row, start = token.start[0] - 1, token.start[1]
        if token.start[0] != token.end[0]:  # the words above the script
            lines[row : token.end[0]] = _above(token.string, _say)
            continue
        said = _one(token.string, _say)
        lines[row] = lines[row][:start] + said + lines[row][token.end[1] :]
    return "\n".join(lines).replace(UNSEEN, "") + "\n"


def texts_of(text: str) -> list[str]:
    """The English texts of a script that are looked up, with the names of what is filled in."""
    found: list[str] = []

    def note(template: str, **values: str) -> str:
        found.append(template)
        return template

    for token in _words_in(text):
        if token.start[0] != token.end[0]:
            _above(token.string, note)
        else:
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


def _above(said: str, say: Callable[..., str]) -> list[str]:
    """The lines of the words above a script, paragraph by paragraph."""
    plain = re.sub(r"\n(?=Written for )", "\n\n", said.strip('"').strip())
    paragraphs = [" ".join(each.split()) for each in plain.split("\n\n")]
    lines: list[str] = []
    for paragraph in paragraphs:
        lines += ["", *_wrapped(_paragraph(paragraph, say))]
    return [TRIPLE + lines[1], *lines[2:], TRIPLE]


def _paragraph(text: str, say: Callable[..., str]) -> str:
    for pattern, template in (
        (
            r"(?P<model>\S+) on (?P<dataset>\S+), as Tunedeck trains it\.",
            "{model} on {dataset}, as Tunedeck trains it.",
        ),
        (r"The same as a command: (?P<command>.+)", "The same as a command: {command}"),
        (WRITTEN, "Written for {torch} and {torchvision}: python FILE runs it."),
        (
            r"NOT WHOLE: these plugins give no code, and their lines are missing: (?P<ids>.+)\.",
            "NOT WHOLE: these plugins give no code, and their lines are missing: {ids}.",
        ),
    ):
        if found := re.fullmatch(pattern, text):
            return say(template, **found.groupdict())
    return " ".join(say(sentence) for sentence in re.split(r"(?<=\.) ", text))


def _wrapped(text: str) -> list[str]:
    if "tunedeck train" in text:  # to be copied as it is
        return [text]
    return textwrap.wrap(text, WIDTH, break_long_words=False, break_on_hyphens=False)
