"""What is done to the folders of runs, in the background: notes are written, runs are put away and brought back."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from engine.message import InputError, Message
from engine.run_records.bin import empty_bin, move_to_bin, restore_from_bin
from engine.run_records.notes import Notes, change_notes
from gui.background import Trouble
from gui.runs.run import Run
from gui.workbench import Workbench


@dataclass(frozen=True)
class Binned:
    """A run in the bin."""

    run: Run
    folder: Path
    """Where it is now."""
    drawn: bool
    """Whether it was drawn behind the present run."""


@dataclass(frozen=True)
class Moved:
    """What came of moving runs."""

    runs: tuple[Binned, ...] = ()
    refused: tuple[Message, ...] = ()


class RunFiling(QObject):
    """One piece of work after another; nothing that was asked for is dropped."""

    done = Signal()
    """Something was changed on the disk."""
    binned = Signal(object)
    """A `Moved`: what went into the bin."""
    restored = Signal(object)
    """A `Moved`: what came back; each folder is the one among the runs."""
    emptied = Signal(object)
    """An `engine.run_records.bin.Emptied`."""
    failed = Signal(object)
    """A `Message`: what was asked for can't be done."""

    def __init__(self, bench: Workbench, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bench = bench
        self._asked = 0
        self._unwritten: dict[int, Callable[[], Notes]] = {}

    def rename(self, folder: Path, name: str) -> None:
        """Give a run another name; an empty one gives it back the name in its settings."""
        self._change_notes(folder, name=name)

    def write(self, folder: Path, tags: tuple[str, ...], notes: str) -> None:
        """Write tags and notes on a run."""
        self._change_notes(folder, tags=tags, notes=notes)

    def to_bin(self, runs: Sequence[tuple[Run, bool]]) -> None:
        """Put runs into the bin, each given with whether it is drawn."""
        workspace = self._bench.workspace
        self._ask(lambda: _move(runs, lambda run: move_to_bin(workspace, _folder(run))), self.binned.emit)

    def restore(self, binned: Sequence[Binned]) -> None:
        """Bring runs back from the bin."""
        workspace = self._bench.workspace
        where = {each.run: each.folder for each in binned}
        runs = [(each.run, each.drawn) for each in binned]
        self._ask(lambda: _move(runs, lambda run: restore_from_bin(workspace, where[run])), self.restored.emit)

    def restore_folder(self, folder: Path) -> None:
        """Bring back a run that was put away at another time."""
        self._ask(lambda: restore_from_bin(self._bench.workspace, folder), lambda _: None)

    def empty(self) -> None:
        """Delete what is in the bin, for good."""
        self._ask(lambda: empty_bin(self._bench.workspace), self.emptied.emit)

    def _change_notes(self, folder: Path, **values: Any) -> None:
        def write() -> Notes:
            return change_notes(folder, **values)

        self._unwritten[self._asked + 1] = write
        self._ask(write, lambda _: None)

    def finish(self) -> None:
        """Write now what is still to be written: the window closes, and nothing more is done in the background."""
        for write in self._unwritten.values():
            with contextlib.suppress(InputError):
                write()
        self._unwritten.clear()

    def _ask(self, do: Callable[[], Any], tell: Callable[[Any], None]) -> None:
        self._asked += 1  # a key of its own: of equal keys only the newest would be done
        number = self._asked

        def done(result: Any) -> None:
            self._unwritten.pop(number, None)
            tell(result)
            self.done.emit()

        def failed(trouble: Trouble) -> None:
            self._unwritten.pop(number, None)
            self.failed.emit(trouble.text)
            self.done.emit()

        self._bench.background.ask(f"filing {number}", do, done, failed)


def _move(runs: Sequence[tuple[Run, bool]], move: Callable[[Run], Path]) -> Moved:
    """Move each run that can be moved."""
    moved: list[Binned] = []
    refused: list[Message] = []
    for run, drawn in runs:
        try:
            moved.append(Binned(run, move(run), drawn))
        except InputError as error:
            refused.append(error.message)
    return Moved(tuple(moved), tuple(refused))


def _folder(run: Run) -> Path:
    assert run.folder is not None, "only runs in folders are offered"
    return run.folder
