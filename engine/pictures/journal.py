"""What lies in the folder of a cache of decoded pictures: the journal, line by line, and whose pictures they are.

Does without PyTorch.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from engine.files import write_text
from engine.message import Message
from engine.reading import read_json

FOLDER = "pictures"
"""Of the caches, within the data folder."""
FORMAT = 1
PIXELS, JOURNAL, LOCK, ABOUT = "pixels", "journal.jsonl", "lock", "about.json"
MAX_BYTES = 100_000
"""Of the file that tells whose pictures they are: a longer one is none of ours."""

Shape = tuple[int, int, int]


@dataclass(frozen=True)
class Block:
    """Some files, one after another, as they were decoded."""

    files: int
    rows: int
    """How many of them became pictures."""
    digest: str
    """Of the pictures' bytes."""
    refused: tuple[tuple[int, Message], ...] = ()
    """The others, by their place among all files, each with the reason."""

    def line(self) -> str:
        """As the journal holds it."""
        refused = [[place, reason.to_dict()] for place, reason in self.refused]
        return sealed({"files": self.files, "rows": self.rows, "digest": self.digest, "refused": refused})

    @classmethod
    def of(cls, data: Any) -> Block:
        """From what a line holds."""
        refused = tuple((int(place), Message.from_dict(reason)) for place, reason in data["refused"])
        return cls(int(data["files"]), int(data["rows"]), str(data["digest"]), refused)


@dataclass(frozen=True)
class About:
    """Whose pictures a cache holds, and what was made of them: for who looks at it, not for who reads it."""

    folder: str
    """As it was given."""
    files: int
    """How many there are to decode."""
    size: int
    """Height and width, in pixels."""
    resize: str
    colour: str

    def write(self, cache: Path) -> None:
        """Keep it beside the pictures, where something else is kept. Raises `OSError`."""
        if self.read(cache) != self:
            write_text(cache / ABOUT, json.dumps(asdict(self)) + "\n")

    @classmethod
    def read(cls, cache: Path) -> About | None:
        """What is kept there; None where nothing of this form is."""
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            data = read_json(cache / ABOUT, MAX_BYTES)
            return cls(str(data["folder"]), int(data["files"]), int(data["size"]), str(data["resize"]),
                       str(data["colour"]))  # fmt: skip
        return None


def caches_in(above: Path) -> Iterator[Path]:
    """The folders of the caches."""
    with contextlib.suppress(OSError):
        yield from (folder for folder in above.iterdir() if folder.is_dir() and not folder.is_symlink())


def bytes_in(cache: Path) -> int:
    """What a cache takes on the disk; 0 where it is gone."""
    with contextlib.suppress(OSError):
        return sum(path.stat().st_size for path in cache.iterdir())
    return 0


def used(cache: Path) -> float:
    """When a cache was used last, in seconds since 1970; 0 where it is gone."""
    with contextlib.suppress(OSError):
        return cache.stat().st_mtime
    return 0.0


def journal_text(cache: Path) -> str:
    """All lines; empty where there is no journal. Raises `OSError`."""
    try:
        return (cache / JOURNAL).read_text(encoding="ascii", errors="replace")
    except FileNotFoundError:
        return ""


def shape_in(head: str) -> Shape | None:
    """The shape `(C, H, W)` that the first line tells; None where it is not of this format."""
    found = unsealed(head)
    if not found or found.get("format") != FORMAT:
        return None
    channels, height, width = found["shape"]
    return channels, height, width


def sealed(data: dict[str, Any]) -> str:
    """A line that can be told from one that was cut short or changed."""
    text = json.dumps(data)
    return f"{digest(text.encode())} {text}\n"


def unsealed(line: str) -> Any:
    """What a line holds; None where it is not as it was written."""
    seal, _, text = line.partition(" ")
    return json.loads(text) if seal == digest(text.encode()) else None


def digest(data: bytes) -> str:
    """What changes with any byte."""
    return blake2b(data, digest_size=16).hexdigest()
