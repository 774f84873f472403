"""The bin of a workspace: runs that were put away, each by a rename, until it is emptied."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from engine.message import InputError
from engine.run_files import disk_use, holder, is_run, runs_in

DELETING = ".deleting-"
"""What a run's name begins with once its deletion has begun: one that was cut short is ended with the next."""


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
    held = holder(folder)
    if held is not None:
        raise InputError(
            "bin-training", "{run} is training (process {process}): stop it first",
            run=folder.name, process=held or "unknown",
        )  # fmt: skip
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
        if holder(folder) is None:
            rest = _delete(folder)
        else:
            rest = folder  # somebody trains it where it lies
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
    """Delete a folder; returns what is left of it where it can't be deleted."""
    name = folder.name if folder.name.startswith(DELETING) else DELETING + folder.name
    try:
        going = folder.rename(folder.with_name(name))
    except OSError:
        return folder
    shutil.rmtree(going, ignore_errors=True)
    return going if os.path.lexists(going) else None


def _check(place: Path, folder: Path) -> None:
    """Raise `InputError` where a folder is no run in this place."""
    if not (is_run(folder) and os.path.realpath(folder.parent) == os.path.realpath(place)):
        raise InputError("not-there", "{run} is not in {place} any more", run=folder.name, place=place)


def _move(folder: Path, into: Path) -> Path:
    """Rename a folder into another place, numbered where its name is taken there."""
    try:
        into.mkdir(parents=True, exist_ok=True)
        number, target = 1, into / folder.name
        while os.path.lexists(target):
            number += 1
            target = into / f"{folder.name}-{number}"
        return folder.rename(target)
    except OSError as error:
        raise InputError(
            "not-moved", "{run} can't be moved to {place}: {reason}",
            run=folder.name, place=into, reason=error.strerror or str(error),
        ) from None  # fmt: skip
