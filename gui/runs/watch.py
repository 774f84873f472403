"""Keeps an eye on the runs of the workspace: those of the command line and of other windows appear by themselves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from engine.catalogue import Catalogue
from engine.config import RunConfig
from engine.run_records.bin import bin_of, bin_use, runs_in_bin
from engine.run_records.files import modified
from engine.run_records.index import RunIndex, RunRecord
from gui.background import Trouble
from gui.runs.run import settings_of
from gui.runs.words import found_by
from gui.workbench import Workbench

LOOK_MILLISECONDS = 2000
"""How often the folder is looked at. It takes 8 ms for 1,000 runs, in the background."""


@dataclass(frozen=True)
class Sighting:
    """A run that lies in the workspace."""

    record: RunRecord
    config: RunConfig | None
    """None where its settings need a plugin that is gone."""
    words: str
    """What a search finds it by."""


@dataclass(frozen=True)
class Sight:
    """All that lies in the workspace."""

    runs: tuple[Sighting, ...]
    """Newest first. A run that has not changed is the same object as the last time."""
    binned: tuple[Path, ...]
    """The runs in the bin."""
    bin_bytes: int


class RunWatch(QObject):
    """Looks again and again, in the background, and tells what is there when anything has changed."""

    seen = Signal(object)
    """A `Sight`."""
    failed = Signal(object)
    """A `Message`: the folder could not be looked at."""

    def __init__(self, bench: Workbench, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._background = bench.background
        self._look = _Looking(bench.workspace, bench.catalogue)
        self._asked = False
        self._last: Sight | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MILLISECONDS)
        self._timer.timeout.connect(self._look_in_turn)
        self._timer.start()
        self.look()

    def look(self) -> None:
        """Look now, and tell what is there in any case: something was changed, and may be as before by now."""
        self._last = None
        self._ask()

    def _ask(self) -> None:
        self._asked = True
        self._background.ask("runs", self._look, self._on_seen, self._on_trouble)

    def _look_in_turn(self) -> None:
        if not self._asked:
            self._ask()

    def _on_seen(self, sight: Sight) -> None:
        self._asked = False
        last, self._last = self._last, sight
        if last is None or not _same(last, sight):
            self.seen.emit(sight)

    def _on_trouble(self, trouble: Trouble) -> None:
        self._asked = False
        self.failed.emit(trouble.text)


class _Looking:
    """What is done in the background, with what it remembers from the last time."""

    def __init__(self, workspace: Path, catalogue: Catalogue) -> None:
        self._workspace = workspace
        self._catalogue = catalogue
        self._index = RunIndex(workspace)
        self._known: dict[Path, Sighting] = {}
        self._bin: tuple[int, tuple[Path, ...], int] = -1, (), 0

    def __call__(self) -> Sight:
        before = self._known
        records = self._index.records()
        self._known = {record.folder: self._sight(record, before.get(record.folder)) for record in records}
        when = modified(bin_of(self._workspace))
        if when != self._bin[0]:  # runs come into it and leave it whole
            self._bin = when, runs_in_bin(self._workspace), bin_use(self._workspace)
        return Sight(tuple(self._known.values()), *self._bin[1:])

    def _sight(self, record: RunRecord, before: Sighting | None) -> Sighting:
        if before is not None and before.record is record:
            return before
        same = before is not None and before.record.settings == record.settings
        config = before.config if before is not None and same else settings_of(record, self._catalogue)
        return Sighting(record, config, found_by(record, config))


def _same(one: Sight, other: Sight) -> bool:
    return (
        len(one.runs) == len(other.runs)
        and all(a is b for a, b in zip(one.runs, other.runs, strict=True))
        and (one.binned, one.bin_bytes) == (other.binned, other.bin_bytes)
    )
