"""Runs in a workspace: a new one, or one that goes on from a checkpoint."""

from __future__ import annotations

import os
from pathlib import Path

import torch

from engine.catalogue import Catalogue
from engine.checkpoints.checkpoint import Snapshot, history_of, read_checkpoint
from engine.checkpoints.choice import read_chosen, with_offer
from engine.checkpoints.header import read_meta
from engine.checkpoints.meta import check_settings
from engine.config import RunConfig
from engine.data import Report
from engine.files import write_bytes
from engine.message import InputError, Phrase
from engine.position import check_total
from engine.processes.ranks import Alone
from engine.run_records.files import trained_by
from engine.store import RunFolder, cannot_write
from engine.trainer import Trainer

DATA = ("dataset", "train_samples", "validation_samples", "split_seed")
"""The settings that say which samples there are."""
JUDGED = (*DATA, "loss", "monitor")
"""The settings by which the best epoch is told: figures under others can't be compared."""


def new_run(
    config: RunConfig,
    catalogue: Catalogue,
    workspace: Path,
    report: Report = lambda text, done: None,
    ranks: Alone | None = None,
) -> Trainer:
    """A run in a new folder of the workspace, which is made once the run is ready to start.

    `ranks` are the processes that train it together. Raises `InputError` where the settings or the data can't be used,
    or the workspace can't be written.
    """
    ranks = ranks or Alone()
    ranks.lead(lambda: check_writable(workspace))
    create = Creating(workspace, config)
    with create:
        return Trainer(config, create, data_folder=workspace / "data", report=report, catalogue=catalogue, ranks=ranks)


class Creating:
    """Opens a new run folder when called, and removes it where the run does not come to be."""

    def __init__(self, workspace: Path, config: RunConfig) -> None:
        self._workspace, self._config = workspace, config
        self._made: RunFolder | None = None

    def __call__(self) -> RunFolder:
        """The new folder."""
        self._made = RunFolder.create(self._workspace, self._config.model.id, self._config.dataset.id)
        return self._made

    def __enter__(self) -> Creating:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if error is not None and self._made is not None:
            self._made.discard()


def resume_run(
    checkpoint: Path,
    catalogue: Catalogue,
    workspace: Path,
    *,
    epochs: int | None = None,
    more: int | None = None,
    reschedule: bool = False,
    report: Report = lambda text, done: None,
    ranks: Alone | None = None,
) -> Trainer:
    """A run that goes on exactly where a checkpoint (or the last one of a run's folder) left it.

    It goes on in its run's folder. A checkpoint that is older than its run's last, or lies in no run's folder, goes on
    in a new folder, so that nothing that came after it is lost. `epochs` is a new total, `more` adds to it;
    `reschedule` plans the learning rate anew for the new total instead of holding its last value.

    Raises `InputError` where the checkpoint can't be used, needs a plugin that is absent, or its run is running.
    """
    ranks = ranks or Alone()

    def read() -> Snapshot:
        check_writable(workspace)
        check_free(file_of(checkpoint))
        return read_chosen(file_of(checkpoint))

    snapshot = ranks.snapshot(read)
    assert snapshot is not None
    with ranks.together():
        config = config_of(snapshot, catalogue, checkpoint)
        total = _new_total(snapshot, epochs, more)
        create = Creating(workspace, config)
        folder = _own_folder(file_of(checkpoint), snapshot) if ranks.leads else None

    def open_store() -> RunFolder:
        store = folder or create()
        if folder is None:
            bring_best(file_of(checkpoint), snapshot, store)
        store.rewrite_record(history_of(snapshot), snapshot.meta["progress"]["step"])
        return store

    try:
        with create:
            trainer = Trainer(
                config, open_store, data_folder=workspace / "data", report=report, snapshot=snapshot,
                catalogue=catalogue, ranks=ranks,
            )  # fmt: skip
            if total is not None:
                trainer.extend(total, reschedule=reschedule)
    except BaseException:
        if folder is not None:
            folder.close()
        raise
    return trainer


def file_of(checkpoint: Path) -> Path:
    """A checkpoint's file: the last one where a run's folder is meant. Raises `InputError` where that has none."""
    return last_checkpoint(checkpoint) if checkpoint.is_dir() else checkpoint


def check_free(checkpoint: Path) -> None:
    """Raise `InputError` where this is the last checkpoint of a run that somebody trains.

    Asked before it is read: a moment later the run may have another, and this one be taken for an older one.
    """
    run = checkpoint.absolute().parent.parent
    held = trained_by(run) if checkpoint.absolute() == run / "checkpoints" / "last.safetensors" else None
    if held is not None:
        raise held.refusal(run.name)


def _new_total(snapshot: Snapshot, epochs: int | None, more: int | None) -> int | None:
    """The new total of epochs, if one is asked for. Raises `InputError` where it adds nothing."""
    if epochs is None and more is None:
        return None
    progress = snapshot.meta["progress"]
    if more is not None and more < 1:
        raise InputError("nothing-to-add", "{more} epochs more are none: give a number from 1 on", more=more)
    base = snapshot.meta["epochs"] if progress["reason"] is None else progress["epoch"]
    total = epochs if epochs is not None else base + (more or 0)
    check_total(total, progress["epoch"])
    return int(total)


def config_of(snapshot: Snapshot, catalogue: Catalogue, where: Path | str = "the checkpoint") -> RunConfig:
    """The settings of a checkpoint.

    Raises `InputError` where it needs an absent plugin (named), or says that it stands where such a run can't.
    """
    for plugin in snapshot.meta["plugins"]:
        try:
            catalogue.entry(plugin["id"])
        except InputError as error:
            raise InputError(
                "plugin-missing", "the checkpoint needs the plugin {id} ({kind}), which is missing: {reason}",
                id=plugin["id"], kind=plugin["kind"], reason=Phrase(error.message),
            ) from None  # fmt: skip
    config = RunConfig.from_dict(snapshot.meta["config"], catalogue)
    check_settings(snapshot.meta, config, str(where))
    return config


def last_checkpoint(run: Path) -> Path:
    """The last checkpoint of a run's folder. Raises `InputError` where there is none."""
    path = run / "checkpoints" / "last.safetensors"
    if not path.is_file():
        raise with_offer(InputError("no-checkpoint", "{path} holds no last checkpoint of a run", path=run), path)
    return path


def best_checkpoint(run: Path) -> Path:
    """The best checkpoint of a run's folder, or its last where no epoch is done. Raises `InputError` where none is."""
    path = run / "checkpoints" / "best.safetensors"
    return path if os.path.lexists(path) else last_checkpoint(run)  # what else bears its name, its reader refuses


def unfinished_run(workspace: Path) -> Path | None:
    """The newest run of the workspace if it was left before its end, so that it can be continued."""
    folders = sorted((workspace / "runs").glob("*/checkpoints/last.safetensors"), reverse=True)
    if not folders:
        return None
    try:
        meta = read_meta(folders[0])
        return folders[0].parent.parent if meta["progress"]["reason"] is None else None
    except InputError:
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
    if not is_last(checkpoint, snapshot):
        return None
    last = run / "checkpoints" / "last.safetensors"
    folder = RunFolder(run)
    if not _same_step(last, snapshot):  # another process went on with it before it was locked
        folder.close()
        return None
    return folder


def is_last(checkpoint: Path, snapshot: Snapshot) -> bool:
    """Whether a checkpoint lies in the folder of a run and is its last, or of the same step."""
    run = checkpoint.absolute().parent.parent
    last = run / "checkpoints" / "last.safetensors"
    return (
        checkpoint.absolute().parent == last.parent and (run / "config.yaml").is_file() and _same_step(last, snapshot)
    )


def _same_step(last: Path, snapshot: Snapshot) -> bool:
    try:
        return bool(read_meta(last)["progress"]["step"] == snapshot.meta["progress"]["step"])
    except InputError:
        return False


def bring_best(checkpoint: Path, snapshot: Snapshot, store: RunFolder) -> None:
    """Copy the best checkpoint that lies beside this one into another folder, where it is of the same run's past.

    In the folder of a fork that may be its parent's, with other settings, as long as it was judged by the same. One
    that can't be read is left. Raises `InputError` where there is no room for it.
    """
    path = checkpoint.parent / "best.safetensors"
    try:
        best = read_checkpoint(path)
        past = snapshot.tensors["history.epochs"][: len(best.tensors["history.epochs"])]
        same = torch.equal(best.tensors["history.epochs"].nan_to_num(-1.0), past.nan_to_num(-1.0))
        theirs, mine = best.meta["config"], snapshot.meta["config"]
        if same and all(theirs.get(name) == mine.get(name) for name in JUDGED):
            write_bytes(store.path / "checkpoints" / "best.safetensors", path.read_bytes())
    except InputError:
        return
    except OSError as error:
        raise cannot_write(store.path, error) from None
