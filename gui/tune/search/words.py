"""A search in words: what is chosen, what trials came to, and how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication

from engine.catalogue import Catalogue
from engine.config import ONE_CHOICE, RunConfig
from engine.message import InputError
from engine.searches.space import Free, Value
from gui import numbers
from gui.words import kind_title, run_title, title

if TYPE_CHECKING:
    from engine.searches.watch import StudySeen, TrialSeen

MOST_TOLD = 4
"""Parameters that are told of in a line of text."""


def _tr(text: str) -> str:
    return QCoreApplication.translate("Search", text)


def called(name: str, catalogue: Catalogue) -> str:
    """What something is called that is chosen: `Learning rate`, `Optimizer`, `Dropout`, `Dropout: p`."""
    owner, _, own = name.partition(".")
    if owner in RunConfig.model_fields and owner not in ONE_CHOICE:
        return run_title(owner)
    called = kind_title(owner) if owner in ONE_CHOICE else _technique(owner, catalogue)
    return _tr("{technique}: {parameter}").format(technique=called, parameter=own) if own else called


def _technique(id: str, catalogue: Catalogue) -> str:
    try:
        strategy = catalogue.entry(id).strategy
    except InputError:
        return id
    return title(strategy) if strategy is not None else id


def value(chosen: Value | None) -> str:
    """A value that was chosen: a number with three significant figures, or a word."""
    if chosen is None:
        return numbers.NONE
    if isinstance(chosen, int):
        return numbers.count(chosen) if abs(chosen) >= 10_000 else str(chosen)
    return number(chosen) if isinstance(chosen, float) else word(chosen)


def number(value: float) -> str:
    """A number with three significant figures; what does not apply is a dash."""
    return numbers.learning_rate(value)


def word(text: str) -> str:
    """One of the words to choose from, for people."""
    return {"on": _tr("on"), "off": _tr("off"), "true": _tr("yes"), "false": _tr("no")}.get(text, text)


def reach(free: Free) -> str:
    """What is chosen from: `0.0001 to 0.01, by the logarithm`; `adam, sgd`."""
    if free.choices:
        shown = [word(choice) for choice in free.choices]
        return "; ".join(shown) if any("," in choice for choice in shown) else ", ".join(shown)
    text = _tr("{low} to {high}, by the logarithm") if free.log else _tr("{low} to {high}")
    return text.format(low=value(free.low), high=value(free.high))


def monitored(monitor: str) -> str:
    """What trials are compared by."""
    return {
        "val_loss": _tr("Validation loss"),
        "val_accuracy": _tr("Validation accuracy"),
        "train_loss": _tr("Training loss"),
        "train_accuracy": _tr("Training accuracy"),
        "clean_train_loss": _tr("Clean training loss"),
        "clean_train_accuracy": _tr("Clean training accuracy"),
    }[monitor]


def figure(value: float | None, monitor: str) -> str:
    """A monitored figure."""
    return numbers.percent(value) if monitor.endswith("accuracy") else numbers.loss(value)


def state(name: str) -> str:
    """How a trial stands."""
    return {
        "waiting": _tr("waits"), "running": _tr("trains"), "left": _tr("was cut off"), "complete": _tr("complete"),
        "pruned": _tr("given up"), "failed": _tr("failed"),
    }[name]  # fmt: skip


def standing(seen: StudySeen) -> str:
    """How many trials there are: `12 trials: 8 complete, 3 given up, 1 failed; 2 train`."""
    states = [trial.state for trial in seen.trials]
    known = (
        ("complete", _tr("{count} complete")), ("pruned", _tr("{count} given up early")),
        ("failed", _tr("{count} failed")), ("running", _tr("{count} training")),
        ("left", _tr("{count} cut off, to be tried again")), ("waiting", _tr("{count} waiting")),
    )  # fmt: skip
    parts = [text.format(count=numbers.count(states.count(name))) for name, text in known if name in states]
    if not parts:
        return _tr("No trial yet")
    return _tr("Trials: {parts}").format(parts=", ".join(parts))


def best(seen: StudySeen, catalogue: Catalogue) -> str:
    """The best trial, with what was chosen in it."""
    if seen.best is None:
        return ""
    return _tr("Best: trial {number}, {figure} {value}. {chosen}").format(
        number=seen.best.number, figure=monitored(seen.plan.config.monitor).lower(),
        value=figure(seen.best.value, seen.plan.config.monitor), chosen=chosen(seen.best, catalogue),
    )  # fmt: skip


def chosen(trial: TrialSeen, catalogue: Catalogue) -> str:
    """What was chosen in a trial, with its names."""
    pairs = [f"{called(name, catalogue)} {value(each)}" for name, each in trial.params.items()]
    more = ["…"] if len(pairs) > MOST_TOLD else []
    return " · ".join(pairs[:MOST_TOLD] + more)


def tip(trial: TrialSeen, monitor: str, catalogue: Catalogue) -> str:
    """A trial in a few lines."""
    head = _tr("Trial {number}: {state}").format(number=trial.number, state=state(trial.state))
    lines = [head, f"{monitored(monitor)} {figure(trial.value, monitor)}"]
    lines += [f"{called(name, catalogue)} {value(each)}" for name, each in trial.params.items()]
    return "\n".join([*lines, trial.reason] if trial.reason else lines)
