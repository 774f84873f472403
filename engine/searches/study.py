"""A study: its trials, asked for and told, by any number of processes at a time and after whatever ended one of them.

A trial counts once it is complete, pruned, or failed by itself. One whose process died has failed without a reason: it
counts for nothing, and its parameters wait to be tried again.
"""

from __future__ import annotations

import contextlib
import secrets
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import optuna
from optuna.pruners import BasePruner, MedianPruner, NopPruner, SuccessiveHalvingPruner
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.storages import BaseStorage, RDBStorage
from optuna.trial import FrozenTrial, Trial, TrialState

from engine.catalogue import Catalogue
from engine.config import RunConfig
from engine.lock import FileLock, changing, holder_of
from engine.message import InputError, phrase
from engine.searches.space import Free, Value, choose, parse_space
from engine.searches.storage import PATIENCE, SILENT

SAMPLERS, PRUNERS = ("tpe", "random"), ("median", "halving", "none")
FORMAT = 1
TRIES = 2
"""So often a trial may take its process with it until it counts as failed."""
WARM_UP_TRIALS = 5
"""So many complete before any is pruned by the median."""
BY, REASON, AGAIN, BEATS = "by", "reason", "tries", "alive"
"""What is kept with a trial: who trains it, why it failed, how often its process died before, and a sign of life."""


@dataclass(frozen=True)
class Plan:
    """What a study searches, and how: the same for all who take part."""

    config: RunConfig
    space: tuple[Free, ...]
    sampler: str = "tpe"
    pruner: str = "median"

    @property
    def maximized(self) -> bool:
        """Whether more of the monitored figure is better."""
        return bool(self.config.monitor.endswith("accuracy"))

    def to_dict(self) -> dict[str, Any]:
        """As a study keeps it."""
        settings = {name: value for name, value in self.config.to_dict().items() if name not in ("name", "offered")}
        space = [str(free) for free in self.space]
        return {
            "format": FORMAT, "settings": settings, "space": space, "sampler": self.sampler, "pruner": self.pruner
        }  # fmt: skip

    @classmethod
    def from_dict(cls, data: Any, catalogue: Catalogue) -> Plan:
        """From what a study keeps, which anyone may have written. Raises `InputError`."""
        bad = InputError("not-a-search", "this study was not made by `tunedeck search`: take another --study")
        if not isinstance(data, dict) or data.get("format") != FORMAT or not isinstance(data.get("settings"), dict):
            raise bad
        space, sampler, pruner = data.get("space"), data.get("sampler"), data.get("pruner")
        if not isinstance(space, list) or not all(isinstance(text, str) for text in space):
            raise bad
        if sampler not in SAMPLERS or pruner not in PRUNERS:
            raise bad
        config = RunConfig.from_dict(data["settings"], catalogue)
        return cls(config, parse_space(space, config, catalogue), sampler, pruner)

    def default_name(self) -> str:
        """A name that is the same for the same plan, so that the same command goes on."""
        digest = blake2b(repr(self.to_dict()).encode(), digest_size=4).hexdigest()
        return f"{self.config.model.id}-{self.config.dataset.id}-{digest}"


class Asked:
    """A trial that this process has been given to train."""

    def __init__(self, trial: Trial, config: RunConfig | None, reason: str = "") -> None:
        self.trial = trial
        self.config = config
        """None where these parameters make no settings: `reason` says why."""
        self.reason = reason
        self.values: list[float] = []
        """What each epoch came to."""


class Study:
    """A study as one process takes part in it. Use as a context."""

    def __init__(self, name: str, storage: BaseStorage, locks: Path, plan: Plan | None, catalogue: Catalogue) -> None:
        """Open it, or begin it with a plan; without a plan it must be there, and brings its own.

        Raises `InputError` where it is there with another plan, or is not.
        """
        self.name, self._storage, self._locks, self._catalogue = name, storage, locks, catalogue
        self._token = secrets.token_hex(8)
        self._lock: FileLock | None = None
        with self._alone():
            known = {study.study_name for study in storage.get_all_studies()}
            if plan is None and name not in known:
                raise InputError("no-study", "there is no study {name} to join: begin it without --join", name=name)
            self.plan = self._open(plan, name in known)

    def _open(self, plan: Plan | None, is_there: bool) -> Plan:
        if is_there:
            frozen = optuna.load_study(study_name=self.name, storage=self._storage)
            kept = Plan.from_dict(frozen.user_attrs.get("plan"), self._catalogue)
            if plan is not None and plan.to_dict() != kept.to_dict():
                raise InputError(
                    "other-plan", "the study {name} searches {what}: give it the same, or take another --study",
                    name=self.name, what=_difference(kept, plan),
                )  # fmt: skip
            plan = kept
        assert plan is not None
        seed = [plan.config.seed, self._token if is_there else ""]  # who goes on must not try the same again
        number = int.from_bytes(blake2b(repr(seed).encode(), digest_size=4).digest())
        self._study = optuna.create_study(
            storage=self._storage, study_name=self.name, load_if_exists=True,
            direction="maximize" if plan.maximized else "minimize",
            sampler=_sampler(plan.sampler, number), pruner=_pruner(plan),
        )  # fmt: skip
        if not is_there:
            self._study.set_user_attr("plan", plan.to_dict())
        return plan

    def __enter__(self) -> Study:
        self._lock = FileLock(self._locks / f"{self._token}.lock")
        return self

    def __exit__(self, *_: object) -> None:
        if self._lock is not None:
            self._lock.release()
            with contextlib.suppress(OSError):
                (self._locks / f"{self._token}.lock").unlink()

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep the other processes of this machine from asking and from clearing up."""
        with changing(self._locks / "asking", PATIENCE):
            yield

    # --- asking and telling ------------------------------------------------------------------------

    def ask(self, most: int | None) -> Asked | None:
        """The next trial; None where so many are told, or trained by somebody."""
        with self._alone():
            trials = self.trials()
            if most is not None and sum(counts(t) or t.state is TrialState.RUNNING for t in trials) >= most:
                return None
            trial = self._study.ask()
            trial.set_user_attr(BY, self._token)
        try:
            config, _ = choose(self.plan.space, self.plan.config, self._catalogue, lambda free: _suggest(trial, free))
            return Asked(trial, config)
        except InputError as error:
            return Asked(trial, None, str(error))

    def report(self, asked: Asked, epoch: int, value: float) -> bool:
        """Tell what an epoch came to; whether the trial is to be given up."""
        asked.values.append(value)
        asked.trial.report(value, epoch)
        return bool(asked.trial.should_prune())

    def complete(self, asked: Asked) -> None:
        """A trial came to its end: it is worth what its best epoch is."""
        best = max(asked.values) if self.plan.maximized else min(asked.values)
        self._study.tell(asked.trial, best)

    def prune(self, asked: Asked) -> None:
        """A trial was given up."""
        self._study.tell(asked.trial, state=TrialState.PRUNED)

    def fail(self, asked: Asked, reason: str) -> None:
        """A trial failed by itself."""
        asked.trial.set_user_attr(REASON, reason)
        self._study.tell(asked.trial, state=TrialState.FAIL)

    def put_back(self, asked: Asked, *, died: bool = False) -> None:
        """A trial could not be trained to its end, and is to be tried again: for its process died, or was ended."""
        [trial] = [each for each in self.trials() if each.number == asked.trial.number]
        self._lose(trial, died)

    def take_up(self) -> int:
        """Let what dead processes left be tried again; how many trials that is."""
        with self._alone():
            lost = [t for t in self.trials() if t.state is TrialState.RUNNING and not self._is_trained(t)]
            for trial in lost:
                self._lose(trial, died=True)
            return len(lost)

    def beat(self, asked: Asked) -> None:
        """Give a sign of life of a trial, where the storage is a database."""
        if isinstance(self._storage, RDBStorage):
            asked.trial.set_user_attr(BEATS, time.time())

    def _is_trained(self, trial: FrozenTrial) -> bool:
        """Whether a process is at work on a running trial, as its lock tells; of another machine, its signs of life."""
        lock = lock_of(trial, self._locks)
        if lock is None:  # it ended between asking for the trial and signing it
            return isinstance(self._storage, RDBStorage) and not _is_silent(trial)
        if lock.exists() or not isinstance(self._storage, RDBStorage):
            return holder_of(lock) is not None
        return not _is_silent(trial)

    def _lose(self, trial: FrozenTrial, died: bool) -> None:
        tries = int(trial.user_attrs.get(AGAIN, 0)) + died
        handle = Trial(self._study, trial._trial_id)
        if tries >= TRIES:
            handle.set_user_attr(REASON, f"the process that trained it ended, {tries} times")
        elif trial.params:
            self._study.enqueue_trial(trial.params, {AGAIN: tries})
        self._study.tell(trial.number, state=TrialState.FAIL)

    # --- what there is -----------------------------------------------------------------------------

    def trials(self) -> list[FrozenTrial]:
        """All of them, in order. Not to be changed."""
        return self._study.get_trials(deepcopy=False)

    def is_full(self, most: int) -> bool:
        """Whether so many trials have been told."""
        return sum(map(counts, self.trials())) >= most

    def best(self) -> FrozenTrial | None:
        """The best trial that came to its end."""
        done = [trial for trial in self.trials() if trial.state is TrialState.COMPLETE]
        if not done:
            return None
        return (max if self.plan.maximized else min)(done, key=lambda trial: trial.value or 0.0)

    def importance(self) -> dict[str, float]:
        """How much of the difference between trials each parameter makes, as `importance_of`."""
        return importance_of(self._study)


def importance_of(study: optuna.Study) -> dict[str, float]:
    """How much of the difference between trials each parameter makes, 0 to 1; empty where too few tell.

    PED-ANOVA (Watanabe, Bansal and Hutter, arXiv 2304.10255).
    """
    # Only here: beside this evaluator it brings another's scikit-learn, where there is one, which takes a second.
    from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = get_param_importances(study, evaluator=PedAnovaImportanceEvaluator())
    except (ValueError, RuntimeError):  # fewer than two, or none in common
        return {}
    return {name: float(share) for name, share in found.items()}


def lock_of(trial: FrozenTrial, locks: Path) -> Path | None:
    """The lock that who trains a trial holds; None where it was not signed."""
    by = str(trial.user_attrs.get(BY, ""))
    return locks / f"{by}.lock" if by.isalnum() else None


def counts(trial: FrozenTrial) -> bool:
    """Whether a trial is one of those that were asked for."""
    if trial.state is TrialState.FAIL:
        return REASON in trial.user_attrs
    return trial.state in (TrialState.COMPLETE, TrialState.PRUNED)


def _is_silent(trial: FrozenTrial) -> bool:
    """Whether a trial has given no sign of life for long; machines' clocks agree to a minute or so."""
    began = trial.datetime_start.timestamp() if trial.datetime_start is not None else 0.0
    beat = trial.user_attrs.get(BEATS, began)
    return time.time() - (beat if isinstance(beat, float) else began) > SILENT


def _suggest(trial: Trial, free: Free) -> Value:
    if free.choices:
        return str(trial.suggest_categorical(free.name, list(free.choices)))
    if free.integer:
        return trial.suggest_int(free.name, int(free.low), int(free.high), log=free.log)
    return trial.suggest_float(free.name, free.low, free.high, log=free.log)


def _sampler(name: str, seed: int) -> BaseSampler:
    return TPESampler(seed=seed) if name == "tpe" else RandomSampler(seed=seed)


def _pruner(plan: Plan) -> BasePruner:
    if plan.pruner == "median":
        return MedianPruner(n_startup_trials=WARM_UP_TRIALS)
    if plan.pruner == "halving":
        return SuccessiveHalvingPruner()
    return NopPruner()


def _difference(kept: Plan, given: Plan) -> str:
    """In what the plan of a study differs from one that was given, in a few words."""
    theirs, mine = kept.to_dict(), given.to_dict()
    if theirs["space"] != mine["space"]:
        return " ".join(theirs["space"])[:200]
    for name in ("sampler", "pruner"):
        if theirs[name] != mine[name]:
            return phrase("searched-with", "with {name} {value}", name=name, value=theirs[name])
    names = [name for name in theirs["settings"] if theirs["settings"][name] != mine["settings"].get(name)]
    return phrase("searched-other", "with another {names}", names=", ".join(names))
