"""The learning rate of each step: base rate × the schedulers' factors × the user's own factor."""

from __future__ import annotations

from collections.abc import Sequence

from engine.config import RunConfig
from engine.history import History
from engine.message import InputError
from engine.position import Change
from engine.strategy import Progress


class Schedule:
    """The learning rate as a function of where the run stands.

    `changes` is read anew at every call, so a change made in the run acts from the next step on.
    """

    def __init__(self, config: RunConfig, steps_per_epoch: int, changes: Sequence[Change] = ()) -> None:
        self._config = config
        self.steps_per_epoch = steps_per_epoch
        self._changes = changes
        self._of_epoch: tuple[tuple[int, int, int], float] = ((-1, -1, -1), 1.0)

    @property
    def planned_epochs(self) -> int:
        """The epochs that the schedule is planned for."""
        anew = [int(change.new) for change in self._changes if change.field == "schedule"]
        return anew[-1] if anew else self._config.epochs

    @property
    def planned_anew(self) -> bool:
        """Whether that is another number than the settings name."""
        return self.planned_epochs != self._config.epochs

    def progress(self, step: int) -> Progress:
        """Where a run stands after so many steps."""
        return Progress(step // self.steps_per_epoch, step, self.planned_epochs, self.steps_per_epoch, self._config.lr)

    def lr(self, step: int, history: History) -> float:
        """The learning rate of the step after so many steps. Beyond the planned epochs the last rate is held."""
        if not self._config.schedulers:
            return self._config.lr * self._own_factor()
        epoch = step // self.steps_per_epoch
        held = self.progress(min(step, self.planned_epochs * self.steps_per_epoch - 1))
        # Asked at the end of an epoch, before its figures are there, the factor is not yet that of the next one.
        asked = (epoch, len(history.epochs), self.planned_epochs)
        if self._of_epoch[0] != asked:
            self._of_epoch = (asked, self._product("epoch", held, history))
        return self._config.lr * self._of_epoch[1] * self._product("step", held, history) * self._own_factor()

    def course(self, points: int = 200) -> list[tuple[int, float]]:
        """Step and learning rate at up to so many steps, evenly spread over the planned epochs: the plan before a run.

        What acts on the record, such as a reduction on a plateau, has nothing to act on yet.
        """
        steps = self.planned_epochs * self.steps_per_epoch
        shown = sorted({round(point * (steps - 1) / max(1, points - 1)) for point in range(points)})
        return [(step, self.lr(step, History())) for step in shown]

    def _product(self, every: str, progress: Progress, history: History) -> float:
        product = 1.0
        for scheduler in self._config.schedulers:
            if scheduler.every == every:
                product *= scheduler.lr_factor(progress, history)
        return product

    def _own_factor(self) -> float:
        factor = 1.0
        for change in self._changes:
            if change.field == "lr" and change.old:
                factor *= change.new / change.old
        return factor


def check_lr(lr: float) -> None:
    """Raise `InputError` for what is no learning rate."""
    if not 0 < lr < float("inf"):
        raise InputError("invalid-lr", "a learning rate is a number above 0, not {lr}", lr=lr)
