"""What a person writes on a run: another name, tags and notes, in a small file of its folder."""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engine.lock import changing
from engine.message import InputError
from engine.yaml_file import read_yaml, write_yaml

FILE = "notes.yaml"
HALF_WRITTEN = f".{FILE}.*.tmp"
"""What `engine.files` calls a file that is to take the place of this one."""
MAX_NAME = 120
MAX_TAGS = 20
MAX_TAG = 40
MAX_NOTES = 10_000
"""Characters, at most; tags, at most. What is longer is cut."""


@dataclass(frozen=True)
class Notes:
    """What is written on a run. Empty where nothing is."""

    name: str = ""
    """What the run is called instead of the name in its settings."""
    tags: tuple[str, ...] = ()
    notes: str = ""


def notes_of(name: object = "", tags: object = (), notes: object = "") -> Notes:
    """Notes within the limits: one line for a name or a tag, no tag twice, and what is no text left out."""
    listed = tags if isinstance(tags, (list, tuple)) else ()
    lines = dict.fromkeys(_line(tag, MAX_TAG) for tag in listed)
    return Notes(_line(name, MAX_NAME), tuple(line for line in lines if line)[:MAX_TAGS], _text(notes)[:MAX_NOTES])


def read_notes(folder: Path) -> Notes:
    """What is written on the run in this folder; nothing where its file is absent, damaged or no file of notes."""
    try:
        data = read_yaml(folder / FILE, links=False)
    except InputError:
        return Notes()
    return notes_of(data.get("name"), data.get("tags"), data.get("notes"))


def write_notes(folder: Path, notes: Notes) -> Notes:
    """Write them on the run in this folder, whole or not at all; returns what was kept within the limits.

    Raises `InputError` where the folder can't be written.
    """
    kept = notes_of(notes.name, notes.tags, notes.notes)
    try:
        write_yaml(folder / FILE, {"name": kept.name, "tags": list(kept.tags), "notes": kept.notes})
    except OSError as error:
        raise _not_kept(folder, error) from None
    return kept


def change_notes(folder: Path, **values: Any) -> Notes:
    """Change a part of what is written on the run (`name`, `tags` or `notes`), and return what stands there now.

    The rest stays, also where another window changes it at this moment. A file that can't be read, such as one that
    was damaged by hand, is put aside as damaged-notes.yaml. Raises `InputError` where the folder can't be written.
    """
    path = folder / FILE
    try:
        with changing(path):
            _clear_away(folder)
            return write_notes(folder, replace(_standing(path), **values))
    except OSError as error:
        raise _not_kept(folder, error) from None


def clear_away_half_written(folder: Path) -> None:
    """Remove what a process that died left of the notes on a run, unless one that lives is writing them now."""
    if any(folder.glob(HALF_WRITTEN)):
        with contextlib.suppress(OSError), changing(folder / FILE, patience=0):
            _clear_away(folder)


def _clear_away(folder: Path) -> None:
    """To be called where nobody else can be writing."""
    for stale in folder.glob(HALF_WRITTEN):
        stale.unlink(missing_ok=True)


def _standing(path: Path) -> Notes:
    """What is written in a file that is to be written anew. Raises `InputError` where that can't be told."""
    try:
        data = read_yaml(path, links=False)
    except InputError as error:
        if error.message.code == "unreadable" and path.is_file() and not path.is_symlink():
            raise
        if error.message.code != "unreadable":
            os.replace(path, path.with_name(f"damaged-{path.name}"))
        return Notes()
    return notes_of(data.get("name"), data.get("tags"), data.get("notes"))


def _not_kept(folder: Path, error: OSError) -> InputError:
    return InputError(
        "notes-not-kept", "what is written on {run} can't be kept: {reason}",
        run=folder.name, reason=error.strerror or str(error),
    )  # fmt: skip


def _text(value: object) -> str:
    """A text that any file can hold: half a character, as a broken clipboard gives, is left out."""
    return value.encode("utf-8", "ignore").decode() if isinstance(value, str) else ""


def _line(value: object, most: int) -> str:
    return re.sub(r"\s+", " ", _text(value)).strip()[:most].strip()
