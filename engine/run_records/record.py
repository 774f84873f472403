"""A run, as its folder tells of it. Of its files only the small ones are read, never its steps or its weights."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from engine.checkpoints.header import read_meta
from engine.history import EpochRow, best_of, read_epochs
from engine.message import InputError, Message, message, one_line
from engine.reading import opened
from engine.run_records.files import disk_use, holder, is_file, is_run, modified
from engine.run_records.notes import Notes, read_notes
from engine.run_records.result import Result, read_result
from engine.yaml_file import read_yaml

LAST = "checkpoints/last.safetensors"
MAX_TITLE = 200
"""Characters of what a run is called, at most."""
LOG_BYTES = 20_000
"""So much of the end of a log is read."""


class Status(StrEnum):
    """How a run stands."""

    TRAINING = "training"
    FINISHED = "finished"
    """All its epochs are done."""
    STOPPED_EARLY = "stopped early"
    """A stopping rule ended it."""
    UNFINISHED = "unfinished"
    """A person stopped it: it can go on."""
    INTERRUPTED = "interrupted"
    """Its process ended without a word: it can go on from its last checkpoint."""
    FAILED = "failed"


@dataclass(frozen=True)
class RunRecord:
    """A run, as its folder tells of it."""

    folder: Path
    settings: dict[str, Any]
    """As `config.yaml` has them, without what was changed in the run and what it is a fork of."""
    rows: tuple[EpochRow, ...]
    """Its epochs."""
    status: Status
    reason: Message | None = None
    """Why it ended, where it ended."""
    epochs: int = 0
    """How many it is to have in all."""
    samples: tuple[int, int, int] | None = None
    """For training, validation and test; None where no checkpoint tells."""
    test_loss: float | None = None
    test_accuracy: float | None = None
    changes: tuple[dict[str, Any], ...] = ()
    """The changes made in the run, in order: step, field, old, new."""
    parent: dict[str, Any] | None = None
    """The run that it is a fork of: run, epoch, step."""
    holder: int | None = None
    """The process that trains it, 0 where that is not known; None where none does."""
    bytes: int = 0
    """On the disk."""
    notes: Notes = field(default_factory=Notes)

    @property
    def title(self) -> str:
        """What it is called: by its notes, by its settings, else by its model and what is ticked."""
        ids = [_id(self.settings.get("model")), *map(_id, _list(self.settings.get("with")))]
        name = self.settings.get("name")
        title = self.notes.name or (name if isinstance(name, str) else "") or " + ".join(filter(None, ids))
        return one_line(title, MAX_TITLE)

    @property
    def started(self) -> datetime:
        """When it was begun: as its folder's name says, else when the folder was last changed."""
        try:
            return datetime.strptime(self.folder.name[:19], "%Y-%m-%d_%H-%M-%S")
        except ValueError:
            return datetime.fromtimestamp(modified(self.folder) / 1e9)

    @property
    def monitor(self) -> str:
        """The figure by which its best epoch is chosen, which it has: the training loss where it has no other."""
        named = str(self.settings.get("monitor", "val_loss"))
        known = named in EpochRow._fields and any(getattr(row, named) is not None for row in self.rows)
        return named if known else "train_loss"

    @property
    def best(self) -> EpochRow | None:
        """Its best epoch, the earliest of equals."""
        return best_of(self.rows, self.monitor)

    @property
    def last(self) -> EpochRow | None:
        """Its last epoch."""
        return self.rows[-1] if self.rows else None

    @property
    def gap(self) -> float | None:
        """Validation loss less clean training loss, of the last epoch."""
        return self.last.gap if self.last else None

    @property
    def seconds(self) -> float:
        """What its epochs took: training and validation."""
        return sum(row.train_seconds + row.val_seconds for row in self.rows)


def read_run(folder: Path) -> RunRecord | None:
    """The run in this folder; None where there is none, or it is not whole yet."""
    if not is_run(folder):
        return None
    held = holder(folder)
    meta = _meta(folder / LAST)
    try:
        settings = dict(meta["config"]) if meta else read_yaml(folder / "config.yaml", links=False)
        rows = tuple(read_epochs(folder))
        changes = tuple(_list((meta or settings).get("changes")))
        parent = (meta or settings).get("parent")
        result = read_result(folder)
        entry = "" if result else _last_entry(folder / "log.txt")
        status, reason = _status(held, meta, result, entry)
        test = (result.test_loss, result.test_accuracy) if result else _test_figures(entry)
        return RunRecord(
            folder=folder,
            settings={name: value for name, value in settings.items() if name not in ("changes", "parent")},
            rows=rows,
            status=status,
            reason=reason,
            epochs=int(meta["epochs"] if meta else settings.get("epochs", 0)),
            samples=_samples(meta),
            test_loss=test[0],
            test_accuracy=test[1],
            changes=tuple(change for change in changes if isinstance(change, dict)),
            parent=parent if isinstance(parent, dict) else None,
            holder=held,
            bytes=disk_use(folder),
            notes=read_notes(folder),
        )
    except (InputError, OSError, KeyError, TypeError, ValueError, OverflowError):
        return None


def _meta(checkpoint: Path) -> dict[str, Any] | None:
    """The metadata of a run's last checkpoint; None where there is none that can be used."""
    if not is_file(checkpoint):
        return None
    try:
        return dict(read_meta(checkpoint))
    except InputError:
        return None


def _status(
    held: int | None, meta: dict[str, Any] | None, result: Result | None, entry: str
) -> tuple[Status, Message | None]:
    """How a run stands, and why: by its lock, its last checkpoint, its result, and where it has none, by its log."""
    if held is not None:
        return Status.TRAINING, None
    reason = meta["progress"].get("reason") if meta else None
    ended = Message.from_dict(reason) if isinstance(reason, dict) else result.reason if result else None
    if result is not None and ended is result.reason and (result.failed or result.stopped):
        return (Status.FAILED if result.failed else Status.UNFINISHED), ended
    if ended is not None:
        return (Status.FINISHED if ended.code == "all-epochs" else Status.STOPPED_EARLY), ended
    if not entry or entry.startswith("training from step"):
        return Status.INTERRUPTED, message("run-interrupted", "its process ended without a word")
    told = message("run-ended", "{text}", text=entry.split("\n", 1)[0][:500])
    return (Status.UNFINISHED if entry.startswith("stopped ") else Status.FAILED), told


def _samples(meta: dict[str, Any] | None) -> tuple[int, int, int] | None:
    if meta is None:
        return None
    training, validation, test = meta["data"]["samples"]
    return int(training), int(validation), int(test)


def _last_entry(log: Path) -> str:
    """The last entry of a run's log, without its time; empty where there is none."""
    try:
        with opened(log, links=False) as (file, size):
            file.seek(max(0, size - LOG_BYTES))
            text = file.read(LOG_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
    return re.split(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ", text, flags=re.MULTILINE)[-1].strip()


def _test_figures(entry: str) -> tuple[float | None, float | None]:
    """Loss and accuracy on the test part, as the log tells them of a run that was made before there were results."""
    found = re.search(r"; test accuracy (None|\d[\d.e+-]*), test loss (-?\d[\d.e+-]*)$", entry)
    if found is None:
        return None, None
    return float(found[2]), None if found[1] == "None" else float(found[1])


def _id(strategy: object) -> str:
    """The id of a strategy in the settings."""
    id = strategy.get("id") if isinstance(strategy, dict) else strategy
    return id.partition(":")[0] if isinstance(id, str) else ""


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
