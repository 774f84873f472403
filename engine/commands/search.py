"""`tunedeck search`: many trials, in the terminal."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import optuna

from engine.catalogue import Catalogue
from engine.config import ONE_CHOICE, run_parameters
from engine.hardware import processors
from engine.language import tr
from engine.message import InputError
from engine.searches.pool import Pool
from engine.searches.search import Limits, Outcome, Search, open_study, outcome
from engine.searches.space import parse_space
from engine.searches.study import Asked, Plan
from engine.terminal.given_settings import settings
from engine.terminal.interrupts import INTERRUPTED, Interrupts
from engine.terminal.run import DONE, FAILED
from engine.yaml_file import write_yaml

TRIALS = 50
"""How many trials there are where neither their number nor a time is given."""
MOST_PROCESSES = 256
HOW = {"pruned": "pruned", "its process ended": "its process ended"}
"""How a trial ends that is neither complete nor failed."""


def search(arguments: argparse.Namespace, catalogue: Catalogue, workspace: Path) -> tuple[int, dict[str, Any]]:
    """`tunedeck search`."""
    limits = _limits(arguments)
    processes = processors() if arguments.processes is None else arguments.processes
    if not 1 <= processes <= MOST_PROCESSES:
        raise InputError("bad-processes", "--processes is from 1 to {most}", most=MOST_PROCESSES)
    target = None if arguments.save_best is None else Path(arguments.save_best)
    if target is not None and (target.is_dir() or not target.parent.is_dir()):
        raise InputError("no-folder", "{path} can't be written: name a file in a folder that is there", path=target)
    plan = _plan(arguments, catalogue)
    name = arguments.join or arguments.study or (plan.default_name() if plan is not None else "")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with Interrupts(quiet=True) as interrupts, open_study(name, plan, catalogue, workspace, arguments.storage) as study:
        interrupts.hold()
        print(_begun(name, limits, study.plan), file=sys.stderr)
        done = limits.trials is not None and study.is_full(limits.trials)
        count = 0 if done else min(processes, limits.trials or processes)
        with Pool(count, workspace, study.plan.config.to_dict()) as pool:
            bars = _Lines(study.plan.config.monitor, study.plan.maximized)
            whole = Search(study, pool, limits, bars.told).run(lambda: interrupts.asked)
        found = outcome(study, catalogue)
    if target is not None and found.best is not None:
        write_yaml(target, found.best.settings)
    _say(found, json=arguments.json)
    if not whole:
        print(f"tunedeck: {tr('the same command goes on where this one ended')}", file=sys.stderr)
        return INTERRUPTED, told(found)
    return DONE if found.best is not None else FAILED, told(found)


def _begun(name: str, limits: Limits, plan: Plan) -> str:
    parameters = ", ".join(free.name for free in plan.space)
    if limits.trials is None:
        return tr("study {name}: trials over {parameters}").format(name=name, parameters=parameters)
    words = tr("study {name}: {trials} trials over {parameters}")
    return words.format(name=name, trials=limits.trials, parameters=parameters)


def told(found: Outcome) -> dict[str, Any]:
    """What `--json` prints."""
    return {
        "study": found.study, "trials": found.trials, "finished": found.finished, "pruned": found.pruned,
        "failed": found.failed, "best": None if found.best is None else asdict(found.best),
        "importance": found.importance,
    }  # fmt: skip


def _limits(arguments: argparse.Namespace) -> Limits:
    if arguments.trials is not None and not 1 <= arguments.trials <= 100_000:
        raise InputError("bad-trials", "--trials is from 1 to 100,000, of the whole study")
    if arguments.minutes is not None and not 0 < arguments.minutes <= 1e6:
        raise InputError("bad-minutes", "--minutes is a number above 0")
    seconds = None if arguments.minutes is None else 60 * arguments.minutes
    return Limits(TRIALS if arguments.trials is None and seconds is None else arguments.trials, seconds)


def _plan(arguments: argparse.Namespace, catalogue: Catalogue) -> Plan | None:
    """What is to be searched; None where a study is joined, which brings its own."""
    if arguments.join is None:
        given = settings(arguments, catalogue)
        space = parse_space(arguments.tune, given, catalogue)
        return Plan(given, space, arguments.sampler or "tpe", arguments.pruner or "median")
    own = ("tune", "study", "sampler", "pruner", "config", "recipe", "changes", *ONE_CHOICE)
    if any(getattr(arguments, name) for name in (*own, *(parameter.name for parameter in run_parameters()))):
        raise InputError(
            "joined",
            "a study that is joined brings its own settings: leave out all but --trials, --minutes, "
            "--processes, --storage and --save-best",
        )
    return None


class _Lines:
    """A line on standard error for each trial that ends."""

    def __init__(self, monitor: str, maximized: bool) -> None:
        self._monitor, self._maximized = monitor, maximized
        self._best: float | None = None

    def told(self, asked: Asked, how: str) -> None:
        """Say how a trial ended."""
        value = (max if self._maximized else min)(asked.values, default=None)
        number = tr("trial {number}").format(number=asked.trial.number)
        figures = [number, *([f"{self._monitor} {value:.4f}"] if value is not None else [])]
        figures += [f"{name}={_short(chosen)}" for name, chosen in asked.trial.params.items()]
        if how:
            figures.append(_how(how))
        elif value is not None and (self._best is None or (value > self._best) == self._maximized):
            self._best = value
            figures.append(tr("best"))
        print(" · ".join(figures), file=sys.stderr)


def _how(how: str) -> str:
    """How a trial ended, in the reader's language."""
    reason = how.removeprefix("failed: ")
    return tr("failed: {reason}").format(reason=reason) if reason != how else tr(HOW.get(how, how))


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _say(found: Outcome, *, json: bool) -> None:
    stream = sys.stderr if json else sys.stdout
    for reason in found.reasons[:5]:
        print(f"tunedeck: {tr('failed: {reason}').format(reason=reason)}", file=sys.stderr)
    counts = tr("{trials} trials: {finished} to their end, {pruned} pruned, {failed} failed").format(
        trials=found.trials, finished=found.finished, pruned=found.pruned, failed=found.failed
    )
    print(counts, file=stream)
    if found.best is None:
        print(tr("no trial came to its end"), file=stream)
        return
    chosen = ", ".join(f"{name}={_short(value)}" for name, value in found.best.params.items())
    best = tr("best: trial {number} with {value:.4f}: {parameters}")
    print(best.format(number=found.best.number, value=found.best.value, parameters=chosen), file=stream)
    if len(found.importance) > 1:
        shares = ", ".join(f"{name} {share:.0%}" for name, share in found.importance.items())
        print(tr("what the differences come from: {shares}").format(shares=shares), file=stream)
