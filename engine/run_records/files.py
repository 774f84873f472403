"""The folders of runs, as files: which are runs, who holds them, what they take on the disk. Links are not followed."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from engine.lock import Holder, holder_of


def is_run(folder: Path) -> bool:
    """Whether a folder holds a run's settings and record. A link is none."""
    return not folder.is_symlink() and all(is_file(folder / name) for name in ("config.yaml", "history.csv"))


def runs_in(place: Path) -> list[Path]:
    """The folders in a place that may hold runs, newest first; links are left out."""
    try:
        with os.scandir(place) as entries:
            names = [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []
    return [place / name for name in sorted(names, reverse=True) if not name.startswith(".")]


def holder(folder: Path) -> int | None:
    """The process of this machine that trains in a run's folder, 0 where it is not known, or another machine's.

    None where nobody does. Changes nothing; `trained_by` tells more.
    """
    found = trained_by(folder)
    if found is None:
        return None
    return found.process if found.on_this_machine else 0


def trained_by(folder: Path) -> Holder | None:
    """Who trains in a run's folder, if anybody does."""
    return holder_of(folder / "lock") if is_file(folder / "lock") else None


def disk_use(place: Path) -> int:
    """Bytes of all files in a folder. A file with two names counts once; links are not followed."""
    total = 0
    counted: set[tuple[int, int]] = set()
    waiting = [str(place)]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                        continue
                    status = os.lstat(entry.path)  # not the entry's own: on Windows that has no inode
                    if (status.st_dev, status.st_ino) not in counted:
                        counted.add((status.st_dev, status.st_ino))
                        total += status.st_size
        except OSError:  # gone or closed meanwhile
            continue
    return total


def modified(path: Path) -> int:
    """When a file or folder was last changed, in nanoseconds; 0 where there is none."""
    try:
        return path.lstat().st_mtime_ns
    except OSError:
        return 0


def is_file(path: Path) -> bool:
    """Whether a path is a file, and no link, pipe or folder."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False
