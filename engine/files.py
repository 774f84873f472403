"""Files that are written whole or not at all, and folders and lines that outlast a power cut or a full disk."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

NOT_FLUSHED = frozenset((errno.EIO, errno.ENOSPC, errno.EDQUOT))
"""What a disk says that could not flush a folder; all else says that its file system has no such flush."""


def write_text(path: Path, text: str) -> None:
    """Write a text file, whole or not at all: beside it, flushed, then renamed."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file, whole or not at all: beside it, flushed, renamed, and the folder flushed.

    Raises `OSError`, with the old file or the new one in its place, whole, and no temporary file left.
    """
    with _replacing(path) as temporary:
        _write(temporary, data)


def write_proven(path: Path, data: bytes, prove: Callable[[Path], T]) -> T:
    """Write a file as `write_bytes` does, if `prove`, given the file that lies beside it, raises nothing.

    Returns what that gives.
    """
    with _replacing(path) as temporary:
        _write(temporary, data)
        return prove(temporary)


def give_name(file: Path, name: Path) -> None:
    """Give a file a second name, in the place of what bore it: a link where the disk allows one, else a copy.

    Raises as `write_bytes`.
    """
    with _replacing(name) as temporary:
        try:
            os.link(file, temporary)
        except OSError:
            _write(temporary, file.read_bytes())


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A name beside `path` that is free: the file made there takes the place of `path`, once it is whole.

    So nothing is ever written in place, and names may share a file.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    temporary.unlink(missing_ok=True)  # a dead process of the same number may have left it, as a name of another file
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
    flush_folder(path.parent)


def _write(path: Path, data: bytes) -> None:
    """Write a new file and flush it."""
    with open(path, "xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def append_text(path: Path, text: str) -> None:
    """Append lines to a file: all of them, or none. Raises `OSError`, also where a link or a pipe bears its name.

    They are not flushed: after a power cut the last ones may be missing or cut short. What comes then begins a line
    of its own.
    """
    with open(path, "ab+", buffering=0, opener=open_own) as file:
        end = file.seek(0, os.SEEK_END)
        torn = end > 0 and (file.seek(end - 1), file.read(1))[1] != b"\n"
        rest = memoryview(b"\n" * torn + text.encode())
        try:
            while rest:
                rest = rest[file.write(rest) :]
        except OSError:
            file.truncate(end)  # half a number at the end of a full disk would be read as a number
            raise


def open_own(path: str, flags: int) -> int:
    """Open a file, but not what a link leads to: a folder that came from elsewhere may hold one to any file."""
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0), 0o666)


def make_folder(path: Path) -> None:
    """Make a new folder, and those above it that are missing, so that they last. Raises `OSError`, if it is there too.

    A file can be flushed into a folder of which nothing is left after a power cut.
    """
    if not path.parent.is_dir():
        with contextlib.suppress(FileExistsError):  # made by another process meanwhile
            make_folder(path.parent)
    path.mkdir()
    try:
        flush_folder(path.parent)
    except (OSError, KeyboardInterrupt):
        with contextlib.suppress(OSError):
            path.rmdir()
        raise


def flush_folder(folder: Path) -> None:
    """Make what was renamed, made or removed in this folder last through a power cut. Raises `OSError`.

    Windows can't open folders, and needs no such call.
    """
    if os.name == "nt":
        return
    try:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        # Some network file systems can't; the file itself is whole all the same.
        if error.errno in NOT_FLUSHED:
            raise
