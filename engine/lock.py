"""A lock on a file, held by this process and let go by the system when it ends, however it ends."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from engine.message import InputError

if sys.platform == "win32":
    import msvcrt

    def take(handle: int) -> None:
        """Lock an open file, or raise `OSError` at once where another process holds it."""
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def take(handle: int) -> None:
        """Lock an open file, or raise `OSError` at once where another process holds it."""
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


TRIES = 10
"""So often a lock is asked for, as `PAUSE` seconds pass between: who only looks at it holds it for far less."""
PAUSE = 0.02


def _take_in_time(handle: int) -> None:
    for _ in range(TRIES - 1):
        try:
            take(handle)
        except (BlockingIOError, PermissionError):
            time.sleep(PAUSE)
        else:
            return
    take(handle)


class FileLock:
    """Holds a file locked until `release`. Raises `InputError`, naming who holds it, where another process does."""

    def __init__(self, path: Path) -> None:
        self._handle: int | None = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _take_in_time(self._handle)
        except (BlockingIOError, PermissionError):
            # Windows locks bytes against reading, so the holder's name stands after the first byte.
            os.lseek(self._handle, 1, os.SEEK_SET)
            holder = os.read(self._handle, 100).decode(errors="replace").strip()
            self.release()
            raise InputError(
                "locked",
                "{path} is in use by {holder}: stop that run first",
                path=path.parent,
                holder=holder or "another",
            ) from None
        os.ftruncate(self._handle, 0)
        os.write(self._handle, f" process {os.getpid()}".encode())

    def release(self) -> None:
        """Let go. May be called twice."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
