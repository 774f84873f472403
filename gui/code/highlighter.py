"""Colours for Python, in the window's palettes: the words are told apart by Python's own tokenizer."""

from __future__ import annotations

import contextlib
import io
import keyword
import token
import tokenize
from collections import defaultdict

from PySide6.QtGui import QColor, QFont, QSyntaxHighlighter, QTextCharFormat, QTextDocument

from gui.widgets.theme import LIGHT, Theme

STRINGS = frozenset(
    number for number, name in token.tok_name.items() if name == "STRING" or name.startswith("FSTRING")
)  # fmt: skip
Span = tuple[int, int, str]
"""Where a word begins in its line, how long it is, and what it is: `keyword`, `string`, `number` or `comment`."""


def words(text: str) -> dict[int, list[Span]]:
    """The words of a Python text that have a colour, by line from 0; of a text that is none, those up to there."""
    found: dict[int, list[Span]] = defaultdict(list)
    lines = text.splitlines()
    with contextlib.suppress(tokenize.TokenError, SyntaxError):
        for each in tokenize.generate_tokens(io.StringIO(text).readline):
            kind = _kind(each)
            if kind is None:
                continue
            (first, start), (last, end) = each.start, each.end
            for number in range(first, last + 1):
                begin = start if number == first else 0
                stop = end if number == last else len(lines[number - 1])
                found[number - 1].append((begin, stop - begin, kind))
    return found


def _kind(each: tokenize.TokenInfo) -> str | None:
    if each.type in STRINGS:
        return "string"
    if each.type == token.NAME and keyword.iskeyword(each.string):
        return "keyword"
    return {token.NUMBER: "number", tokenize.COMMENT: "comment"}.get(each.type)


class Highlighter(QSyntaxHighlighter):
    """Colours a document whose whole text it is told."""

    def __init__(self, document: QTextDocument) -> None:
        super().__init__(document)
        self._words: dict[int, list[Span]] = {}
        self._looks: dict[str, QTextCharFormat] = {}
        self.set_theme(LIGHT)

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        colours = {
            "keyword": theme.accent, "string": theme.comparisons[0], "number": theme.clean, "comment": theme.muted,
        }  # fmt: skip
        for kind, colour in colours.items():
            look = self._looks[kind] = QTextCharFormat()
            look.setForeground(QColor(colour))
            look.setFontItalic(kind == "comment")
            if kind == "keyword":
                look.setFontWeight(QFont.Weight.DemiBold)
        self.rehighlight()

    def show_text(self, text: str) -> None:
        """The text that the document is about to hold."""
        self._words = words(text)

    def highlightBlock(self, text: str) -> None:  # noqa: N802
        """Colour one line."""
        for start, length, kind in self._words.get(self.currentBlock().blockNumber(), ()):
            self.setFormat(start, length, self._looks[kind])
