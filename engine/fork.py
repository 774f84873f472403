"""A fork: a new run with other settings that begins where a checkpoint left another run.

Only the learning rate and the number of epochs change within a run. Every other change makes a run of its own, which
names its parent and shares its past.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch

from engine.catalogue import Catalogue
from engine.checkpoints.checkpoint import Snapshot, history_of
from engine.checkpoints.choice import read_chosen
from engine.checkpoints.meta import Meta
from engine.config import RunConfig
from engine.data import Report, Source, batch_bounds, split
from engine.message import InputError
from engine.position import Change, Parent, Position, Sums
from engine.processes.ranks import Alone
from engine.remedy import with_changes
from engine.runs import DATA, JUDGED, Creating, bring_best, check_writable, config_of, file_of
from engine.schedule import Schedule
from engine.store import RunFolder
from engine.strategy import DataSpec
from engine.strategy_text import strategy_to_dict
from engine.trainer import Trainer

BATCHES = (*DATA, "batch_size", "seed")
"""The settings that, with the regularizers that draw the order, say which samples make up which batch."""


def fork_run(
    checkpoint: Path,
    config: RunConfig,
    catalogue: Catalogue,
    workspace: Path,
    report: Report = lambda text, done: None,
    ranks: Alone | None = None,
) -> Trainer:
    """A new run with these settings that begins at a checkpoint (or the last one of a run's folder).

    Weights, their average, the record and the place in the plan go along, and the optimizer's state where the optimizer
    is the same. So does a learning rate that was changed by hand, unless the settings name another than the parent's,
    and one that is held beyond the plan, unless they name another total or scheduler. Where other settings make other
    batches, an epoch that was begun is begun anew. Stopping rules judge what comes after the fork. `config.epochs` is
    the total, with those of the past.

    Raises `InputError` where the checkpoint can't be used or its weights don't fit the settings, and where as many
    epochs are done already.
    """
    ranks = ranks or Alone()

    def read() -> Snapshot:
        check_writable(workspace)
        return read_chosen(file_of(checkpoint))

    parent = ranks.snapshot(read)
    assert parent is not None
    name = ranks.lead(lambda: _name_of(file_of(checkpoint)))
    with ranks.together(), ranks.in_turn():
        before = config_of(parent, catalogue, checkpoint)
        _check_changes(before, config, parent.meta["progress"]["epoch"])
        spec = _data_spec(config, workspace, report) if _differ(before, config, DATA) else None
        snapshot = forked(parent, before, config, name, spec)
    create = Creating(workspace, config)

    def open_store() -> RunFolder:
        store = create()
        if not _differ(before, config, JUDGED):
            bring_best(file_of(checkpoint), parent, store)
        store.rewrite_record(history_of(snapshot))
        return store

    with create:
        return Trainer(
            config, open_store, data_folder=workspace / "data", report=report, snapshot=snapshot, catalogue=catalogue,
            ranks=ranks,
        )  # fmt: skip


def settings_of(checkpoint: Path, catalogue: Catalogue, ranks: Alone | None = None) -> RunConfig:
    """The settings of a checkpoint's run, with the epochs and the learning rate that it came to: what a fork changes.

    Raises `InputError` as `fork_run`.
    """
    snapshot = (ranks or Alone()).snapshot(lambda: read_chosen(file_of(checkpoint)))
    assert snapshot is not None
    config = config_of(snapshot, catalogue, checkpoint).changed({"epochs": snapshot.meta["epochs"]})
    return with_changes(config, Position.from_meta(snapshot.meta).changes)


def forked(parent: Snapshot, before: RunConfig, config: RunConfig, name: str, data: DataSpec | None) -> Snapshot:
    """The snapshot from which a fork with these settings starts; `name` is what its parent is called.

    `before` are the parent's settings, `data` what the fork's data are where they are others than the parent's.
    """
    meta: dict[str, Any] = {**parent.meta, **({"data": asdict(data), "class_names": []} if data else {})}
    position = Position.from_meta(parent.meta)
    old, new = (
        len(batch_bounds(each["data"]["samples"][0], size))
        for each, size in ((parent.meta, before.batch_size), (meta, config.batch_size))
    )
    meta.pop("proof", None)  # what the fork freezes is held to what it begins with
    tensors = dict(parent.tensors)
    position.parent = Parent(name, position.epoch, position.step)
    if _differ(before, config, BATCHES) or before.giving("order") != config.giving("order"):
        tensors["history.steps"] = _renumbered(tensors["history.steps"], position.epoch * old, new / old)
        position.step, position.batch, position.sums = position.epoch * new, 0, Sums()
    if _differ(before, config, JUDGED):
        position.best_since = position.epoch
    position.changes = _kept_changes(parent, before, config, position.step, new / old)
    position.reason = None
    position.seconds = -position.sums.seconds
    if before.optimizer != config.optimizer:
        tensors = {key: tensor for key, tensor in tensors.items() if not key.startswith("optimizer.")}
        meta |= {"optimizer": {}, "stepped": []}
    if not config.giving("average_share"):
        tensors = {key: tensor for key, tensor in tensors.items() if not key.startswith("average.")}
        meta["averaged"] = False
    threads = parent.meta["environment"]["threads"] if config.threads == "auto" else int(config.threads)
    meta |= position.to_meta()
    meta |= {"epochs": config.epochs, "marks": [*parent.meta["marks"], position.epoch]}
    meta["environment"] = parent.meta["environment"] | {"threads": threads}
    return Snapshot(tensors, cast(Meta, meta))


def _check_changes(before: RunConfig, config: RunConfig, done: int) -> None:
    """Raise `InputError` for a change that trained weights can't follow, and where no epoch is left to train."""
    if config.epochs <= done:
        raise InputError(
            "fork-epochs", "{done} epochs of that run are done already and count: set epochs to more than {done}",
            done=done,
        )  # fmt: skip
    if before.task != config.task:
        raise InputError(
            "fork-task", "that run is a {old}, and with these settings it were a {new}: start a new run, whose "
            "initial weights may come from this checkpoint", old=before.task, new=config.task,
        )  # fmt: skip
    if strategy_to_dict(before.scaling) != strategy_to_dict(config.scaling):
        raise InputError(
            "fork-scaling", "the weights have learnt from inputs scaled by {old}: keep that scaling in a fork, or "
            "start a new run", old=before.scaling.id,
        )  # fmt: skip
    if strategy_to_dict(before.initializer) != strategy_to_dict(config.initializer):
        raise InputError(
            "fork-initializer", "a fork goes on with trained weights, which another initializer can't change: keep "
            "{old}, or start a new run", old=before.initializer.id,
        )  # fmt: skip


def _kept_changes(parent: Snapshot, before: RunConfig, config: RunConfig, step: int, factor: float) -> list[Change]:
    """The changes made in the parent that still apply: what the settings don't change goes on as it was.

    A fork's epochs have `factor` times the steps of the parent's; it begins after `step` of its own.
    """
    made = [Change(**change) for change in parent.meta["changes"]]
    kept = [replace(change, step=min(step, round(change.step * factor))) for change in made if change.field == "lr"]
    kept = kept if config.lr == before.lr else []
    planned, total = Schedule(before, 1, made).planned_epochs, parent.meta["epochs"]
    if planned != total == config.epochs and before.schedulers == config.schedulers:
        kept.append(Change(step, "schedule", total, planned))
    return kept


def _differ(before: RunConfig, config: RunConfig, names: tuple[str, ...]) -> bool:
    return any(getattr(before, name) != getattr(config, name) for name in names)


def _data_spec(config: RunConfig, workspace: Path, report: Report) -> DataSpec:
    return split(config.dataset.load(Source(workspace / "data", report)), config).spec


def _renumbered(steps: torch.Tensor, last: int, factor: float) -> torch.Tensor:
    """The record of steps (`[N, 3]`, the step first) up to `last`, counted as if epochs had so many times the steps."""
    rows = steps.numpy()
    rows = rows[rows[:, 0] <= last].copy()
    rows[:, 0] = np.maximum(1, np.round(rows[:, 0] * factor))
    _, first = np.unique(rows[:, 0], return_index=True)
    return torch.from_numpy(rows[first])


def _name_of(checkpoint: Path) -> str:
    """What a parent is called: the name of its run's folder, or of the file where it lies in none."""
    folder = checkpoint.absolute().parent.parent
    return folder.name if (folder / "config.yaml").is_file() else checkpoint.name
