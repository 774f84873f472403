"""A page of the documentation taken apart: its headings, and what stands under each. `rich` brings the parser."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parent.parent
PARSER = MarkdownIt("commonmark").enable("table")
TRANSLATIONS = ROOT / "resources" / "translations" / "ko"
OF_THE_WINDOW = ("window", "tabs", "tune", "code", "lessons", "techniques")
"""The areas of the translation whose texts stand in the window."""
PLACE = r"\{[^{}]*\}"
"""Where a text has a value put in."""


@dataclass
class Section:
    """What stands under one heading, up to the next of any level."""

    level: int
    heading: str
    code: list[str] = field(default_factory=list)
    """What is written as code within a sentence."""
    blocks: list[tuple[str, str]] = field(default_factory=list)
    """Language and text of each block of code."""
    pictures: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    bold: list[str] = field(default_factory=list)
    slanted: list[str] = field(default_factory=list)
    prose: list[str] = field(default_factory=list)
    """What is none of these."""
    rows: list[list[str]] = field(default_factory=list)
    """The rows of its tables, the heads too, each cell as it is read."""

    @property
    def figures(self) -> set[str]:
        """The numbers in its prose, as they are written."""
        return set(re.findall(r"\d[\d,.]*\d|\d", " ".join(self.prose)))


class Page:
    """A Markdown file of the project, named by its path from the project's folder."""

    def __init__(self, name: str) -> None:
        self.path = ROOT / name
        self.text = self.path.read_text(encoding="utf-8")
        self.sections = [Section(0, "")]
        tokens = PARSER.parse(self.text)
        for before, token in zip([None, *tokens], tokens, strict=False):
            self._take(before, token)

    def _take(self, before: Token | None, token: Token) -> None:
        here = self.sections[-1]
        if token.type == "fence":
            here.blocks.append((token.info, token.content))
        elif token.type == "tr_open":
            here.rows.append([])
        elif token.type == "inline" and before is not None:
            if before.type == "heading_open":
                here = Section(int(before.tag[1:]), _read(token))
                self.sections.append(here)
            if before.type in ("th_open", "td_open"):
                here.rows[-1].append(_read(token))
            _fill(here, token.children or [])

    @property
    def blocks(self) -> list[tuple[str, str]]:
        """All blocks of code, with their languages."""
        return [block for section in self.sections for block in section.blocks]

    @property
    def commands(self) -> list[str]:
        """All lines of blocks that begin with the program's name, once each."""
        lines = {line for language, text in self.blocks if not language for line in text.splitlines()}
        return sorted(line for line in lines if line.startswith("tunedeck "))

    @property
    def anchors(self) -> list[str]:
        """How each section is linked to, as GitHub names it."""
        names: list[str] = []
        for section in self.sections:
            name = re.sub(r"[^\w\- ]", "", section.heading.lower()).replace(" ", "-")
            again = sum(bool(re.fullmatch(rf"{re.escape(name)}(-\d+)?", each)) for each in names)
            names.append(f"{name}-{again}" if again else name)
        return names

    def under(self, heading: str) -> Section:
        """The section of this heading. Raises `StopIteration`."""
        return next(section for section in self.sections if section.heading == heading)


def _read(token: Token) -> str:
    return re.sub(r"\s+", " ", "".join(_words(each) for each in token.children or []))


def _words(token: Token) -> str:
    return " " if token.type in ("softbreak", "hardbreak") else token.content


def _fill(section: Section, tokens: list[Token]) -> None:
    inside: dict[str, list[str]] = {}
    for token in tokens:
        if token.type == "code_inline":
            section.code.append(re.sub(r"\s+", " ", token.content))
        elif token.type == "image":
            section.pictures.append(str(token.attrs["src"]))
        elif token.type == "link_open":
            section.links.append(unquote(str(token.attrs["href"])))
        elif token.type in ("strong_open", "em_open"):
            inside[token.tag] = []
        elif token.type in ("strong_close", "em_close"):
            (section.bold if token.tag == "strong" else section.slanted).append("".join(inside.pop(token.tag)))
        elif token.type == "text":
            section.prose.append(token.content)
        for words in inside.values():
            words.append(_words(token))


def without_comments(block: str) -> list[str]:
    """The lines of a block of code without what `# ` begins."""
    return [re.sub(r"(^|\s+)# .*", "", line) for line in block.splitlines()]


@functools.cache
def window_words() -> re.Pattern[str]:
    """What the Korean window shows, with a value wherever it puts one in."""
    said = {text for area in OF_THE_WINDOW for text in _texts(area) if re.search(r"[^\W\d]", re.sub(PLACE, "", text))}
    return re.compile("|".join(sorted({pattern for text in said for pattern in _patterns(text)})))


def _texts(area: str) -> list[str]:
    return list(json.loads((TRANSLATIONS / f"{area}.json").read_text(encoding="utf-8")).values())


def _patterns(text: str) -> Iterator[str]:
    """A template as a pattern, and what it says before its value, as in `제외: 3`."""
    yield r"\S+".join(re.escape(part) for part in re.split(PLACE, text))
    label = re.match(r"([^{}:,(]+)([:,] |\()\{", text)
    if label:
        yield re.escape(label[1])
