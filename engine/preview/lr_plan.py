"""The learning rate over a run, told before it starts: as planned, and where the record may change it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.config import RunConfig
from engine.history import EpochRow, History
from engine.schedule import Schedule
from engine.strategy import Progress, Scheduler

POINTS = 600
"""Steps, evenly spread, at which the rate is told; besides them the first and last of each epoch."""
MOST_EPOCHS = 1_000
"""Of longer runs neither the ends of each epoch are told, nor what the record may do."""


@dataclass(frozen=True, eq=False)
class LrPlan:
    """The course of the rate."""

    epochs: int
    steps_per_epoch: int
    x: np.ndarray
    """Where the rate is told, in epochs, rising from 0: float64 `[P]`."""
    lr: np.ndarray
    """The rate there, where nothing acts on the record: float64 `[P]`."""
    soonest: np.ndarray | None
    """The rate there if no figure of the run ever got better; None where that changes nothing, or was not asked."""
    on_record: tuple[str, ...]
    """Ids of the schedulers that act on the record, and so can't be planned."""


def lr_plan(config: RunConfig, steps_per_epoch: int) -> LrPlan:
    """What these settings plan. Raises whatever a user's scheduler raises."""
    steps = _told(config.epochs, steps_per_epoch)
    schedule = Schedule(config, steps_per_epoch)
    planned = np.array([schedule.lr(step, History()) for step in steps])
    acting = tuple(s.id for s in config.schedulers if _acts_on_record(s, schedule.progress(steps[-1])))
    soonest = _without_gain(config, steps, steps_per_epoch) if acting else None
    return LrPlan(config.epochs, steps_per_epoch, np.array(steps) / steps_per_epoch, planned, soonest, acting)


def _told(epochs: int, steps_per_epoch: int) -> list[int]:
    last = epochs * steps_per_epoch - 1
    told = {round(point * last / (POINTS - 1)) for point in range(POINTS)}
    if epochs <= MOST_EPOCHS:
        firsts = range(0, last + 1, steps_per_epoch)
        told.update(firsts, (first + steps_per_epoch - 1 for first in firsts))
    return sorted(told)


def _acts_on_record(scheduler: Scheduler, progress: Progress) -> bool:
    flat = _flat(min(progress.epoch, MOST_EPOCHS))
    return scheduler.lr_factor(progress, flat) != scheduler.lr_factor(progress, History())


def _without_gain(config: RunConfig, steps: list[int], steps_per_epoch: int) -> np.ndarray | None:
    if config.epochs > MOST_EPOCHS:
        return None
    schedule, record = Schedule(config, steps_per_epoch), History()
    rates = []
    for step in steps:
        while len(record.epochs) < step // steps_per_epoch:
            record.add_epoch(_same_figures(len(record.epochs) + 1))
        rates.append(schedule.lr(step, record))
    return np.array(rates)


def _flat(epochs: int) -> History:
    record = History()
    for epoch in range(1, epochs + 1):
        record.add_epoch(_same_figures(epoch))
    return record


def _same_figures(epoch: int) -> EpochRow:
    """An epoch like all others."""
    return EpochRow(epoch, 1.0, 0.5, 1.0, 0.5, 1.0, 0.5)
