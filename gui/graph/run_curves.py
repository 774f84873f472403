"""The figures of one run, in the units of the graph: x in epochs, accuracies in per cent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from engine.growing_table import GrowingTable
from engine.history import EpochRow, History
from gui.graph.curves import Smoothing

X, LOSS, LR, SMOOTH = range(4)
"""Columns of `RunCurves.steps`."""

EPOCH_FIGURES = tuple(name for name in EpochRow._fields if name.endswith(("loss", "accuracy")))
BEYOND = 0.5
"""Epochs beyond the end of a run within which its last figures are still read."""


def shared_epochs(rows: Sequence[EpochRow], others: Sequence[EpochRow]) -> int:
    """How many epochs two runs have in common, as a fork and its parent do: there the very times are the same, which no
    two runs have that were trained apart."""
    pairs = zip(rows, others, strict=False)
    return next((place for place, (one, other) in enumerate(pairs) if one != other), min(len(rows), len(others)))


class RunCurves:
    """What is drawn of one run: a table of steps, a table of epochs, and where its learning rate jumped."""

    def __init__(self, label: str, steps_per_epoch: int, smoothing: float = 0.0) -> None:
        self.label = label
        self.steps_per_epoch = max(1, steps_per_epoch)
        self.steps = GrowingTable(4)
        self.record = History()
        """Its epochs; its steps are a table of their own, which has what is drawn of them."""
        self._smoothing = Smoothing(smoothing)
        self._jumps = LrJumps()

    def note_change(self, x: float) -> None:
        """The learning rate was changed by hand at this x: no jump is found there from now on."""
        self._jumps.known.append(x)

    def add_history(self, history: History) -> list[tuple[float, float]]:
        """Add all that a history holds; returns the jumps of the learning rate, as `add_steps` does."""
        self.rows.extend(history.epochs)
        return self.add_steps(history.steps)

    def add_steps(self, rows: Iterable[Sequence[float]] | np.ndarray) -> list[tuple[float, float]]:
        """Add rows of step, loss and lr; returns where the learning rate jumped, in epochs, and by what factor."""
        block = np.asarray(rows if isinstance(rows, np.ndarray) else list(rows), dtype=np.float64).reshape(-1, 3)
        block = block[np.isfinite(block).all(axis=1)]
        if not len(block):
            return []
        x, loss, lr = block[:, 0] / self.steps_per_epoch, block[:, 1], block[:, 2]
        self.steps.add(np.stack([x, loss, lr, self._smoothing.add(loss)]))
        return self._jumps.add(x, lr, 1 / self.steps_per_epoch)

    def smooth(self, weight: float) -> None:
        """Smooth all steps anew, with another weight."""
        self._smoothing = Smoothing(weight)
        self.steps.replace(SMOOTH, self._smoothing.add(self.steps.column(LOSS)))

    @property
    def rows(self) -> list[EpochRow]:
        """Its epochs, as they were told."""
        return self.record.epochs

    def epochs(self) -> np.ndarray:
        """The x of each epoch: its end."""
        return self._column("epoch")

    def figure(self, name: str) -> np.ndarray:
        """One figure of each epoch; nan where it does not apply. Accuracies are in per cent."""
        values = self._column(name)
        return 100 * values if name.endswith("accuracy") else values

    def _column(self, name: str) -> np.ndarray:
        return self.record.table()[:, EpochRow._fields.index(name)]

    def has_accuracy(self) -> bool:
        """Whether any epoch has an accuracy, as those of a regression have not."""
        return any(row.train_accuracy is not None or row.val_accuracy is not None for row in self.rows)

    def row_at(self, x: float) -> EpochRow | None:
        """The epoch that ended nearest to x; None beyond the end of the curves."""
        if not self.rows or x > self.last_x() + BEYOND:
            return None
        return self.rows[_nearest(self.epochs(), x)]

    def step_at(self, x: float) -> tuple[float, float, float, float] | None:
        """x, loss, lr and smoothed loss of the step nearest to x; None beyond the end of the curves."""
        if not len(self.steps) or x > self.last_x() + BEYOND:
            return None
        index = _nearest(self.steps.column(X), x)
        return tuple(float(self.steps.column(column)[index]) for column in range(4))  # type: ignore[return-value]

    def last_x(self) -> float:
        """Where the run stands, in epochs."""
        steps = float(self.steps.column(X)[-1]) if len(self.steps) else 0.0
        return max(steps, float(self.rows[-1].epoch) if self.rows else 0.0)


class LrJumps:
    """Finds where a learning rate that was held for more than an epoch changes by more than a twentieth.

    A rate that changes at every step or every epoch follows a curve, which needs no marks.
    """

    HELD = 1.5
    """Epochs."""

    def __init__(self) -> None:
        self.known: list[float] = []
        """Where the rate was changed by hand, in epochs: no jumps to be found."""
        self._lr: float | None = None
        self._x = 0.0
        self._since = 0.0

    def add(self, x: np.ndarray, lr: np.ndarray, step: float) -> list[tuple[float, float]]:
        """The jumps among the next steps: where, in epochs, and by what factor. `step` is a step's length."""
        before = np.concatenate([[lr[0] if self._lr is None else self._lr], lr[:-1]])
        rows = np.concatenate([[self._x], x])
        self._lr, self._x = float(lr[-1]), float(x[-1])
        changed = np.flatnonzero(lr != before)
        if not len(changed):
            return []
        begins = x[changed] - step
        held = np.diff(begins, prepend=self._since)
        self._since = float(begins[-1])
        with np.errstate(divide="ignore", invalid="ignore"):
            factors = lr[changed] / before[changed]
        jumps = (held > self.HELD) & np.isfinite(factors) & (factors > 0) & (np.abs(factors - 1) > 0.05)
        return [
            (float(begins[i]), float(factors[i]))
            for i in np.flatnonzero(jumps)
            # A record of a long run holds every so-manieth step alone: the change lies between the two rows.
            if not any(rows[changed[i]] - step / 2 < known < x[changed[i]] - step / 2 for known in self.known)
        ]


def _nearest(ascending: np.ndarray, value: float) -> int:
    after = int(np.clip(np.searchsorted(ascending, value), 1, max(1, len(ascending) - 1)))
    if len(ascending) == 1:
        return 0
    return after if ascending[after] - value < value - ascending[after - 1] else after - 1
