"""Reading files that anyone may have made: only what is a file, never more of it than a limit, and never waiting.

A pipe waits for ever, a device gives without end, a file may grow while it is read; a link may lead to any of these.
"""

from __future__ import annotations

import contextlib
import errno
import io
import json
import math
import os
import stat
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import Any

_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)


class _Patient(io.FileIO):
    """A file that says so where it has nothing to give yet, as some of the system's own do: Python gives None."""

    def readinto(self, buffer: Any) -> int:
        count = super().readinto(buffer)
        if count is None:
            raise BlockingIOError(errno.EAGAIN, "its end is not there yet")
        return count


@contextlib.contextmanager
def opened(path: Path, *, links: bool = True) -> Iterator[tuple[BufferedReader[Any], int]]:
    """A file, open for reading, and its length in bytes; where `links` is False, a link is no file.

    Raises `OSError` where it can't be read or is no file.
    """
    try:
        _check(path.stat() if links else path.lstat())  # before it is opened: to open a device may set it going
        handle = os.open(path, _FLAGS | (0 if links else getattr(os, "O_NOFOLLOW", 0)))
    except ValueError:  # a zero byte in its name
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)) from None
    with BufferedReader(_Patient(handle)) as file:
        status = os.fstat(handle)
        _check(status)
        yield file, status.st_size


def read_limited(path: Path, most: int, *, links: bool = True) -> bytes:
    """All bytes of a file. Raises `OSError` as `opened`, and with `EFBIG` where there are more than `most`."""
    with opened(path, links=links) as (file, size):
        data = b"" if size > most else file.read(most + 1)
        if size > most or len(data) > most:
            raise OSError(errno.EFBIG, f"it is longer than {most:,} bytes")
        return data


def read_json(path: Path, most: int, *, links: bool = True) -> Any:
    """What a JSON file holds, as `parse_json`.

    Raises `OSError` as `read_limited`, and `ValueError` where it holds anything else.
    """
    return parse_json(read_limited(path, most, links=links))


def parse_json(data: bytes | str) -> Any:
    """What a JSON text holds, a number that is not finite as None. Raises `ValueError` where it is none."""
    try:
        return json.loads(data, parse_constant=lambda word: None, parse_float=_finite)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _finite(text: str) -> float | None:
    value = float(text)
    return value if math.isfinite(value) else None


def _check(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is no file")
