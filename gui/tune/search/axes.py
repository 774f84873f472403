"""The axes of parallel coordinates: where each value of a trial lies on its own, from 0 at the bottom to 1."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.catalogue import Catalogue
from engine.searches.space import Free, Value
from gui.graph.plot import tick_step
from gui.tune.search import words

if TYPE_CHECKING:
    from engine.searches.watch import StudySeen, TrialSeen

WORST_SHARE = 0.9
"""The worst in this share of the trials is the bottom: one that diverged would leave no room for the others."""
TICKS = 4
"""So many on an axis of numbers, about."""


@dataclass(frozen=True)
class Axis:
    """One axis."""

    title: str
    ticks: tuple[tuple[float, str], ...]
    """Places and what is written there."""
    free: Free | None = None
    """None for the axis of what the trials came to."""
    low: float = 0.0
    high: float = 1.0

    def place(self, value: Value | None) -> float | None:
        """Where a value lies, within 0 and 1; None for one that is none of this axis."""
        free = self.free
        if free is not None and free.choices:
            return _step(free.choices.index(value), free.choices) if value in free.choices else None  # type: ignore[arg-type]
        if not isinstance(value, int | float):
            return None
        if free is not None and free.log:
            if value <= 0:
                return 0.0
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return min(1.0, max(0.0, share))


def axes_of(seen: StudySeen, catalogue: Catalogue) -> list[Axis]:
    """One for what the trials came to, with the best on top, then one for each thing that is chosen."""
    made = [_of(free, words.called(free.name, catalogue)) for free in seen.plan.space]
    return [_of_values(seen), *made]


def places(trial: TrialSeen, axes: Sequence[Axis]) -> list[float | None]:
    """Where a trial lies on each axis; None where nothing was chosen, or nothing is known yet."""
    return [axis.place(trial.params.get(axis.free.name) if axis.free is not None else trial.value) for axis in axes]


def _of(free: Free, title: str) -> Axis:
    if free.choices:
        ticks = tuple((_step(place, free.choices), words.word(text)) for place, text in enumerate(free.choices))
        return Axis(title, ticks, free)
    axis = Axis(title, (), free, free.low, free.high)
    values = _decades(free.low, free.high) if free.log else _even(free.low, free.high)
    if free.integer:
        values = sorted({round(value) for value in values})
    ticks = tuple((place, words.value(value)) for value in values if (place := axis.place(value)) is not None)
    return Axis(title, ticks, free, free.low, free.high)


def _step(place: int, choices: Sequence[str]) -> float:
    return (place + 0.5) / len(choices)


def _decades(low: float, high: float) -> list[float]:
    """Round numbers from end to end: powers of ten, and where there is hardly one, twice and five times them."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    for mantissas in ((1,), (1, 3), (1, 2, 5)):
        skip = max(1, math.ceil((last - first) / 6))
        found = [m * 10.0**e for e in range(first, last + 1, skip) for m in mantissas]
        inside = [value for value in found if low * (1 - 1e-9) <= value <= high * (1 + 1e-9)]
        if len(inside) >= 3:
            return inside
    return [low, math.sqrt(low * high), high]


def _even(low: float, high: float) -> list[float]:
    step = tick_step(high - low, TICKS, 1)
    return [step * n for n in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def _of_values(seen: StudySeen) -> Axis:
    """What the trials came to: turned round where less is better."""
    monitor, best_first = seen.plan.config.monitor, seen.plan.maximized
    known = [trial.value for trial in seen.trials if trial.value is not None and trial.state == "complete"]
    known = sorted(known or [trial.value for trial in seen.trials if trial.value is not None], reverse=best_first)
    title = words.monitored(monitor)
    if not known:
        return Axis(title, ())
    best, worst = known[0], known[math.ceil(WORST_SHARE * (len(known) - 1))]
    if best == worst:
        worst = best - 1e-3 * abs(best) - 1e-6 if best_first else best + 1e-3 * abs(best) + 1e-6
    axis = Axis(title, (), None, worst, best)
    values = [worst + share * (best - worst) for share in (0, 1 / 3, 2 / 3, 1)]
    return Axis(title, tuple((axis.place(v) or 0.0, words.figure(v, monitor)) for v in values), None, worst, best)
