"""A checkpoint that the user chose: read and verified in a thread, handed over as plain values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QCoreApplication

from engine.catalogue import Catalogue
from engine.config import RunConfig
from engine.events import Changed
from engine.frozen.proof import read_proof
from engine.message import Message
from gui.runs.run import Run, copy_of, label_of
from gui.widgets.banner import Answer


@dataclass(frozen=True)
class LoadedCheckpoint:
    """All that the window needs of a checkpoint."""

    path: Path
    run: Run
    config: RunConfig
    epoch: int
    step: int
    epochs: int
    steps_per_epoch: int
    ended: bool
    """Whether its run had come to its end."""


def load_checkpoint(path: Path, catalogue: Catalogue) -> LoadedCheckpoint:
    """Read and verify a checkpoint. Raises `InputError`, and then nothing was changed."""
    from engine.checkpoints.checkpoint import history_of
    from engine.checkpoints.choice import read_chosen
    from engine.checkpoints.meta import batch_count
    from engine.runs import config_of

    snapshot = read_chosen(path)
    config = config_of(snapshot, catalogue, path)
    meta = snapshot.meta
    folder = path.absolute().parent.parent
    own = path.parent.name == "checkpoints" and (folder / "config.yaml").is_file()
    history = copy_of(history_of(snapshot))
    run = Run(label_of(config), config, folder if own else None, history, monitor=config.monitor, source=path)
    run.proof = read_proof(folder) if own and path.name == "last.safetensors" else None
    progress = meta["progress"]
    run.unfinished = progress["reason"] is None
    run.reason = Message.from_dict(progress["reason"]) if progress["reason"] else None
    run.epochs, run.images = meta["epochs"], len(meta["data"]["input_shape"]) == 3
    run.changes = [Changed(**change) for change in meta["changes"] if change["field"] == "lr"]
    steps_per_epoch = batch_count(meta["data"]["samples"][0], config.batch_size)
    if "parent" in meta:
        run.parent = meta["parent"]["run"]
        run.forked_epoch = _forked_epoch(meta["parent"], steps_per_epoch)
    return LoadedCheckpoint(
        path=path,
        run=run,
        config=config,
        epoch=progress["epoch"],
        step=progress["step"],
        epochs=meta["epochs"],
        steps_per_epoch=steps_per_epoch,
        ended=progress["reason"] is not None,
    )


def offer(text: Message, load: Callable[[Path], object]) -> list[Answer]:
    """The button that loads the good checkpoint which is named where another one is damaged; none where none is."""
    whole = text.values.get("whole")
    if not isinstance(whole, str):
        return []
    words = QCoreApplication.translate("Checkpoint", "Load {file}").format(file=Path(whole).name)
    return [Answer(words, lambda: load(Path(whole)))]


def _forked_epoch(parent: dict[str, int], steps_per_epoch: int) -> float:
    """Where a fork began, in epochs: with other batches than its parent's it began the epoch anew."""
    at = parent["step"] / steps_per_epoch
    return at if parent["epoch"] <= at < parent["epoch"] + 1 else float(parent["epoch"])
