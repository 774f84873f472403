"""The folders of runs, as files: which are runs, who holds them, what they take on the disk. Links are not followed."""

from __future__ import annotations

import contextlib
import os
import re
import stat
from pathlib import Path

from engine.lock import take


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
    """The process that holds a run's folder locked, 0 where it is not known which; None where none does.

    Takes the lock for a moment where it is free, and changes nothing.
    """
    handle = _open(folder / "lock") if is_file(folder / "lock") else None
    if handle is None:
        return None
    try:
        take(handle)
    except (BlockingIOError, PermissionError):
        os.lseek(handle, 1, os.SEEK_SET)
        found = re.search(rb"process (\d{1,10})\b", os.read(handle, 100))
        return int(found[1]) if found else 0
    except OSError:  # a file system without locks
        return None
    finally:
        os.close(handle)
    return None


def _open(lock: Path) -> int | None:
    """Network file systems lock only what is open for writing; in a folder that can't be written, reading must do."""
    for mode in (os.O_RDWR, os.O_RDONLY):
        with contextlib.suppress(OSError):
            return os.open(lock, mode)
    return None


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
