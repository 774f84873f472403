"""How far a run is, and how long it will still take."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from engine.events import Started, Steps


@dataclass(frozen=True)
class Progress:
    """Where a run stands, in the figures that the toolbar shows."""

    epoch: int
    epochs: int
    batch: int
    steps_per_epoch: int
    samples_per_second: float | None
    seconds_left: float | None

    @property
    def fraction(self) -> float:
        """Steps done, 0 to 1."""
        steps = (self.epoch - 1) * self.steps_per_epoch + self.batch
        return min(1.0, steps / max(1, self.epochs * self.steps_per_epoch))


class ProgressMeter:
    """Follows a run's events and its pauses."""

    def __init__(self, started: Started, clock: Callable[[], float] = time.perf_counter) -> None:
        self._started = started
        self._clock = clock
        self._steps: Steps | None = None
        self._seconds = 0.0
        self._since: float | None = clock()

    def stepped(self, steps: Steps) -> None:
        """Some steps were taken."""
        self._steps = steps

    def pause(self) -> None:
        """Stop counting time."""
        if self._since is not None:
            self._seconds += self._clock() - self._since
            self._since = None

    def go_on(self) -> None:
        """Count time again."""
        if self._since is None:
            self._since = self._clock()

    def progress(self) -> Progress:
        """Where the run stands. The time left counts evaluation and saving too: it is that of the whole so far."""
        started, steps = self._started, self._steps
        if steps is None:
            batch = started.step - started.epoch * started.steps_per_epoch
            epoch = min(started.epoch + 1, started.epochs)
            return Progress(epoch, started.epochs, batch, started.steps_per_epoch, None, None)
        seconds = self._seconds + (self._clock() - self._since if self._since is not None else 0.0)
        step = steps.rows[-1][0]
        done = step - started.step
        left = started.epochs * started.steps_per_epoch - step
        return Progress(
            epoch=steps.epoch,
            epochs=started.epochs,
            batch=steps.batch,
            steps_per_epoch=started.steps_per_epoch,
            samples_per_second=steps.samples_per_second,
            seconds_left=seconds / done * left if done else None,
        )
