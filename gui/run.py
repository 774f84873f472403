"""Runs as the window knows them: the one that trains, those of this session, and those in the workspace."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.catalogue import Catalogue
from engine.config import RunConfig
from engine.events import Changed, Failed, Finished, Started
from engine.history import EpochRow, History, read_history
from engine.message import InputError, Message
from engine.yaml_file import read_yaml
from gui.words import title

PAST_RUNS = 20
"""So many of the newest runs in the workspace are listed."""
MAX_RECORD_BYTES = 5_000_000
"""A run whose record of steps is longer is listed without being read at the start."""


@dataclass
class Run:
    """A run: where it is kept, what it was set to, what happened in it, how it ended."""

    label: str
    config: RunConfig | None = None
    folder: Path | None = None
    history: History = field(default_factory=History)
    started: Started | None = None
    outcome: Finished | Failed | None = None
    unfinished: bool = False
    """For a run of the past: whether it was left before its end."""
    monitor: str = "val_loss"
    source: Path | None = None
    """The file that it was loaded from, until it goes on."""
    epochs: int = 0
    """The total of epochs that it was to come to, once that is known."""
    reason: Message | None = None
    """Why it came to its end, once it has."""
    parent: str = ""
    """What the run is called that it is a fork of."""
    changes: list[Changed] = field(default_factory=list)
    """What was changed while it trained, in order."""

    @property
    def continue_from(self) -> Path | None:
        """The file from which the run can go on to where it was to end; None if it came there, or has no such file."""
        if isinstance(self.outcome, Finished):
            unfinished = self.outcome.stopped
        else:
            unfinished = self.unfinished or isinstance(self.outcome, Failed)
        return self.checkpoint if unfinished else None

    @property
    def extend_from(self) -> Path | None:
        """The file from which the run, having come to its end, can train more epochs."""
        ended = self.continue_from is None and not isinstance(self.outcome, Failed)
        return self.checkpoint if ended else None

    @property
    def ended_early(self) -> bool:
        """Whether a stopping rule ended it before all its epochs were done."""
        return self.reason is not None and self.reason.code != "all-epochs"

    @property
    def checkpoint(self) -> Path | None:
        """The newest file of the run."""
        return self.source or self.last_checkpoint

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


def unique_label(label: str, taken: list[str]) -> str:
    """The label, numbered where others bear it."""
    number, candidate = 1, label
    while candidate in taken:
        number += 1
        candidate = f"{label} ({number})"
    return candidate


def past_runs(workspace: Path, catalogue: Catalogue) -> list[Run]:
    """The newest runs in the workspace that have at least one epoch, newest first.

    Reads many files: not for the main thread.
    """
    folders = sorted((path for path in (workspace / "runs").glob("*") if path.is_dir()), reverse=True)
    runs: list[Run] = []
    for folder in folders[:PAST_RUNS]:
        run = _past_run(folder, catalogue)
        if run is not None:
            run.label = unique_label(run.label, [other.label for other in runs])
            runs.append(run)
    return runs


def _past_run(folder: Path, catalogue: Catalogue) -> Run | None:
    from engine.checkpoint import read_meta

    try:
        if (folder / "steps.csv").stat().st_size > MAX_RECORD_BYTES:
            return None
        history = read_history(folder)
        settings = read_yaml(folder / "config.yaml")
        meta = read_meta(folder / "checkpoints" / "last.safetensors")
        unfinished = meta["progress"]["reason"] is None
    except (InputError, OSError, KeyError, TypeError, ValueError):
        return None
    if not history.epochs:
        return None
    config, label = _settings(settings, catalogue)
    when = re.match(r"\d{4}-(\d\d-\d\d)_(\d\d)-(\d\d)", folder.name)
    label = f"{label}, {when[1]} {when[2]}:{when[3]}" if when else f"{label}, {folder.name}"
    monitor = config.monitor if config else "val_loss"
    return Run(label, config, folder, history, unfinished=unfinished, monitor=monitor)


def _settings(data: dict[str, Any], catalogue: Catalogue) -> tuple[RunConfig | None, str]:
    """The settings of a run of the past and what it is called; None where they need a plugin that is gone."""
    plain = {name: value for name, value in data.items() if name != "changes"}
    try:
        config = RunConfig.from_dict(plain, catalogue)
    except InputError:
        model = data.get("model")
        return None, str(model.get("id", "")) if isinstance(model, dict) else ""
    return config, label_of(config)
