"""The one record of a run, which every reader shares: a row per epoch, a row per step."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

MAX_KEPT_STEPS = 20_000
"""Rows of steps in a checkpoint, at most."""


class EpochRow(NamedTuple):
    """What one epoch gave. A figure that does not apply is None; losses and accuracies are means per sample."""

    epoch: int
    train_loss: float | None = None
    train_accuracy: float | None = None
    clean_train_loss: float | None = None
    clean_train_accuracy: float | None = None
    val_loss: float | None = None
    val_accuracy: float | None = None
    lr: float | None = None
    train_seconds: float = 0.0
    train_samples: int = 0
    val_seconds: float = 0.0

    @property
    def gap(self) -> float | None:
        """Validation loss less clean training loss; None without either."""
        if self.val_loss is None or self.clean_train_loss is None:
            return None
        return self.val_loss - self.clean_train_loss


class StepRow(NamedTuple):
    """What one step gave: the loss of its batch before the update, without penalties."""

    step: int
    loss: float
    lr: float


class History:
    """Rows of epochs and steps, in order, and the epochs at which a new judgement starts."""

    def __init__(self) -> None:
        self.epochs: list[EpochRow] = []
        self.marks: list[int] = []
        """Epochs completed at each start mark: a fork or "ten more epochs" makes one, a resume does not."""
        self._steps = np.empty((1024, 3))
        self._count = 0

    def add_epoch(self, row: EpochRow) -> None:
        """Append an epoch."""
        self.epochs.append(row)

    def add_steps(self, rows: Iterable[Sequence[float]]) -> None:
        """Append rows of step, loss and lr. Costs the same however many there are already."""
        block = np.asarray(list(rows), dtype=np.float64).reshape(-1, 3)
        while self._count + len(block) > len(self._steps):
            self._steps = np.concatenate([self._steps, np.empty_like(self._steps)])
        self._steps[self._count : self._count + len(block)] = block
        self._count += len(block)

    @property
    def steps(self) -> np.ndarray:
        """All steps, float64 `[N, 3]`: step, loss, lr. A view, valid until the next step is added."""
        return self._steps[: self._count]

    def column(self, name: str) -> list[float | None]:
        """One column of the epochs, by its name in `history.csv`."""
        index = EpochRow._fields.index(name)
        return [row[index] for row in self.epochs]

    def since_start(self) -> list[EpochRow]:
        """The epochs after the last start mark: what a stopping rule may judge."""
        return self.epochs[self.marks[-1] :] if self.marks else self.epochs

    def best(self, monitor: str, since: int = 0) -> EpochRow | None:
        """The epoch that is best by this column, the earliest of equals, of those after the first `since` epochs.

        None where no epoch has a figure in this column.
        """
        return best_of(self.epochs[since:], monitor)

    def kept_steps(self) -> np.ndarray:
        """The steps as a checkpoint keeps them: every 1st, 2nd, 4th, …, so that at most 20,000 rows remain.

        Thinning twice gives the same rows as thinning once, so a resumed run keeps what a whole one keeps.
        """
        stride = 1
        last = int(self.steps[-1, 0]) if self._count else 0
        while last // stride > MAX_KEPT_STEPS:
            stride *= 2
        kept: np.ndarray = self.steps[self.steps[:, 0] % stride == 0]
        return kept


def best_of(rows: Iterable[EpochRow], monitor: str) -> EpochRow | None:
    """The row that is best by this column, the earliest of equals; None where none has a figure in it."""
    index, sign = EpochRow._fields.index(monitor), direction(monitor)
    known = [row for row in rows if row[index] is not None]
    return min(known, key=lambda row: sign * float(row[index] or 0.0), default=None)


def direction(monitor: str) -> int:
    """1 where less of this figure is better, -1 where more is."""
    return -1 if monitor.endswith("accuracy") else 1


def number(value: float | int | None) -> str:
    """A figure as the CSV files hold it: exact, and empty where it does not apply."""
    return "" if value is None else repr(value)


def epoch_row(values: Sequence[float | None]) -> EpochRow:
    """A row from the floats that a file holds, with its whole numbers whole again."""
    named: dict[str, Any] = dict(zip(EpochRow._fields, values, strict=True))
    named |= {name: int(named[name] or 0) for name in ("epoch", "train_samples")}
    named |= {name: named[name] or 0.0 for name in ("train_seconds", "val_seconds")}
    return EpochRow(**named)


def epoch_line(row: EpochRow) -> str:
    """A line of `history.csv`."""
    return ",".join(number(value) for value in row) + "\n"


def step_line(step: int, loss: float, lr: float) -> str:
    """A line of `steps.csv`."""
    return f"{step},{loss!r},{lr!r}\n"


EPOCH_HEADER = ",".join(EpochRow._fields) + "\n"
STEP_HEADER = ",".join(StepRow._fields) + "\n"


def read_history(folder: Path) -> History:
    """The history in a run's folder, as far as it is whole: a line cut short by a crash is left out."""
    history = History()
    history.epochs = read_epochs(folder)
    history.add_steps([float(value) for value in values] for values in _rows(folder / "steps.csv", STEP_HEADER))
    return history


def read_epochs(folder: Path) -> list[EpochRow]:
    """The epochs in a run's folder, without its steps: a few lines where these may be millions."""
    rows = _rows(folder / "history.csv", EPOCH_HEADER)
    return [epoch_row([float(value) if value else None for value in values]) for values in rows]


def _rows(path: Path, header: str) -> list[list[str]]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError:
        return []
    text = text[: text.rfind("\n") + 1]
    if not text.startswith(header):
        return []
    width = header.count(",") + 1
    rows = (line.split(",") for line in text[len(header) :].split("\n"))  # there are no quotes in it to be minded
    return [row for row in rows if len(row) == width and _finite(row)]


def _finite(row: list[str]) -> bool:
    try:
        return all(math.isfinite(float(value)) for value in row if value)
    except ValueError:
        return False
