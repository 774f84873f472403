"""All runs of a workspace, quickly: each is read once, and again only when it has changed.

What is half written or damaged is left out until it is whole.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from engine.run_records.files import disk_use, holder, modified, runs_in
from engine.run_records.notes import FILE as NOTES
from engine.run_records.record import LAST, RunRecord, Status, read_run
from engine.run_records.result import FILE as RESULT

__all__ = ["RunIndex", "RunRecord", "Status", "disk_use", "holder", "list_runs", "read_run"]

READ = ("config.yaml", "history.csv", "log.txt", RESULT, LAST, NOTES)
"""The files of a run that are read."""
TICK = 2_000_000_000
"""Nanoseconds of the coarsest clock of a file system: FAT's."""


def list_runs(workspace: Path) -> tuple[RunRecord, ...]:
    """All runs of a workspace, newest first."""
    return RunIndex(workspace).records()


@dataclass(frozen=True)
class _Known:
    """A folder as it was when it was read."""

    modified: int
    read: int
    """When it was looked at; both in nanoseconds."""
    signs: tuple[object, ...]
    """What another reading would find changed."""
    record: RunRecord | None

    @property
    def settled(self) -> bool:
        """Whether the folder's own time tells of every change.

        Nobody trains it, so only whole files come and go; and it is older than a tick of the file system's clock,
        within which another change would give it the same time.
        """
        whole = self.record is not None and self.record.holder is None and self.record.samples is not None
        return whole and self.read - self.modified > TICK


class RunIndex:
    """Knows the runs of a workspace, and reads again what has changed since the last time."""

    def __init__(self, workspace: Path) -> None:
        self.workspace = workspace
        self._known: dict[Path, _Known] = {}

    def records(self) -> tuple[RunRecord, ...]:
        """All runs as they are now, newest first. One that has not changed is the same object as the last time."""
        before = self._known
        self._known = {folder: _look(folder, before.get(folder)) for folder in runs_in(self.workspace / "runs")}
        return tuple(known.record for known in self._known.values() if known.record is not None)


def _look(folder: Path, before: _Known | None) -> _Known:
    """A folder as it is now."""
    when, now = modified(folder), time.time_ns()
    if before is not None and before.settled and before.modified == when:
        return before
    signs = (when, holder(folder), *(_sign(folder / name) for name in READ))
    same = before is not None and before.signs == signs
    return _Known(when, now, signs, before.record if before is not None and same else read_run(folder))


def _sign(path: Path) -> tuple[int, int]:
    try:
        status = path.lstat()
    except OSError:
        return 0, 0
    return status.st_mtime_ns, status.st_size
