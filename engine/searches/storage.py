"""Where a study is kept: a journal in the workspace, or a database by its address.

A journal is lines of JSON that Optuna replays. It may come from anyone, so it is looked through before that: no more
than so long, and each line a JSON object with a known operation. Nothing in it is unpickled (decision 30).
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

from engine.files import open_own
from engine.lock import changing
from engine.message import InputError, one_line
from engine.reading import parse_json, read_limited

MAX_BYTES = 256 * 2**20
"""A trial of a hundred epochs takes some 15 kB."""
OPERATIONS = range(11)
"""The numbers that a line of a journal may have as its operation."""
PATIENCE = 60.0
"""Seconds to wait for others who write: each line takes them milliseconds."""
BEAT, SILENT = 30, 180
"""Seconds between signs of life of a trial in a database, and after how many without one it counts as dead."""


def open_journal(path: Path) -> BaseStorage:
    """The storage of a study in a file. Raises `InputError` where that is no journal."""
    lock = _Lock(path)
    try:
        if path.exists():
            lock.acquire()
            try:
                _check(path)
            finally:
                lock.release()
        return JournalStorage(JournalFileBackend(str(path), lock))
    except InputError:
        raise
    except OSError as error:
        raise unreadable(path, error.strerror or str(error)) from None
    except Exception as error:  # noqa: BLE001 what a stranger wrote may fail anywhere in the replay
        raise unreadable(path, f"it can't be replayed ({type(error).__name__})") from None


@contextlib.contextmanager
def open_database(url: str) -> Iterator[BaseStorage]:
    """The storage of studies in a database. Raises `InputError` where it can't be reached, or its driver is missing."""
    if "://" not in url:
        raise InputError(
            "bad-storage", "{url} is no address of a database: give one such as "
            "postgresql+psycopg://user:password@host/database, or leave --storage out", url=repr(url)[:80],
        )  # fmt: skip
    try:
        storage = RDBStorage(url)
    except Exception as error:  # noqa: BLE001 each driver has its own
        text = one_line(re.sub(r"://[^@\s]*@", "://…@", str(error)), 200)  # without the password
        raise InputError("no-storage", "the database can't be used: {reason}", reason=text) from None
    try:
        yield storage
    finally:
        storage.remove_session()
        storage.engine.dispose()


class _Lock(JournalFileOpenLock):
    """Keeps others from writing into a journal; the system lets it go when a process dies, however it dies.

    Half a line that a process left which died while it wrote is cut away: what is appended to it could not be read.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self._path = path
        self._held: contextlib.AbstractContextManager[None] | None = None

    def acquire(self) -> bool:
        """Wait for it. Raises `OSError`."""
        held = changing(self._path, PATIENCE)
        held.__enter__()
        self._held = held
        mend(self._path)
        return True

    def release(self) -> None:
        """Let it go."""
        if self._held is not None:
            held, self._held = self._held, None
            held.__exit__(None, None, None)


def mend(path: Path) -> None:
    """Cut off what stands behind the last whole line of a file."""
    with contextlib.suppress(FileNotFoundError), open(path, "rb+", opener=open_own) as file:
        end = file.seek(0, os.SEEK_END)
        while end > 0:
            start = max(0, end - 65_536)
            file.seek(start)
            found = file.read(end - start).rfind(b"\n")
            if found >= 0:
                end = start + found + 1
                break
            end = start
        if end < file.seek(0, os.SEEK_END):
            file.truncate(end)


def _check(path: Path) -> None:
    """Raise `InputError` where a file is no journal of a search."""
    for number, line in enumerate(read_limited(path, MAX_BYTES).splitlines(), 1):
        record_of(line, path, number)


def record_of(line: bytes, path: Path, number: int) -> dict[str, Any]:
    """What a line of a journal tells. Raises `InputError` where it is none of a search."""
    try:
        record: Any = parse_json(line)
    except ValueError:
        record = None
    if not isinstance(record, dict) or record.get("op_code") not in OPERATIONS:
        raise unreadable(path, f"line {number} is none of a search")
    return record


def unreadable(path: Path, reason: str) -> InputError:
    """The error for a journal that can't be used."""
    return InputError(
        "not-a-journal", "{path} is no journal of a search that can be used: {reason}; take another --study",
        path=path, reason=reason,
    )  # fmt: skip
