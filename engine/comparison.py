"""Runs compared: what each came to, and which of them are the same but for their seed. Imports no PyTorch."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from engine.config import RunConfig
from engine.differing import Difference, Settings, but_for_the_seed, differences
from engine.history import EpochRow, best_of
from engine.seed_noise import MeanDifference, Spread, mean_difference, spread

CURVES = ("val_loss", "val_accuracy", "clean_train_loss", "gap")
"""The figures of an epoch that are drawn over runs."""
OUTCOMES = ("best_val_loss", "best_val_accuracy", "last_val_loss", "last_val_accuracy", "gap", "test_accuracy")
"""The figures of a run that are summed up over seeds."""


@dataclass(frozen=True)
class Compared:
    """A run as a comparison sees it."""

    label: str
    settings: Settings | None
    """None where they can't be known."""
    epochs: Sequence[EpochRow]
    monitor: str = "val_loss"
    finished: bool = True
    """Whether it came to its end: a run that is cut short or still trains says nothing of what others came to."""
    test_accuracy: float | None = None
    title: str = ""
    """What runs with these settings are called, whatever their seed; empty stands for the label."""
    recorded: Mapping[str, Any] = field(default_factory=dict)
    """What the run's folder records besides settings: `changes` made in the run, its `parent`, and the `plugins`."""

    @property
    def seed(self) -> int | None:
        """Its seed; None where that can't be known."""
        if isinstance(self.settings, RunConfig):
            return self.settings.seed
        seed = self.settings.get("seed") if self.settings else None
        return seed if isinstance(seed, int) else None

    @property
    def best(self) -> EpochRow | None:
        """Its best epoch; by training loss where it has no validation part."""
        return best_of(self.epochs, self.monitor) or best_of(self.epochs, "train_loss")

    @property
    def last(self) -> EpochRow | None:
        """Its last epoch."""
        return self.epochs[-1] if self.epochs else None

    @property
    def gap(self) -> float | None:
        """Validation loss less clean training loss, of the last epoch."""
        return figure(self.last, "gap")

    @property
    def seconds(self) -> float:
        """The time that its epochs took, evaluation included."""
        return sum(row.train_seconds + row.val_seconds for row in self.epochs)

    @property
    def measure(self) -> Hashable:
        """What its losses are, so that those of another measure are neither better nor worse; None: not known."""
        return (self.settings.loss, self.settings.task) if isinstance(self.settings, RunConfig) else None

    def outcome(self, name: str) -> float | None:
        """One of `OUTCOMES`; None where it does not apply."""
        if name in ("gap", "test_accuracy"):
            value: float | None = getattr(self, name)
            return value
        which, _, column = name.partition("_")
        return figure(self.best if which == "best" else self.last, column)


@dataclass(frozen=True)
class Band:
    """A figure over the epochs that all runs of a group have: float64 arrays of one length."""

    epochs: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray | None
    """Standard deviation over the runs (n − 1); None for a single run."""
    left_out: int
    """Epochs that only some of the runs have."""


@dataclass(frozen=True)
class Group:
    """Finished runs that differ in the seed alone, by their seeds; any other run is a group of its own."""

    title: str
    members: tuple[int, ...]
    """Their places among the runs compared."""
    runs: tuple[Compared, ...]

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds, each once: a run that was repeated with its own seed tells nothing new."""
        return tuple(dict.fromkeys(run.seed for run in self.runs if run.seed is not None))

    def spread(self, name: str) -> Spread | None:
        """One of `OUTCOMES` over its seeds; None where it does not apply to all of them."""
        values = [run.outcome(name) for run in self._of_each_seed()]
        known = [value for value in values if value is not None]
        return spread(known) if len(known) == len(values) else None

    def band(self, name: str) -> Band:
        """One of `CURVES` over its seeds."""
        tables = [_by_epoch(run.epochs, name) for run in self._of_each_seed()]
        shared = sorted(set.intersection(*map(set, tables)))
        values = np.array([[table[epoch] for epoch in shared] for table in tables], dtype=np.float64)
        deviation = values.std(axis=0, ddof=1) if len(tables) > 1 else None
        left_out = len(set().union(*tables)) - len(shared)
        return Band(np.array(shared, dtype=np.float64), values.mean(axis=0), deviation, left_out)

    def less(self, other: Group, name: str) -> MeanDifference | None:
        """The mean of one of `OUTCOMES` less that of another group; None without two seeds with the figure in each."""
        mine, its = self.spread(name), other.spread(name)
        return mean_difference(mine, its) if mine is not None and its is not None else None

    def _of_each_seed(self) -> list[Compared]:
        """The first run of each seed."""
        chosen = {run.seed if run.seed is not None else id(run): run for run in reversed(self.runs)}
        return list(reversed(chosen.values()))


@dataclass(frozen=True)
class Comparison:
    """Runs side by side."""

    runs: tuple[Compared, ...]
    groups: tuple[Group, ...]
    """In the order of their first runs."""
    differences: tuple[Difference, ...]
    """The settings that are not the same in all runs."""
    between_groups: tuple[Difference, ...]
    """Those that are not the same in all groups, with one value for each group; the seed is none of them."""

    @property
    def repeated(self) -> list[Group]:
        """The groups of two seeds or more."""
        return [group for group in self.groups if len(group.seeds) > 1]


def compare(runs: Sequence[Compared]) -> Comparison:
    """Compare these runs."""
    places: dict[Hashable, list[int]] = {}
    for place, run in enumerate(runs):
        key: Hashable = place
        if run.finished and run.settings is not None:
            key = but_for_the_seed(run.settings, run.recorded)
        places.setdefault(key, []).append(place)
    groups = tuple(_group(members, runs) for members in places.values())
    between = _differences([group.runs[0] for group in groups])
    return Comparison(tuple(runs), groups, _differences(runs), tuple(each for each in between if each.key != "seed"))


def _differences(runs: Sequence[Compared]) -> tuple[Difference, ...]:
    return tuple(differences([(run.settings, run.recorded) for run in runs]))


def _group(places: Sequence[int], runs: Sequence[Compared]) -> Group:
    ordered = sorted(places, key=lambda place: runs[place].seed or 0)
    first = runs[places[0]]
    return Group(first.title or first.label, tuple(ordered), tuple(runs[place] for place in ordered))


def repetitions(config: RunConfig, others: Iterable[RunConfig], count: int) -> list[RunConfig]:
    """Settings that differ from these in the seed alone: with the least seeds that neither these nor the others have.

    Only those of `others` count that are the same but for the seed.
    """
    same = but_for_the_seed(config, {})
    taken = {config.seed, *(other.seed for other in others if but_for_the_seed(other, {}) == same)}
    free = (seed for seed in itertools.count() if seed not in taken)
    return [config.changed({"seed": next(free)}) for _ in range(count)]


def figure(row: EpochRow | None, name: str) -> float | None:
    """A column of an epoch, or its `gap`. None where it does not apply."""
    value: float | None = getattr(row, name) if row is not None else None
    return value


def _by_epoch(rows: Sequence[EpochRow], name: str) -> dict[int, float]:
    return {row.epoch: value for row in rows if (value := figure(row, name)) is not None}
