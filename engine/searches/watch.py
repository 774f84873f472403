"""A study as one sees it who takes no part in it: its journal is read on from where it was left, and never written.

What stands in it may come from anyone: it is looked through before it is replayed, a piece at a time.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import optuna
from optuna.pruners import NopPruner
from optuna.samplers import RandomSampler
from optuna.storages import JournalStorage
from optuna.storages.journal import BaseJournalBackend
from optuna.trial import FrozenTrial, TrialState

from engine.catalogue import Catalogue
from engine.config import RunConfig
from engine.differing import ASIDE
from engine.lock import Holder, holder_of
from engine.message import InputError
from engine.reading import opened
from engine.searches.files import journal_of
from engine.searches.space import Value, with_values
from engine.searches.storage import MAX_BYTES, record_of, unreadable
from engine.searches.study import REASON, Plan, counts, importance_of, lock_of

CHUNK = 2**20
"""Bytes that are read at a time: so that others who wait for the same thread have their turn."""
OF_THE_MACHINE = ("device", "offered", *ASIDE)
"""Settings that are no part of what was found."""


@dataclass(frozen=True)
class TrialSeen:
    """A trial as far as it has come."""

    number: int
    state: str
    """`waiting`, `running`, `left` (its process ended: it will be tried again), `complete`, `pruned` or `failed`."""
    value: float | None
    """Its best epoch by the monitor so far."""
    epochs: int
    params: dict[str, Value] = field(hash=False)
    reason: str = ""
    """Why it failed."""


@dataclass(frozen=True)
class StudySeen:
    """A study as far as it has come."""

    plan: Plan
    trials: tuple[TrialSeen, ...]
    """In their order, without those that were given back and tried again."""
    best: TrialSeen | None
    """Of those that are complete."""
    leader: Holder | None
    """The process that leads it now."""

    @property
    def counted(self) -> int:
        """How many trials have come to an end: complete, pruned or failed."""
        return sum(trial.state in ("complete", "pruned", "failed") for trial in self.trials)

    @property
    def is_searched(self) -> bool:
        """Whether somebody is at work on it."""
        return self.leader is not None or any(trial.state == "running" for trial in self.trials)


class StudyWatch:
    """One study. Not for several threads at a time."""

    def __init__(self, workspace: Path, name: str, catalogue: Catalogue) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.name = name
        self._path, self._catalogue = journal_of(workspace, name), catalogue
        self._locks = workspace / "search" / f".{name}"
        self._begin()

    def _begin(self) -> None:
        self._tail = _Tail(self._path)
        self._storage = JournalStorage(self._tail)
        self._study: optuna.Study | None = None
        self._plan: Plan | None = None
        self._ended: dict[int, TrialSeen | None] = {}

    def look(self) -> StudySeen | None:
        """What has become of it; None where it has only just begun to be written.

        Raises `InputError` where the file is not there, or no journal of such a search.
        """
        try:
            if self._tail.is_another():
                self._begin()
            self._tail.wanted = True
            if not self._open():
                return None
            assert self._study is not None and self._plan is not None
            trials = self._study.get_trials(deepcopy=False)
            return self._seen(trials, self._plan)
        except InputError:
            raise
        except OSError as error:
            raise unreadable(self._path, error.strerror or str(error)) from None
        except Exception as error:  # noqa: BLE001 what a stranger wrote may fail anywhere in the replay
            raise unreadable(self._path, f"it can't be replayed ({type(error).__name__})") from None

    def _open(self) -> bool:
        if self._study is None:
            found = [each for each in self._storage.get_all_studies() if each.study_name == self.name]
            if not found:
                if self._tail.place and not self._tail.more:
                    raise unreadable(self._path, f"there is no study {self.name} in it")
                return False
            self._study = optuna.load_study(
                study_name=self.name, storage=self._storage, sampler=RandomSampler(), pruner=NopPruner()
            )
        if self._plan is None:
            kept = self._study.user_attrs.get("plan")
            if kept is None and (self._tail.more or not self._study.get_trials(deepcopy=False)):
                return False  # its first line stands there, and the second does not yet
            self._plan = Plan.from_dict(kept, self._catalogue)
        return True

    @property
    def more(self) -> bool:
        """Whether there is more to be read at once."""
        return self._tail.more

    def importance(self) -> dict[str, float]:
        """How much of the difference between trials each parameter makes; empty where too few tell."""
        return importance_of(self._study) if self._study is not None else {}

    def settings_of(self, trial: TrialSeen, present: RunConfig | None = None) -> RunConfig:
        """The settings of a trial; what is a matter of the machine alone stays as it is at present.

        Raises `InputError` where they make none.
        """
        assert self._plan is not None
        config = with_values(self._plan.space, trial.params, self._plan.config, self._catalogue)
        if present is None:
            return config
        return config.changed({name: getattr(present, name) for name in OF_THE_MACHINE})

    def _seen(self, trials: list[FrozenTrial], plan: Plan) -> StudySeen:
        seen: list[TrialSeen] = []
        for trial in trials:
            if trial.number not in self._ended:
                made = self._trial(trial, plan)
                if not trial.state.is_finished():
                    seen += [made] if made is not None else []
                    continue
                self._ended[trial.number] = made
            ended = self._ended[trial.number]
            seen += [ended] if ended is not None else []
        done = [each for each in seen if each.state == "complete" and each.value is not None]
        best = (max if plan.maximized else min)(done, key=lambda each: each.value or 0.0, default=None)
        return StudySeen(plan, tuple(seen), best, holder_of(self._locks / "lead.lock"))

    def _trial(self, trial: FrozenTrial, plan: Plan) -> TrialSeen | None:
        """None for one that was given back: another has taken its place."""
        if trial.state is TrialState.FAIL and not counts(trial):
            return None
        epochs = [value for each in trial.intermediate_values.values() if (value := _number(each)) is not None]
        value = _number(trial.values[0]) if trial.values else None
        if value is None and epochs:
            value = (max if plan.maximized else min)(epochs)
        params = trial.params or trial.system_attrs.get("fixed_params", {})
        return TrialSeen(
            trial.number, self._state(trial), value, len(trial.intermediate_values),
            {str(name)[:200]: _plain(each) for name, each in dict(params).items()},
            str(trial.user_attrs.get(REASON, ""))[:500],
        )  # fmt: skip

    def _state(self, trial: FrozenTrial) -> str:
        if trial.state is TrialState.RUNNING:
            lock = lock_of(trial, self._locks)
            return "running" if lock is not None and holder_of(lock) is not None else "left"
        return {TrialState.COMPLETE: "complete", TrialState.PRUNED: "pruned", TrialState.FAIL: "failed"}.get(
            trial.state, "waiting"
        )


class _Tail(BaseJournalBackend):
    """The whole lines of a journal, each given once, a piece each time that some are wanted."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines = self.place = 0
        self._file: tuple[int, int] | None = None
        self.wanted = self.more = False

    def is_another(self) -> bool:
        """Whether another file has taken the place of the one that was read. Raises `OSError`."""
        status = os.stat(self._path)
        if self._file is None:
            self._file = status.st_dev, status.st_ino
        return self._file != (status.st_dev, status.st_ino) or status.st_size < self.place

    def read_logs(self, log_number_from: int) -> Iterable[dict[str, Any]]:
        """The next of them, all looked through. Raises `InputError` and `OSError`."""
        if not self.wanted:
            return []
        self.wanted = False
        with opened(self._path) as (file, size):
            if size > MAX_BYTES:
                raise unreadable(self._path, f"it is longer than {MAX_BYTES:,} bytes")
            file.seek(self.place)
            data = file.read(CHUNK)
        end = data.rfind(b"\n") + 1
        self.more = len(data) == CHUNK
        if self.more and not end:
            raise unreadable(self._path, f"line {self._lines + 1} is too long")
        records = [record_of(line, self._path, self._lines + n) for n, line in enumerate(data[:end].splitlines(), 1)]
        self.place += end
        self._lines += len(records)
        return records

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Who only looks writes nothing."""
        raise AssertionError("a study that is watched is not written")


def _number(value: object) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and math.isfinite(value) else None  # type: ignore[arg-type]


def _plain(value: object) -> Value:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else str(value)[:200]
