"""A search: many short trials over one space, on several processes, each told to a study as it ends.

This process alone speaks with the study; those that train know nothing of it, so that none of them, however it ends,
can harm what is kept.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optuna.exceptions import StorageInternalError
from optuna.storages import BaseStorage
from optuna.trial import TrialState

from engine.catalogue import Catalogue
from engine.lock import FileLock
from engine.message import InputError
from engine.searches.files import check_name, journal_of, locks_of
from engine.searches.pool import Pool, Worker
from engine.searches.space import Value, with_values
from engine.searches.storage import BEAT, open_database, open_journal
from engine.searches.study import REASON, Asked, Plan, Study, counts

LISTEN_SECONDS = 0.2
"""How long to wait for what trials tell until the clock, and whether to end, are looked at again."""


@dataclass(frozen=True)
class Best:
    """The best trial."""

    number: int
    value: float
    settings: dict[str, Any]
    params: dict[str, Value]


@dataclass(frozen=True)
class Outcome:
    """What a study has come to."""

    study: str
    finished: int
    pruned: int
    failed: int
    best: Best | None
    importance: dict[str, float]
    reasons: tuple[str, ...]
    """Why trials failed, each once."""

    @property
    def trials(self) -> int:
        """How many there are of all three kinds."""
        return self.finished + self.pruned + self.failed


@dataclass(frozen=True)
class Limits:
    """When a search ends: when the study has so many trials, or after so many seconds."""

    trials: int | None
    seconds: float | None = None


@contextlib.contextmanager
def open_study(
    name: str, plan: Plan | None, catalogue: Catalogue, workspace: Path, database: str | None = None
) -> Iterator[Study]:
    """Take part in a study: lead it with a plan, or join one that is there without.

    Raises `InputError` where another process leads it, it is there with another plan, or its file can't be used.
    """
    check_name(name)
    path = journal_of(workspace, name)
    if plan is None and database is None and not path.is_file():
        raise InputError("no-study", "there is no study {name} to join: begin it without --join", name=name)
    try:
        locks = locks_of(workspace, name)
        lead = _lead(name, locks) if plan is not None else contextlib.nullcontext()
        with lead, _storage(path, database) as storage, Study(name, storage, locks, plan, catalogue) as study:
            yield study
    except StorageInternalError as error:  # its own words hold the whole statement
        raise InputError(
            "database-lost", "the database of the study {name} does not answer any more: the same command goes on",
            name=name,
        ) from error  # fmt: skip
    except OSError as error:
        raise InputError(
            "study-unwritable", "the study {name} can't be kept in {folder}: {reason}", name=name, folder=path.parent,
            reason=error.strerror or str(error),
        ) from None  # fmt: skip


def _storage(path: Path, database: str | None) -> contextlib.AbstractContextManager[BaseStorage]:
    """Where the study is kept."""
    return open_database(database) if database is not None else contextlib.nullcontext(open_journal(path))


@contextlib.contextmanager
def _lead(name: str, locks: Path) -> Iterator[None]:
    try:
        lock = FileLock(locks / "lead.lock")
    except InputError as error:
        values = error.message.values
        raise InputError(
            "study-led", "the study {name} is searched by another process ({process}): wait for it, or take part with "
            "--join {name}", name=name, process=values.get("process", 0),
        ) from None  # fmt: skip
    try:
        yield
    finally:
        lock.release()


class Search:
    """One process's part in a study."""

    def __init__(self, study: Study, pool: Pool, limits: Limits, told: Callable[[Asked, str], object]) -> None:
        """`told` is called with each trial that ends, and how."""
        self._study, self._pool, self._limits, self._told = study, pool, limits, told
        self._asked: dict[int, Asked] = {}
        self._began = self._beaten = time.monotonic()
        self._full = False

    def run(self, is_asked_to_end: Callable[[], bool]) -> bool:
        """Search until the limits are reached; False where it was asked to end. Trials that are cut off wait to be
        tried again. Raises `InputError` where trials can't be trained at all."""
        self._study.take_up()
        try:
            while not (asked := is_asked_to_end()) and self._pool.workers and not self._is_late():
                self._give_out()
                if self._full and not self._asked:
                    break
                heard = self._pool.hear(LISTEN_SECONDS)
                if heard is not None:
                    self._hear(*heard)
                self._beat()
            return not asked
        finally:
            for trial in self._asked.values():
                self._study.put_back(trial)

    def _is_late(self) -> bool:
        return self._limits.seconds is not None and time.monotonic() - self._began >= self._limits.seconds

    def _give_out(self) -> None:
        """Give each free process a trial, as long as there are some to come."""
        for worker in self._pool.free:
            asked = self._study.ask(self._limits.trials)
            while asked is not None and asked.config is None:
                self._study.fail(asked, asked.reason)
                self._told(asked, f"failed: {asked.reason}")
                asked = self._study.ask(self._limits.trials)
            self._full = asked is None
            if asked is None or asked.config is None:
                return
            worker.trial = asked.trial.number
            self._asked[asked.trial.number] = asked
            worker.send({"trial": asked.trial.number, "settings": asked.config.to_dict()})

    def _hear(self, worker: Worker, message: dict[str, Any] | None) -> None:
        if message is None:
            if (trial := self._taken(worker)) is not None:
                self._study.put_back(trial, died=True)
                self._told(trial, "its process ended")
            self._pool.replace(worker)
            return
        if "epoch" in message:
            self._epoch(worker, message)
        elif "failed" in message:
            if (trial := self._taken(worker)) is not None:
                self._study.fail(trial, message["failed"])
                self._told(trial, f"failed: {message['failed']}")
        elif "done" in message and (trial := self._taken(worker)) is not None:
            self._study.complete(trial)
            self._told(trial, "")

    def _epoch(self, worker: Worker, message: dict[str, Any]) -> None:
        asked = self._asked.get(message["trial"])
        if asked is None:  # it was given up, and went on until it heard of it
            return
        last = asked.config is not None and message["epoch"] == asked.config.epochs
        if self._study.report(asked, message["epoch"], message["value"]) and not last:
            worker.send({"give_up": message["trial"]})
            del self._asked[message["trial"]]
            self._study.prune(asked)
            self._told(asked, "pruned")

    def _taken(self, worker: Worker) -> Asked | None:
        """The trial that a process has trained, which is then free; None where it was given up."""
        number, worker.trial = worker.trial, None
        return self._asked.pop(number, None) if number is not None else None

    def _beat(self) -> None:
        if time.monotonic() - self._beaten >= BEAT:
            self._beaten = time.monotonic()
            for asked in self._asked.values():
                self._study.beat(asked)


def outcome(study: Study, catalogue: Catalogue) -> Outcome:
    """What a study has come to."""
    trials = [trial for trial in study.trials() if counts(trial)]
    found = study.best()
    best = None
    if found is not None and found.value is not None:
        settings = with_values(study.plan.space, found.params, study.plan.config, catalogue)
        best = Best(found.number, found.value, settings.to_dict(), found.params)
    reasons = dict.fromkeys(str(trial.user_attrs[REASON]) for trial in trials if REASON in trial.user_attrs)
    states = [trial.state for trial in trials]
    return Outcome(
        study.name, states.count(TrialState.COMPLETE), states.count(TrialState.PRUNED), states.count(TrialState.FAIL),
        best, study.importance(), tuple(reasons),
    )  # fmt: skip
