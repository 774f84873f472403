"""Ten more epochs, under every schedule, of a run that has finished, was stopped, or stopped early.

What is promised: the total is what was planned, or done where a rule ended the run, and ten more. Until the plan is
over the learning rate follows it; beyond, its last value is held, or with `reschedule` it is planned anew for the new
total. What acts on the record, such as a reduction on a plateau, goes on acting. Stopping rules judge what came after
the start mark, which a run that had ended gets and one that was stopped does not. What was done stays as it was, the
change is recorded, and the run says all this as it starts. A fork without any change of settings goes on alike.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.rows import Row
from engine.catalogue import Catalogue
from engine.config import RunConfig
from engine.events import Started
from engine.fork import forked
from engine.history import History
from engine.store import MemoryStore
from engine.strategy import Progress
from engine.trainer import Trainer
from tests.engine.support import differing, run
from tests.reliability.resume_settings import LONG, Length, Settings, catalogue

MORE, PATIENCE = 10, 5
STATES = ("finished", "stopped", "stopped early")
RULE = f"early-stopping:patience={PATIENCE},min_delta=1000"
"""Ends a run once it has judged six epochs, whatever they brought."""
TOGETHER = ("cosine", "warm-up", "reduce-lr-on-plateau")


@dataclass
class Extended:
    """A run that went on, and what it did not keep of what is promised."""

    before: History
    """Its record until then."""
    done: int
    """Epochs until then."""
    trainer: Trainer
    started: Started
    broken: list[str] = field(default_factory=list)

    def check(self, promise: str, kept: bool) -> None:
        """Note a promise that was not kept."""
        if not kept:
            self.broken.append(promise)


def schedules(catalogue: Catalogue) -> list[tuple[str, ...]]:
    """No schedule, each by itself, and three that share a run."""
    return [(), *((entry.id,) for entry in catalogue.entries if entry.kind == "scheduler"), TOGETHER]


def more_epochs(settings: Settings, ids: Sequence[str], state: str, reschedule: bool) -> list[str]:
    """Let a run with these schedulers, left in this state, train ten epochs more; the promises that were broken."""
    config = settings.make(*(ids or ("step",)), *([RULE] if state == "stopped early" else []))
    config = config if ids else config.unticked("step")
    store = MemoryStore()
    first = Trainer(config, lambda: store)
    steps = len(first.learner.bounds)
    run(first, stop_at=config.epochs * steps // 2 + 1 if state == "stopped" else None)
    done = first.position.epoch
    total = MORE + (done if state == "stopped early" else config.epochs)
    trainer = Trainer(config, lambda: store, snapshot=store.last())
    trainer.extend(total, reschedule=reschedule)
    begun = trainer.position.step
    events = run(trainer)
    assert isinstance(events[0], Started)
    found = Extended(first.history, done, trainer, events[0])
    _check_course(found, config, begun, total, reschedule)
    _check_judgement(found, state, total)
    _check_words(found, config, state, total, reschedule)
    return found.broken


def _check_course(found: Extended, config: RunConfig, begun: int, total: int, reschedule: bool) -> None:
    history, steps = found.trainer.history, len(found.trainer.learner.bounds)
    rates = history.steps[:, 2].tolist()
    before, rows = found.before, [row._replace(train_seconds=0, val_seconds=0) for row in history.epochs]
    past = [row._replace(train_seconds=0, val_seconds=0) for row in before.epochs]
    found.check("what was done stays in the record", rows[: len(past)] == past)
    found.check("its steps too", history.steps[:begun].tolist() == before.steps[:begun].tolist())
    planned = [total if reschedule and step >= begun else config.epochs for step in range(len(rates))]
    expected = [rate_at(config, step, steps, epochs, history) for step, epochs in enumerate(planned)]
    found.check("the learning rate is as promised", rates == expected)
    found.check("the row of an epoch shows it", [row.lr for row in rows] == [*rates[steps - 1 :: steps]])
    beyond = rates[max(begun, config.epochs * steps) :]
    on_record = any(not scheduler.shape and scheduler.every == "epoch" for scheduler in config.schedulers)
    if beyond and not reschedule and not on_record:
        found.check("beyond the plan it is held", set(beyond) == {rates[config.epochs * steps - 1]})
    changes = [(change.field, change.new) for change in found.trainer.position.changes]
    found.check("the changes are recorded", changes == [("epochs", total)] + [("schedule", total)] * reschedule)


def rate_at(config: RunConfig, step: int, steps: int, planned: int, history: History) -> float:
    """The learning rate of a step, told anew: beyond the plan schedulers are asked for its last step."""
    at = min(step, planned * steps - 1)
    known = History()
    known.epochs = history.epochs[: step // steps]
    progress = Progress(at // steps, at, planned, steps, config.lr)
    factors: dict[str, float] = {"epoch": 1.0, "step": 1.0}
    for scheduler in config.schedulers:
        factors[scheduler.every] *= scheduler.lr_factor(progress, known)
    return config.lr * factors["epoch"] * factors["step"]


def _check_judgement(found: Extended, state: str, total: int) -> None:
    position, history = found.trainer.position, found.trainer.history
    assert position.reason is not None
    if state == "stopped early":
        found.check("it had stopped early", found.done == PATIENCE + 1)
        found.check("it is judged afresh", position.epoch == found.done + PATIENCE + 1 < total)
        found.check("and says so at the end", position.reason.code == "early-stopping")
        found.check("of epochs after the mark", position.reason.values["best_epoch"] > found.done)
    else:
        found.check("it trains to the new total", (position.epoch, position.reason.code) == (total, "all-epochs"))
    marks = [] if state == "stopped" else [found.done]
    found.check("a run that had ended has a start mark, a stopped one has none", history.marks == marks)


def _check_words(found: Extended, config: RunConfig, state: str, total: int, reschedule: bool) -> None:
    told = {id: text for id, text in found.started.warnings if text.code in WORDS}
    course = "planned-anew" if reschedule else "rate-held" if state == "finished" else "rate-will-be-held"
    expected = {scheduler.id: course for scheduler in config.schedulers if scheduler.shape}
    expected |= {stopping.id: "judged-afresh" for stopping in config.stoppings}
    found.check("it says what applies", {id: text.code for id, text in told.items()} == expected)
    found.check("in whole sentences", not any("{" in str(text) for text in told.values()))
    found.check("it starts for the new total", found.started.epochs == total)


WORDS = ("planned-anew", "rate-held", "rate-will-be-held", "judged-afresh")


# --- a fork ---------------------------------------------------------------------------------------


def forks_go_on(settings: Settings, ids: Sequence[str], change: Callable[[Trainer], None] | None) -> list[str]:
    """Fork a run without any change of settings, and resume it; what differs but the marks that tell a fork.

    The run was stopped in mid-epoch, beyond its plan; in it `change` was made.
    """
    config = settings.make(*(ids or ("step",)))
    config = config if ids else config.unticked("step")
    store = MemoryStore()
    run(Trainer(config, lambda: store))
    trainer = Trainer(config, lambda: store, snapshot=store.last())
    trainer.extend(config.epochs + MORE)
    if change is not None:
        change(trainer)
    run(trainer, stop_at=trainer.position.step + len(trainer.learner.bounds) + 1)
    parent = store.last()
    best = store.best_bytes
    forked_store = MemoryStore()
    forked_store.best_bytes = best
    same = config.changed({"epochs": config.epochs + MORE})
    fork = Trainer(same, lambda: forked_store, snapshot=forked(parent, config, same, "parent", None))
    run(fork)
    run(Trainer(config, lambda: store, snapshot=store.last()))
    different = differing(forked_store.last(), store.last())
    meta, resumed = forked_store.last().meta, store.last().meta
    here = parent.meta["progress"]
    different += [] if meta["parent"]["step"] == here["step"] else ["the fork does not name where it began"]
    different += [] if "parent" not in resumed else ["the resumed run is no fork"]
    different += [] if meta["marks"] == [*resumed["marks"], here["epoch"]] else ["the fork lacks a start mark"]
    return different


def lower_rate(trainer: Trainer) -> None:
    """Change the learning rate by hand."""
    trainer.change_lr(0.0007)


# --- the long form --------------------------------------------------------------------------------


def long_form() -> list[Row]:
    """Every schedule, in every state, held and planned anew; and forks of runs beyond their plan."""
    known = catalogue()
    with TemporaryDirectory() as folder:
        found = all_extensions(Settings(known, LONG, Path(folder)), known)
        forks = all_forks(Settings(known, LONG, Path(folder)), known)
    for name, broken in {**found, **forks}.items():
        if broken:
            print(f"{name}: {'; '.join(broken)}", file=sys.stderr)
    return [
        _kept("ways to ten more epochs that keep what is promised, and say it", found),
        _kept("forks beyond the plan that go on as the run itself", forks),
    ]


def all_extensions(settings: Settings, known: Catalogue) -> dict[str, list[str]]:
    """The promises that were broken, by schedule and state."""
    return {
        f"{' + '.join(ids) or 'no schedule'}, {state}, {'anew' if anew else 'held'}": more_epochs(
            settings, ids, state, anew
        )
        for ids in schedules(known)
        for state in STATES
        for anew in (False, True)
    }


def all_forks(settings: Settings, known: Catalogue) -> dict[str, list[str]]:
    """What differs between a fork and the run itself, by schedule and change."""
    return {
        f"fork under {' + '.join(ids) or 'no schedule'}{', lr by hand' if change else ''}": forks_go_on(
            settings, ids, change
        )
        for ids in schedules(known)
        for change in (None, lower_rate)
    }


def _kept(name: str, found: dict[str, list[str]]) -> Row:
    return Row(name, sum(not broken for broken in found.values()), f"of {len(found)}", len(found), at_most=False)


SHORT = Length(2, 2, loss=0.8)
