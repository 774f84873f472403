"""The bin of a workspace: runs that were put away, each by a rename, until it is emptied."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.lock import FileLock
from engine.message import InputError
from engine.run_records.files import disk_use, is_file, is_run, runs_in, trained_by

DELETING = ".deleting-"
"""What a run's name begins with once its deletion has begun: one that was cut short is ended with the next."""
TAKEN = (errno.EEXIST, errno.ENOTEMPTY)
"""What the system says where the name of a folder is taken."""


@dataclass(frozen=True)
class Emptied:
    """What emptying the bin came to."""

    bytes: int
    """Freed on the disk."""
    runs: int
    """Runs deleted."""
    left: tuple[Path, ...] = ()
    """What could not be deleted."""


def bin_of(workspace: Path) -> Path:
    """Where the bin of a workspace is, whether or not it is there yet."""
    return workspace / "bin"


def move_to_bin(workspace: Path, folder: Path) -> Path:
    """Put a run's folder into the bin and return where it is now.

    Raises `InputError` where the run is training, is none of this workspace, or can't be moved.
    """
    _check(workspace / "runs", folder)
    place = bin_of(workspace)
    if place.is_symlink():
        raise InputError("bin-elsewhere", "{place} leads to another place: nothing is put there", place=place)
    return _move(folder, place)


def restore_from_bin(workspace: Path, folder: Path) -> Path:
    """Put a run's folder of the bin back among the runs and return where it is now. Raises `InputError`."""
    _check(bin_of(workspace), folder)
    return _move(folder, workspace / "runs")


def runs_in_bin(workspace: Path) -> tuple[Path, ...]:
    """The folders of the runs in the bin, newest first."""
    place = bin_of(workspace)
    return () if place.is_symlink() else tuple(folder for folder in runs_in(place) if is_run(folder))


def bin_use(workspace: Path) -> int:
    """Bytes of the runs in the bin, and of what is left of one whose deletion was cut short."""
    return sum(map(disk_use, (*runs_in_bin(workspace), *_begun(workspace))))


def empty_bin(workspace: Path) -> Emptied:
    """Delete the runs in the bin, for good. What else lies there, and what a link leads to, is left alone."""
    freed = deleted = 0
    left: list[Path] = []
    for folder in (*_begun(workspace), *runs_in_bin(workspace)):  # what was begun frees the names of the others
        size = disk_use(folder)
        rest = _delete(folder)
        freed += size - (disk_use(rest) if rest else 0)
        deleted += rest is None
        left += [rest] if rest else []
    return Emptied(freed, deleted, tuple(left))


def _begun(workspace: Path) -> tuple[Path, ...]:
    place = bin_of(workspace)
    if place.is_symlink():
        return ()
    return tuple(path for path in place.glob(f"{DELETING}*") if path.is_dir() and not path.is_symlink())


def _delete(folder: Path) -> Path | None:
    """Delete a folder; returns what is left of it where it can't be deleted, or somebody trains it where it lies."""
    name = folder.name if folder.name.startswith(DELETING) else DELETING + folder.name
    going = folder.with_name(name)
    try:
        with _untouched(folder):
            folder.rename(going)
    except (InputError, OSError):
        return folder if os.path.lexists(folder) else None  # another process may have been quicker
    shutil.rmtree(going, ignore_errors=True)
    return going if os.path.lexists(going) else None


@contextlib.contextmanager
def _untouched(folder: Path) -> Iterator[None]:
    """Keep a run from being trained while its folder is moved. Raises `InputError` where somebody trains it."""
    lock = None
    if is_file(folder / "lock"):
        try:
            lock = FileLock(folder / "lock")
        except OSError:  # a folder that can't be written can be moved all the same, but nobody trains there
            held = trained_by(folder)
            if held is not None:
                raise held.refusal(folder.name) from None
    if lock is not None and os.name == "nt":
        lock.release()  # Windows moves no folder of an open file, and so none of a run that trains
    try:
        yield
    finally:
        if lock is not None:
            lock.release()


def _check(place: Path, folder: Path) -> None:
    """Raise `InputError` where a folder is no run in this place."""
    if not (is_run(folder) and os.path.realpath(folder.parent) == os.path.realpath(place)):
        raise InputError("not-there", "{run} is not in {place} any more", run=folder.name, place=place)


def _move(folder: Path, into: Path) -> Path:
    """Rename a folder into another place, numbered where its name is taken there."""
    try:
        into.mkdir(parents=True, exist_ok=True)
        with _untouched(folder):
            return _rename(folder, into)
    except OSError as error:
        raise InputError(
            "not-moved", "{run} can't be moved to {place}: {reason}",
            run=folder.name, place=into, reason=error.strerror or str(error),
        ) from None  # fmt: skip


def _rename(folder: Path, into: Path) -> Path:
    number, target = 1, into / folder.name
    while True:
        try:
            if not os.path.lexists(target):
                return folder.rename(target)
        except OSError as error:
            if error.errno not in TAKEN:  # by another process, a moment ago
                raise
        number += 1
        target = into / f"{folder.name}-{number}"
