"""How a run ended, in a small file of its folder: for a list of runs, and for other programs. Imports no PyTorch."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from engine.events import Finished
from engine.files import write_text
from engine.history import EpochRow
from engine.message import Message
from engine.reading import read_json

FILE = "result.json"
MAX_BYTES = 100_000
"""Of the file: a longer one is none of ours."""


@dataclass(frozen=True)
class Result:
    """How a run ended, and what it came to."""

    reason: Message
    """Why it ended."""
    stopped: bool = False
    """Whether a person stopped it."""
    failed: bool = False
    """Whether it could not go on."""
    plugin: str | None = None
    """The id of the strategy in whose code it failed."""
    epochs: int = 0
    """How many are done."""
    best_epoch: int | None = None
    best_val_loss: float | None = None
    best_val_accuracy: float | None = None
    test_loss: float | None = None
    test_accuracy: float | None = None
    seconds: float = 0.0
    """From its last start to its end."""

    def finished(self, step: int, rows: list[EpochRow], checkpoint: str | None) -> Finished:
        """The last event of the run that came to this in so many steps, with these epochs and this best checkpoint."""
        training = sum(row.train_seconds for row in rows)
        return Finished(
            reason=self.reason,
            stopped=self.stopped,
            epochs=self.epochs,
            step=step,
            best_epoch=self.best_epoch,
            best_val_loss=self.best_val_loss,
            best_val_accuracy=self.best_val_accuracy,
            test_loss=self.test_loss,
            test_accuracy=self.test_accuracy,
            samples_per_second=sum(row.train_samples for row in rows) / training if training else None,
            seconds=self.seconds,
            checkpoint=checkpoint,
        )


def write_result(folder: Path, result: Result) -> None:
    """Write it into a run's folder, whole or not at all. Raises `OSError`."""
    write_text(folder / FILE, json.dumps(asdict(result), indent=1) + "\n")


def read_result(folder: Path) -> Result | None:
    """How the run in this folder ended; None where its file is absent, damaged or none of ours."""
    try:
        told = read_json(folder / FILE, MAX_BYTES, links=False)
        plugin = told["plugin"]
        return Result(
            reason=Message.from_dict(told["reason"]),
            stopped=told["stopped"] is True,
            failed=told["failed"] is True,
            plugin=plugin if isinstance(plugin, str) else None,
            epochs=int(_number(told["epochs"]) or 0),
            best_epoch=None if (best := _number(told["best_epoch"])) is None else int(best),
            best_val_loss=_number(told["best_val_loss"]),
            best_val_accuracy=_number(told["best_val_accuracy"]),
            test_loss=_number(told["test_loss"]),
            test_accuracy=_number(told["test_accuracy"]),
            seconds=_number(told["seconds"]) or 0.0,
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _number(value: Any) -> float | None:
    """A finite number; None for anything else."""
    known = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
    return float(value) if known else None
