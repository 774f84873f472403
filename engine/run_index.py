"""All runs of a workspace, quickly: each is read once, and again only when it has changed.

What is half written or damaged is left out until it is whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.result import FILE as RESULT
from engine.run_files import disk_use, holder, modified, runs_in
from engine.run_notes import FILE as NOTES
from engine.run_record import LAST, RunRecord, Status, read_run

__all__ = ["RunIndex", "RunRecord", "Status", "disk_use", "holder", "list_runs", "read_run"]

READ = ("config.yaml", "history.csv", "log.txt", RESULT, LAST, NOTES)
"""The files of a run that are read."""


def list_runs(workspace: Path) -> tuple[RunRecord, ...]:
    """All runs of a workspace, newest first."""
    return RunIndex(workspace).records()


@dataclass(frozen=True)
class _Known:
    """A folder as it was when it was read."""

    modified: int
    signs: tuple[object, ...]
    """What another reading would find changed."""
    record: RunRecord | None

    @property
    def settled(self) -> bool:
        """Whether the folder's own time tells of every change: nobody trains it, so only whole files come and go."""
        return self.record is not None and self.record.holder is None and self.record.samples is not None


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
    when = modified(folder)
    if before is not None and before.settled and before.modified == when:
        return before
    signs = (when, holder(folder), *(_sign(folder / name) for name in READ))
    if before is not None and before.signs == signs:
        return before
    return _Known(when, signs, read_run(folder))


def _sign(path: Path) -> tuple[int, int]:
    try:
        status = path.lstat()
    except OSError:
        return 0, 0
    return status.st_mtime_ns, status.st_size
