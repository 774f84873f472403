"""Runs in a workspace: a new one, or one that goes on from a checkpoint."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from engine.catalogue import Catalogue
from engine.checkpoint import Snapshot, read_checkpoint, read_meta
from engine.config import RunConfig
from engine.data import Report
from engine.message import InputError
from engine.store import RunFolder, cannot_write
from engine.trainer import Trainer, history_of

NEEDED = frozenset(
    ("config", "changes", "progress", "sums", "epochs", "marks", "data", "input", "environment", "plugins")
)
"""What the metadata of a run's checkpoint holds."""


def new_run(
    config: RunConfig, catalogue: Catalogue, workspace: Path, report: Report = lambda text, done: None
) -> Trainer:
    """A run in a new folder of the workspace, which is made once the run is ready to start.

    Raises `InputError` where the settings or the data can't be used, or the workspace can't be written.
    """
    check_writable(workspace)
    return Trainer(
        config,
        lambda: RunFolder.create(workspace, config.model.id, config.dataset.id),
        data_folder=workspace / "data",
        report=report,
        catalogue=catalogue,
    )


def resume_run(
    checkpoint: Path,
    catalogue: Catalogue,
    workspace: Path,
    *,
    epochs: int | None = None,
    more: int | None = None,
    reschedule: bool = False,
    report: Report = lambda text, done: None,
) -> Trainer:
    """A run that goes on exactly where a checkpoint (or the last one of a run's folder) left it.

    It goes on in its run's folder. A checkpoint that is older than its run's last, or lies in no run's folder, goes on
    in a new folder, so that nothing that came after it is lost. `epochs` is a new total, `more` adds to it;
    `reschedule` plans the learning rate anew for the new total instead of holding its last value.

    Raises `InputError` where the checkpoint can't be used, needs a plugin that is absent, or its run is running.
    """
    check_writable(workspace)
    if checkpoint.is_dir():
        checkpoint = last_checkpoint(checkpoint)
    snapshot = read_checkpoint(checkpoint)
    config = config_of(snapshot, catalogue)
    folder = _own_folder(checkpoint, snapshot)

    def open_store() -> RunFolder:
        store = folder or RunFolder.create(workspace, config.model.id, config.dataset.id)
        if folder is None:
            _bring_best(checkpoint, snapshot, store)
        store.rewrite_record(history_of(snapshot))
        return store

    try:
        trainer = Trainer(
            config, open_store, data_folder=workspace / "data", report=report, snapshot=snapshot, catalogue=catalogue
        )
        if epochs is not None or more is not None:
            position = trainer.position
            base = trainer.epochs if position.reason is None else position.epoch
            trainer.extend(epochs if epochs is not None else base + (more or 0), reschedule=reschedule)
    except BaseException:
        if folder is not None:
            folder.close()
        raise
    return trainer


def config_of(snapshot: Snapshot, catalogue: Catalogue) -> RunConfig:
    """The settings of a checkpoint. Raises `InputError` where it is no run's, or needs an absent plugin (named)."""
    missing = NEEDED - snapshot.meta.keys()
    if missing:
        raise InputError(
            "incomplete-checkpoint", "the checkpoint is not that of a run (it lacks {missing}): take another",
            missing=", ".join(sorted(missing)),
        )  # fmt: skip
    for plugin in snapshot.meta["plugins"]:
        try:
            catalogue.entry(plugin["id"])
        except InputError as error:
            raise InputError(
                "plugin-missing", "the checkpoint needs the plugin {id} ({kind}), which is missing: {reason}",
                id=plugin["id"], kind=plugin["kind"], reason=str(error),
            ) from None  # fmt: skip
    return RunConfig.from_dict(snapshot.meta["config"], catalogue)


def last_checkpoint(run: Path) -> Path:
    """The last checkpoint of a run's folder. Raises `InputError` where there is none."""
    path = run / "checkpoints" / "last.safetensors"
    if not path.is_file():
        raise InputError("no-checkpoint", "{path} holds no checkpoint of a run", path=run)
    return path


def unfinished_run(workspace: Path) -> Path | None:
    """The newest run of the workspace if it was left before its end, so that it can be continued."""
    folders = sorted((workspace / "runs").glob("*/checkpoints/last.safetensors"), reverse=True)
    if not folders:
        return None
    try:
        meta = read_meta(folders[0])
        return folders[0].parent.parent if meta["progress"]["reason"] is None else None
    except (InputError, KeyError, TypeError):
        return None


def check_writable(workspace: Path) -> None:
    """Raise `InputError` where the workspace can't be made or written. Makes nothing."""
    runs = workspace / "runs"
    there = next(folder for folder in (runs, *runs.parents) if folder.exists())
    if not there.is_dir():
        raise cannot_write(workspace, NotADirectoryError(20, f"{there} is not a folder"))
    if not os.access(there, os.W_OK | os.X_OK):
        raise cannot_write(workspace, PermissionError(13, "Permission denied"))


def _own_folder(checkpoint: Path, snapshot: Snapshot) -> RunFolder | None:
    """The folder of the run whose last checkpoint this is, locked; None where it is no run's last."""
    run = checkpoint.absolute().parent.parent
    last = run / "checkpoints" / "last.safetensors"
    if checkpoint.absolute().parent != last.parent or not last.is_file() or not (run / "config.yaml").is_file():
        return None
    if read_meta(last)["progress"]["step"] != snapshot.meta["progress"]["step"]:
        return None
    return RunFolder(run)


def _bring_best(checkpoint: Path, snapshot: Snapshot, store: RunFolder) -> None:
    """Copy the best checkpoint that lies beside this one into another folder, unless it is of a later step."""
    best = checkpoint.parent / "best.safetensors"
    try:
        if read_meta(best)["progress"]["step"] <= snapshot.meta["progress"]["step"]:
            shutil.copyfile(best, store.path / "checkpoints" / "best.safetensors")
    except (InputError, OSError, KeyError, TypeError):
        return
