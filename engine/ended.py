"""A run that has come to its end: read where it is to be gone on with, so that nothing is done twice and all stays."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.checkpoints.checkpoint import history_of
from engine.checkpoints.choice import read_chosen
from engine.events import Finished
from engine.message import Message
from engine.run_records.result import Result, read_result
from engine.runs import is_last, last_checkpoint


@dataclass(frozen=True)
class Ended:
    """A run that has come to its end."""

    folder: Path | None
    """Its folder; None where its checkpoint lies in none."""
    batch_size: int
    finished: Finished
    """Its last event, as it was told then; without a folder what the checkpoint alone knows of it."""


def ended_run(checkpoint: Path) -> Ended | None:
    """The run that a checkpoint, or the last of a folder, is the end of; None where something is left to be done.

    Reads only. Raises `InputError` where the checkpoint can't be used.
    """
    if checkpoint.is_dir():
        checkpoint = last_checkpoint(checkpoint)
    snapshot = read_chosen(checkpoint)
    progress = snapshot.meta["progress"]
    if progress["reason"] is None:
        return None
    folder = checkpoint.absolute().parent.parent if is_last(checkpoint, snapshot) else None
    result = (
        read_result(folder) if folder else Result(Message.from_dict(dict(progress["reason"])), epochs=progress["epoch"])
    )
    if result is None or result.stopped or result.failed:  # it was stopped before the test was measured
        return None
    best = folder / "checkpoints" / "best.safetensors" if folder else None
    finished = result.finished(
        progress["step"], history_of(snapshot).epochs, str(best) if best and best.is_file() else None
    )
    return Ended(folder, int(snapshot.meta["config"]["batch_size"]), finished)
