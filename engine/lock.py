"""Locks on files, held by this process and let go by the system when it ends, however it ends.

The system's own lock is the truth wherever it reaches: after a crash, or a restart of the machine, it is free, whoever
has the number of the dead process by then. It may not reach from one machine to another: NFS passes `flock` on to its
server (Linux 2.6.12 and newer), unless mounted with `local_lock` or `nolock`, and some disks know no locks at all.
There the file tells who took the lock and never let it go, and what was written beside it lately tells whether that
one may still be at work. Then it is said that it is not sure.
"""

from __future__ import annotations

import contextlib
import errno
import os
import platform
import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from engine.message import InputError

if sys.platform == "win32":
    import msvcrt

    def take(handle: int) -> None:
        """Lock an open file, or raise `OSError` at once where another process holds it."""
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

    look = take  # there is no shared lock of a byte

    def share(handle: int) -> None:
        """Nothing need be done: no file is deleted that somebody has mapped."""
else:
    import fcntl

    def take(handle: int) -> None:
        """Lock an open file, or raise `OSError` at once where another process holds it."""
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def look(handle: int) -> None:
        """Raise `OSError` where another process holds a file; many may look at a time, and none sees the other."""
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)

    share = look  # a map of the file keeps a handle of its own, and with it the lock


HELD = (BlockingIOError, PermissionError)
"""What the system says of a file that another process has locked; all else says that the disk knows no locks."""
OWN = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
"""How the file of a lock is opened: a link in its place may lead to any file."""
TRIES = 10
"""So often a lock is asked for, as `PAUSE` seconds pass between: who only looks at it holds it for far less."""
PAUSE = 0.02
WAIT_SECONDS = 5.0
"""How long to wait for somebody else who changes a small file: it takes him milliseconds."""
QUIET_SECONDS = 90.0
"""A run writes into its folder every 30 s at least: where the system can't tell, one that is still longer has ended."""
_TOLD = re.compile(rb"process (\d{1,10})(?: on ([\w.-]{1,60}) since (\d{4}-\d\d-\d\dT[\d:+-]{5,20}))?")


@dataclass(frozen=True)
class Holder:
    """Who holds a lock, as its file tells."""

    process: int = 0
    """0 where it is not known."""
    host: str = ""
    """The machine that the process runs on."""
    since: str = ""
    """When it took the lock, in ISO 8601."""
    sure: bool = True
    """Whether the system says so; else the disk can't tell, and it is likely."""

    @property
    def on_this_machine(self) -> bool:
        """Whether the process number is one of this machine's."""
        return self.host in ("", this_machine())

    def refusal(self, run: str) -> InputError:
        """The error for who wants what this one holds."""
        values = {"run": run, "process": self.process, "host": self.host, "since": _when(self.since)}
        if not self.process:
            return InputError("locked", "{run} is running in another Tunedeck: stop it there first", **values)
        if self.process == os.getpid() and self.on_this_machine:
            return InputError(
                "locked-here", "{run} is running in this Tunedeck (process {process}, since {since}): stop it first",
                **values,
            )  # fmt: skip
        if self.sure:
            return InputError(
                "locked-elsewhere",
                "{run} is running in another Tunedeck (process {process} on {host}, since {since}): "
                "stop it there first",
                **values,
            )  # fmt: skip
        return InputError(
            "maybe-locked", "{run} may be running in another Tunedeck (process {process} on {host}, since {since}), "
            "and this disk can't tell: stop it there, or try again once it has written nothing for {seconds} s",
            seconds=round(QUIET_SECONDS), **values,
        )  # fmt: skip


class FileLock:
    """Holds a file locked until `release`. Raises `InputError`, naming who holds it, where another process does."""

    def __init__(self, path: Path) -> None:
        """Raises `OSError` too, where the file can't be made, or was moved away meanwhile."""
        handle = os.open(path, OWN, 0o644)
        try:
            holder = _holder(handle, path.parent, take, TRIES)
            if holder is not None:
                raise holder.refusal(path.parent.name)
            if not os.path.samestat(os.fstat(handle), os.stat(path)):
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
            _sign(handle)
        except BaseException:
            os.close(handle)
            raise
        self._handle: int | None = handle

    def release(self) -> None:
        """Let go. May be called twice."""
        if self._handle is not None:
            with contextlib.suppress(OSError):
                os.ftruncate(self._handle, 0)  # what is left of a name tells of one that was never let go
            os.close(self._handle)
            self._handle = None


def holder_of(path: Path) -> Holder | None:
    """Who holds the lock of a file; None where nobody does, or there is none. Changes nothing."""
    handle = None
    # Network file systems lock only what is open for writing; in a folder that can't be written, reading must do.
    for mode in (os.O_RDWR, os.O_RDONLY):
        with contextlib.suppress(OSError):
            handle = os.open(path, mode)
            break
    if handle is None:
        return None
    try:
        return _holder(handle, path.parent, look, 1)
    finally:
        os.close(handle)


@contextlib.contextmanager
def changing(
    path: Path, patience: float = WAIT_SECONDS, meanwhile: Callable[[], object] = lambda: None
) -> Iterator[None]:
    """Keep others from changing a file, to read it, change it and write it within: then no change is lost.

    The lock is a hidden file beside it, which stays. `patience` is how many seconds to wait for others; `meanwhile` is
    called again and again as they pass. Raises `OSError`. On a disk without locks the last one wins.
    """
    handle = os.open(path.with_name(f".{path.name}.lock"), OWN, 0o644)
    end = time.monotonic() + patience
    try:
        while True:
            try:
                take(handle)
            except HELD:
                if time.monotonic() > end:
                    raise TimeoutError(errno.ETIMEDOUT, "another program does not let it go", str(path)) from None
                meanwhile()
                time.sleep(PAUSE)
                continue
            except OSError:
                pass
            break
        yield
    finally:
        os.close(handle)


def this_machine() -> str:
    """The name of this machine, as a lock tells it."""
    return re.sub(r"[^A-Za-z0-9_.-]", "-", platform.node())[:60] or "localhost"


def _holder(handle: int, folder: Path, lock: Callable[[int], None], tries: int) -> Holder | None:
    """Who keeps this process from an open file of a folder; None where it was locked."""
    reached = True
    try:
        _in_time(lock, handle, tries)
    except HELD:
        return _told(handle) or Holder()
    except OSError:
        reached = False
    told = _told(handle)
    if told is None or (reached and told.on_this_machine) or not _written_lately(folder):
        return None
    return replace(told, sure=False)


def _in_time(lock: Callable[[int], None], handle: int, tries: int) -> None:
    for _ in range(tries - 1):
        try:
            lock(handle)
        except HELD:
            time.sleep(PAUSE)
        else:
            return
    lock(handle)


def _sign(handle: int) -> None:
    """Write down who holds an open file. Windows locks bytes against reading: the name stands after the first one."""
    name = f" process {os.getpid()} on {this_machine()} since {datetime.now().astimezone().isoformat('T', 'seconds')}\n"
    with contextlib.suppress(OSError):  # on a full disk a holder without a name must do
        os.lseek(handle, 0, os.SEEK_SET)
        os.ftruncate(handle, os.write(handle, name.encode()))


def _told(handle: int) -> Holder | None:
    """The holder that an open file names, if any."""
    os.lseek(handle, 1, os.SEEK_SET)
    found = _TOLD.match(os.read(handle, 200))
    if found is None:
        return None
    process, host, since = (part.decode() for part in found.groups(b""))
    return Holder(int(process), host, since)


def _written_lately(folder: Path) -> bool:
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        newest = max(entry.stat(follow_symlinks=False).st_mtime for entry in entries)
        return time.time() - newest < QUIET_SECONDS
    return False


def _when(since: str) -> str:
    """A moment for who reads it today: the time, with the day where it was another one."""
    try:
        moment = datetime.fromisoformat(since).astimezone()
    except (ValueError, OverflowError, OSError):
        return "an unknown time"
    return f"{moment:%H:%M}" if moment.date() == datetime.now().date() else f"{moment:%Y-%m-%d %H:%M}"
