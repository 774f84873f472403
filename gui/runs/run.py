"""Runs as the window knows them: the one that trains, those of this session, and those in the workspace."""

from __future__ import annotations

import math
import os
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from engine.catalogue import Catalogue
from engine.config import RunConfig
from engine.events import Changed, Failed, Finished, Started
from engine.frozen.proof import Proof
from engine.history import EpochRow, History
from engine.inside.record import LayerLook
from engine.message import InputError, Message
from engine.run_records.index import RunRecord, Status
from engine.run_records.notes import Notes
from gui.words import title

GOES_ON = (Status.UNFINISHED, Status.INTERRUPTED, Status.FAILED)
"""How a run stands that can go on from its last checkpoint."""


@dataclass(eq=False)
class Run:
    """A run: where it is kept, what it was set to, what happened in it, how it ended. Equal to itself alone."""

    label: str
    config: RunConfig | None = None
    folder: Path | None = None
    history: History = field(default_factory=History)
    looks: list[LayerLook] = field(default_factory=list)
    """What was seen inside its network while it trained in this session."""
    started: Started | None = None
    outcome: Finished | Failed | None = None
    unfinished: bool = False
    """For a run of the past: whether it was left before its end."""
    monitor: str = "val_loss"
    source: Path | None = None
    """The file that it was loaded from, until it goes on."""
    images: bool | None = None
    """Whether its samples are images, once a checkpoint of it was loaded."""
    epochs: int = 0
    """The total of epochs that it was to come to, once that is known."""
    reason: Message | None = None
    """Why it came to its end, once it has."""
    forked_epoch: float | None = None
    """Where it left its parent, in epochs."""
    parent: str = ""
    """What the run is called that it is a fork of."""
    changes: list[Changed] = field(default_factory=list)
    """What was changed while it trained, in order."""
    proof: Proof | None = None
    """What became of its layers, where it trains in this session and freezes some."""
    record: RunRecord | None = None
    """What its folder told of it last: the steps stay there until the run is loaded."""
    begun: datetime = field(default_factory=datetime.now)

    @property
    def title(self) -> str:
        """What it is called in a list, where other runs may be called the same."""
        if self.notes.name or self.config is None:
            return self.notes.name or (self.record.title if self.record else "") or self.label
        return label_of(self.config)

    @property
    def notes(self) -> Notes:
        """What a person wrote on it."""
        return self.record.notes if self.record else Notes()

    @property
    def elsewhere(self) -> bool:
        """Whether another process trains it."""
        return self.record is not None and self.record.holder not in (None, os.getpid())

    @property
    def seconds(self) -> float:
        """What its epochs took: training and validation."""
        return sum((row.train_seconds or 0.0) + (row.val_seconds or 0.0) for row in self.history.epochs)

    @property
    def test(self) -> tuple[float | None, float | None]:
        """Loss and accuracy on the test part, once it has come to its end."""
        told = self.outcome if isinstance(self.outcome, Finished) else self.record
        return (told.test_loss, told.test_accuracy) if told else (None, None)

    @property
    def continue_from(self) -> Path | None:
        """The file from which the run can go on to where it was to end; None if it came there, or has no such file."""
        if isinstance(self.outcome, Finished):
            unfinished = self.outcome.stopped
        else:
            unfinished = self.unfinished or isinstance(self.outcome, Failed)
        return self.checkpoint if unfinished and not self.elsewhere else None

    @property
    def extend_from(self) -> Path | None:
        """The file from which the run, having come to its end or been stopped, can train more epochs than planned."""
        return self.checkpoint if not isinstance(self.outcome, Failed) and not self.elsewhere else None

    @property
    def ended_early(self) -> bool:
        """Whether a stopping rule ended it before all its epochs were done."""
        return self.reason is not None and self.reason.code != "all-epochs"

    @property
    def checkpoint(self) -> Path | None:
        """The newest file of the run; None where there is none any more."""
        return self.source if self.source is not None and self.source.is_file() else self.last_checkpoint

    @property
    def last_checkpoint(self) -> Path | None:
        """The file that the run can be continued from, where there is one."""
        path = self.folder / "checkpoints" / "last.safetensors" if self.folder else None
        return path if path and path.is_file() else None

    @property
    def best(self) -> EpochRow | None:
        """Its best epoch; by training loss where it has no validation part."""
        return self.history.best(self.monitor) or self.history.best("train_loss")

    @property
    def last(self) -> EpochRow | None:
        """Its last epoch."""
        return self.history.epochs[-1] if self.history.epochs else None

    @property
    def lr(self) -> float:
        """The learning rate that it trains with, or trained with last."""
        step = int(self.history.steps[-1, 0]) if len(self.history.steps) else -1
        if self.changes and self.changes[-1].step >= step:
            return self.changes[-1].new
        if step >= 0:
            return float(self.history.steps[-1, 2])
        return self.started.lr if self.started else math.nan

    @property
    def gap(self) -> float | None:
        """Validation loss less clean training loss, of the last epoch: like for like, how much was learnt by heart."""
        last = self.last
        if last is None or last.val_loss is None or last.clean_train_loss is None:
            return None
        return last.val_loss - last.clean_train_loss


def copy_of(history: History) -> History:
    """A copy that the training thread does not touch."""
    copy = History()
    copy.epochs = list(history.epochs)
    copy.marks = list(history.marks)
    copy.add_steps(history.steps)
    return copy


def label_of(config: RunConfig) -> str:
    """What a run is called where its user gave no name: its model and what is ticked."""
    return config.name or " + ".join(title(type(strategy)) for strategy in (config.model, *config.with_))


def unique_label(label: str, taken: Collection[str]) -> str:
    """The label, numbered where others bear it."""
    number, candidate = 1, label
    while candidate in taken:
        number += 1
        candidate = f"{label} ({number})"
    return candidate


def settings_of(record: RunRecord, catalogue: Catalogue) -> RunConfig | None:
    """The settings of a run of the workspace; None where they need a plugin that is gone."""
    try:
        return RunConfig.from_dict(record.settings, catalogue)
    except InputError:
        return None


def dated(run: Run) -> str:
    """What a run of the past is called on the graph: its name, and when it was begun."""
    return f"{run.title}, {run.begun:%m-%d %H:%M}"


def tell(run: Run, record: RunRecord, config: RunConfig | None) -> None:
    """Let a run know what its folder tells of it. What happens to it in this session stands above that."""
    run.record, run.folder, run.begun = record, record.folder, record.started
    if record.holder == os.getpid() and run.started is not None:
        return
    if run.elsewhere:
        run.outcome = None  # how it ended here is past
    if run.config is None:
        run.config = config
        run.monitor = config.monitor if config else record.monitor
    # One that was loaded from an older file shows what was done up to there.
    if run.source in (None, run.last_checkpoint) and run.history.epochs != list(record.rows):
        run.history.epochs = list(record.rows)
    if run.outcome is None:
        ended = record.status in (Status.FINISHED, Status.STOPPED_EARLY)
        run.unfinished = record.status in GOES_ON
        run.reason = record.reason if ended else None
        run.epochs = record.epochs
        run.parent = str(record.parent.get("run", "")) if record.parent else ""
        run.changes = [Changed(**change) for change in record.changes if _is_lr(change)]


def _is_lr(change: dict[str, Any]) -> bool:
    return change.keys() == {"step", "field", "old", "new"} and change["field"] == "lr"
