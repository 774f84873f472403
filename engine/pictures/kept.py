"""The decoded pictures that a workspace keeps: what they take on the disk, of which folder they are, and their removal.

To remove them costs only that they are decoded again. Does without PyTorch.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.lock import HELD, FileLock, take
from engine.message import InputError, Message, message
from engine.pictures.journal import (
    ABOUT,
    FOLDER,
    JOURNAL,
    LOCK,
    PIXELS,
    About,
    Block,
    Shape,
    bytes_in,
    caches_in,
    journal_text,
    shape_in,
    unsealed,
    used,
)

UNKNOWN_FOLDER = message("unknown-folder", "unknown folder")


@dataclass(frozen=True)
class Kept:
    """The decoded pictures of one folder, in one form."""

    path: Path
    """Of the cache."""
    about: About | None
    """None where it is not told of which folder they are: the pictures were decoded by an older version."""
    shape: Shape | None
    """Of a picture, `(C, H, W)`; None where none is kept yet."""
    pictures: int
    refused: int
    """Files that could not be read."""
    bytes: int
    used: float
    """When it was used last, in seconds since 1970."""

    @property
    def name(self) -> str:
        """By which it is named in the command line."""
        return self.path.name

    @property
    def folder(self) -> str | Message:
        """Whose pictures they are, or that it is not known."""
        return self.about.folder if self.about else UNKNOWN_FOLDER

    @property
    def complete(self) -> bool | None:
        """Whether all files are done; None where it is not known."""
        return None if self.about is None else self.pictures + self.refused >= self.about.files


@dataclass(frozen=True)
class Removed:
    """What a removal came to."""

    names: tuple[str, ...]
    bytes: int
    """Freed on the disk."""
    left: tuple[Message, ...] = ()
    """Why others stay."""


def list_kept(workspace: Path) -> tuple[Kept, ...]:
    """What is kept, that which was used last first. Changes nothing, and waits for nobody."""
    found = [_look(path) for path in caches_in(workspace / "data" / FOLDER)]
    return tuple(sorted(found, key=lambda kept: (-kept.used, kept.name)))


def remove_kept(chosen: Sequence[Kept]) -> Removed:
    """Remove these. One that is in use stays, and so does one that can't be deleted."""
    names: list[str] = []
    left: list[Message] = []
    freed = 0
    for kept in chosen:
        before = bytes_in(kept.path)
        try:
            remove_cache(kept.path, kept.folder)
        except InputError as error:
            left.append(error.message)
            continue
        names.append(kept.name)
        freed += before
    return Removed(tuple(names), freed, tuple(left))


def remove_cache(path: Path, folder: str | Message) -> None:
    """Remove a cache that nobody holds; `folder` is whose pictures they are.

    Raises `InputError` where somebody reads pictures into it or trains on it, or where it can't be deleted.
    """
    try:
        lock = FileLock(path / LOCK)
    except FileNotFoundError:  # somebody else was quicker
        return
    except InputError:
        raise InputError(
            "pictures-being-read", "the pictures of {folder} are being read: stop that first", folder=str(folder)
        ) from None
    except OSError as error:
        raise _stays(folder, error) from None
    try:
        _refuse_in_use(path, folder)
        delete_files(path)
    except OSError as error:
        raise _stays(folder, error) from None
    finally:
        lock.release()
    shutil.rmtree(path, ignore_errors=True)


def delete_files(path: Path) -> None:
    """Delete what a cache is: without its pixels or its journal, what is left is none. Raises `OSError`.

    The pixels first: Windows does not delete them while they are in use, and then nothing else is lost.
    """
    for name in (PIXELS, JOURNAL, ABOUT):
        (path / name).unlink(missing_ok=True)


def _refuse_in_use(path: Path, folder: str | Message) -> None:
    try:
        handle = os.open(path / PIXELS, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0))
    except FileNotFoundError:
        return
    try:
        take(handle)
    except HELD:
        raise InputError(
            "pictures-in-use", "the pictures of {folder} are in use by a run, or by another window: end that first",
            folder=str(folder),
        ) from None  # fmt: skip
    except OSError:  # a disk that knows no locks
        pass
    finally:
        os.close(handle)


def _stays(folder: str | Message, error: OSError) -> InputError:
    return InputError(
        "pictures-stay", "the decoded pictures of {folder} can't be removed: {reason}", folder=str(folder),
        reason=error.strerror or str(error),
    )  # fmt: skip


def _look(path: Path) -> Kept:
    shape, blocks = None, []
    try:
        head, *lines = journal_text(path).splitlines() or [""]
        shape = shape_in(head)
        for line in lines if shape else ():
            data = unsealed(line)
            if data is None:
                break
            blocks.append(Block.of(data))
    except OSError:
        pass
    rows, files = sum(block.rows for block in blocks), sum(block.files for block in blocks)
    return Kept(path, About.read(path), shape, rows, files - rows, bytes_in(path), used(path))
