"""What was seen inside runs: told by those that train here, read in the background of the folders of others."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from engine.inside.record import FILE, LayerLook, read_looks
from engine.run_records.index import RunIndex
from gui.background import Background, Trouble
from gui.runs.run import Run

LISTED = 50
"""Runs that are listed, at most: the newest."""
Listed = list[tuple[str, Path]]
"""Names of runs, and their folders."""


class Records:
    """Reads each record when it is first asked for, and again where it has changed; `arrived` is then called."""

    def __init__(self, background: Background, workspace: Path, arrived: Callable[[], None]) -> None:
        self._background = background
        self._index = RunIndex(workspace)
        self._arrived = arrived
        self._known: dict[Path, tuple[object, list[LayerLook]]] = {}
        """Of folders that were read: what the file was like then, and what it held."""
        self._asked: set[Path] = set()
        self.trouble: dict[Path, Trouble] = {}
        """Why records can't be read."""

    def of_run(self, run: Run | None) -> list[LayerLook]:
        """All that is known of a run by now."""
        if run is None:
            return []
        if run.folder is None or (run.looks and run.looks[0].step == 1):
            return run.looks
        trains = run.started is not None and run.outcome is None
        return self.of_folder(run.folder, again=not trains) + run.looks  # what it adds while it trains it tells itself

    def of_folder(self, folder: Path, *, again: bool = True) -> list[LayerLook]:
        """What a folder's record held when it was read; asks for it where it was not, and `again` if it has changed."""
        before, rows = self._known.get(folder, (None, []))
        state = _state(folder) if again or before is None else before
        if state != before and folder not in self._asked:
            self._asked.add(folder)
            self._background.ask(
                f"inside-{folder}", partial(read_looks, folder), partial(self._on_read, folder, state),
                partial(self._on_unread, folder, state),
            )  # fmt: skip
        return rows

    def list_runs(self, done: Callable[[Listed], None]) -> None:
        """Ask for the runs of the workspace that have a record, newest first."""
        self._background.ask("inside-runs", partial(_list, self._index), done, lambda trouble: None)

    def _on_read(self, folder: Path, state: object, rows: list[LayerLook]) -> None:
        self._asked.discard(folder)
        self._known[folder] = (state, rows)
        self._arrived()

    def _on_unread(self, folder: Path, state: object, trouble: Trouble) -> None:
        self.trouble[folder] = trouble
        self._on_read(folder, state, [])


def _list(index: RunIndex) -> Listed:
    watched = (record for record in index.records() if (record.folder / FILE).is_file())
    return [(f"{record.title}, {record.started:%m-%d %H:%M}", record.folder) for record in watched][:LISTED]


def _state(folder: Path) -> object:
    """What tells that a record has changed; None where there is none."""
    try:
        status = (folder / FILE).stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
