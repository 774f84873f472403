"""The one record of a run, which every reader shares: a row per epoch, a row per step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from math import isfinite
from pathlib import Path
from typing import NamedTuple

import numpy as np

from engine.growing_table import GrowingTable
from engine.message import InputError
from engine.reading import opened

MAX_KEPT_STEPS = 20_000
"""Rows of steps in a checkpoint, at most."""
MAX_BYTES = 2**27
"""Of a file of the record: some five million steps."""
MAX_EPOCHS = 400_000
"""Rows of epochs that are read, at most."""
CHUNK = 2**20
"""Bytes of a record that are looked at in one go."""
MAX_LINE = 1_000
"""Bytes of a line, at most."""
LINES = 5_000
"""Lines of steps that are made in one go."""


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
        self._tabled, self._table = self.epochs, _no_epochs()
        self._steps = GrowingTable(len(StepRow._fields))

    def add_epoch(self, row: EpochRow) -> None:
        """Append an epoch."""
        self.epochs.append(row)

    def add_steps(self, rows: Iterable[Sequence[float]]) -> None:
        """Append rows of step, loss and lr. Costs the same however many there are already."""
        rows = rows if isinstance(rows, np.ndarray) else list(rows)  # a list of a million rows takes seconds
        block = np.asarray(rows, dtype=np.float64).reshape(-1, 3)
        self._steps.add(block.T)

    @property
    def steps(self) -> np.ndarray:
        """All steps, float64 `[N, 3]`: step, loss, lr. A view, valid until the next step is added."""
        return self._steps.rows()

    def table(self) -> np.ndarray:
        """All epochs, float64 `[N, 11]`, a missing figure as NaN. Not to be changed."""
        if self._tabled is not self.epochs:
            self._tabled, self._table = self.epochs, _no_epochs()
        new = self.epochs[len(self._table) :]  # what is there already need not be looked at each time
        if new:
            self._table = np.concatenate([self._table, np.array(new, dtype=np.float64)])
        return self._table

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
        figures = direction(monitor) * self.table()[since:, EpochRow._fields.index(monitor)]
        return None if np.isnan(figures).all() else self.epochs[since + int(np.nanargmin(figures))]

    def kept_steps(self) -> np.ndarray:
        """The steps as a checkpoint keeps them: every 1st, 2nd, 4th, …, so that at most 20,000 rows remain.

        Thinning twice gives the same rows as thinning once, so a resumed run keeps what a whole one keeps.
        """
        stride = 1
        numbers = self.steps[:, 0]
        last = int(numbers[-1]) if len(numbers) else 0
        while last // stride > MAX_KEPT_STEPS:
            stride *= 2
        if stride == 1:
            return self.steps.copy()  # the view would change with the next step
        wanted = np.arange(stride, last + 1, stride)
        rows = np.searchsorted(numbers, wanted)  # to divide each of a million numbers takes longer than a small epoch
        return np.ascontiguousarray(self.steps[rows[numbers[rows] == wanted]])


def _no_epochs() -> np.ndarray:
    return np.empty((0, len(EpochRow._fields)))


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
    epoch, seconds, samples, val_seconds = values[0], *values[8:]
    return EpochRow._make((int(epoch or 0), *values[1:8], seconds or 0.0, int(samples or 0), val_seconds or 0.0))


def epoch_line(row: EpochRow) -> str:
    """A line of `history.csv`."""
    return ",".join(number(value) for value in row) + "\n"


def step_line(step: int, loss: float, lr: float) -> str:
    """A line of `steps.csv`."""
    return f"{step},{loss!r},{lr!r}\n"


def step_lines(steps: np.ndarray) -> Iterator[str]:
    """The lines of steps `[N, 3]`, some thousands at a time: a window is drawn meanwhile."""
    for start in range(0, len(steps), LINES):
        yield "".join(step_line(int(step), loss, lr) for step, loss, lr in steps[start : start + LINES].tolist())


EPOCH_HEADER = ",".join(EpochRow._fields) + "\n"
STEP_HEADER = ",".join(StepRow._fields) + "\n"


def read_history(folder: Path) -> History:
    """The history in a run's folder, as far as it is whole: a line cut short by a crash is left out.

    Raises `InputError` where a file of it is longer than any record.
    """
    history = History()
    history.epochs = read_epochs(folder)
    steps = _rows(folder / "steps.csv", STEP_HEADER)
    history.add_steps(np.fromiter(steps, np.dtype((np.float64, len(StepRow._fields)))))
    return history


def read_epochs(folder: Path) -> list[EpochRow]:
    """The epochs in a run's folder, without its steps: a few lines where these may be millions. Raises `InputError`."""
    path = folder / "history.csv"
    rows = [epoch_row(values) for values in islice(_rows(path, EPOCH_HEADER), MAX_EPOCHS + 1)]
    if len(rows) > MAX_EPOCHS:
        raise _too_long(path)
    return rows


def _rows(path: Path, header: str) -> Iterator[tuple[float | None, ...]]:
    """The rows of a file with this header, an empty figure as None; none where it can't be read or is another's.

    Only the first file's worth of `MAX_BYTES` is ever taken, a piece at a time: it may be anyone's.
    """
    width = header.count(",") + 1
    try:
        with opened(path, links=False) as (file, size):
            if size > MAX_BYTES:
                raise _too_long(path)
            if file.readline(len(header)) != header.encode():
                return
            left, rest = MAX_BYTES, b""
            while left > 0 and len(rest) <= MAX_LINE and (piece := file.read(min(CHUNK, left))):
                left -= len(piece)
                *lines, rest = (rest + piece).split(b"\n")
                for line in lines:
                    row = _row(line, width)
                    if row is not None:
                        yield row
    except OSError:
        return


def _row(line: bytes, width: int) -> tuple[float | None, ...] | None:
    """The figures of a line; None where it does not hold so many, each finite or empty."""
    values = line.split(b",") if len(line) <= MAX_LINE else ()  # there are no quotes in it to be minded
    if len(values) != width:
        return None
    try:
        row = tuple(float(value) if value else None for value in values)
    except ValueError:
        return None
    return row if all(value is None or isfinite(value) for value in row) else None


def _too_long(path: Path) -> InputError:
    return InputError(
        "record-too-long", "{path} is longer than the record of any run: move it away, and what the checkpoint knows "
        "of it is kept", path=path,
    )  # fmt: skip
