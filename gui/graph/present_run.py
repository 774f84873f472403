"""The run in front: its curves, and what is known and marked of it beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from engine.history import EpochRow, History
from gui.graph import words as graph_words
from gui.graph.drawings import Fork
from gui.graph.marks import Marks
from gui.graph.overlays import Fit
from gui.graph.run_curves import RunCurves


class PresentRun(RunCurves):
    """The run that the graph draws in front. What happens in it is marked, in `marks`, as it is told."""

    def __init__(self, label: str, steps_per_epoch: int, marks: Marks, smoothing: float = 0.0) -> None:
        super().__init__(label, steps_per_epoch, smoothing)
        self.best: int | None = None
        """The best epoch; None before the first."""
        self.fit: Fit | None = None
        """What a regression has learnt by now; None for other runs, and before its first epoch."""
        self.is_regression = False
        """Whether it has a fit in place of an accuracy."""
        self._marks = marks
        self._left: tuple[float, str] | None = None

    def take_past(self, history: History, monitor: str) -> None:
        """Take what the run has done before; its best epoch is that of `monitor`, or of the training loss."""
        self.add_history(history)
        best = history.best(monitor) or history.best("train_loss")
        if best is not None:
            self.set_best(best.epoch)

    def add_steps(self, rows: Iterable[Sequence[float]] | np.ndarray) -> list[tuple[float, float]]:
        """As `RunCurves`; jumps of the learning rate are marked."""
        jumps = super().add_steps(rows)
        self._marks.add_jumps(jumps)
        return jumps

    def add_epoch(self, row: EpochRow, best: bool) -> None:
        """Add an epoch, and say whether it is the best so far."""
        self.rows.append(row)
        if best:
            self.set_best(row.epoch)

    def set_best(self, epoch: int) -> None:
        """Mark this epoch as the best."""
        self.best = epoch
        self._marks.set_best(epoch)

    def set_fit(self, fit: Fit) -> None:
        """Take what the regression has learnt by now."""
        self.is_regression, self.fit = True, fit

    def leave(self, parent: str, x: float) -> None:
        """Mark where, in epochs, it has left its parent as a fork."""
        self._left = x, parent
        self._marks.add(x, graph_words.forked(parent, x))

    def fork(self, is_shown: Callable[[str], bool]) -> Fork | None:
        """Where it has left its parent; what lies before is drawn unless the parent itself `is_shown`."""
        if self._left is None:
            return None
        x, parent = self._left
        return Fork(x, not is_shown(parent))

    def mark_changes(self, changes: Iterable[tuple[int, str, float, float]]) -> None:
        """Mark changes made in the past of the run: step, field, old, new."""
        for step, field, old, new in changes:
            x = step / self.steps_per_epoch
            if field == "lr":
                self.mark_lr(x, old, new)
            elif field == "epochs" and new > old:
                self._marks.add(x, graph_words.extended(round(new - old)))

    def mark_lr(self, x: float, old: float, new: float) -> None:
        """Mark a learning rate that was changed by hand, in place of the jump that its steps show."""
        self.note_change(x)
        self._marks.remove_found(x, 1.5 / self.steps_per_epoch)
        self._marks.add(x, graph_words.changed(old, new))

    def mark_extended(self, more: int) -> None:
        """Mark where it goes on for so many epochs more."""
        self._marks.add(self.last_x(), graph_words.extended(more))
