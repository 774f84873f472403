"""How often the window is drawn while a run trains: as often as the eye allows, and no more than the run can spare."""

from __future__ import annotations

import time
from collections.abc import Callable

SHARE = 0.02
"""Of a processor's time that the window's thread may take: a run on all processors waits for the one that is taken."""
SHORTEST, LONGEST = 250, 1000
"""Milliseconds between two drawings."""


class Pace:
    """Finds the interval at which the thread that asks takes its share of a processor, drawing and all else."""

    def __init__(
        self, used: Callable[[], float] = time.thread_time, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._used, self._clock = used, clock
        self.begin()

    def begin(self) -> None:
        """A run begins: draw often, until it is known what that takes."""
        self.milliseconds = SHORTEST
        self._last = self._used(), self._clock()

    def next(self) -> int:
        """Milliseconds until the next drawing, by what the time since the last call has taken."""
        used, now = self._used(), self._clock()
        before, then = self._last
        self._last = used, now
        if now > then:
            wanted = self.milliseconds * (used - before) / (now - then) / SHARE
            # Half of the way: a single long drawing is no reason to draw seldom.
            self.milliseconds = round(min(LONGEST, max(SHORTEST, (self.milliseconds + wanted) / 2)))
        return self.milliseconds
