"""What may mend a run whose curves say what is wrong: other settings, each with what it is expected to change.

Names no technique. One says itself for which verdicts it is a remedy (`Strategy.remedies`), and with which parameters
(`as_remedy`); a stranger's does so too. What the engine adds of its own are the run's plain settings: learning rate,
epochs, samples; and where a network learns too little, to untick what is a remedy against learning too much.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate

from engine.catalogue import Catalogue
from engine.config import ONE_CHOICE, RunConfig
from engine.history import EpochRow, History
from engine.message import InputError, Message, Phrase, message
from engine.parameter import parameters_of
from engine.strategy import Effect, Place, Progress, Regularizer, Stopping, Strategy, Verdict
from engine.strategy_text import format_strategy, id_in_words

MOST = 3
"""Remedies that are offered."""
BETTER = Effect(best=1.0)
"""The best is expected to be better, by how much nobody knows."""
ASKED = 30
"""How often a stopping rule is asked about a run, at most: each time it reads all epochs before."""
TENTH, TENFOLD = 0.1, 10.0
"""What a learning rate is multiplied by that is too high, or too low."""
HOLD_BACK = ("regularizer", "augmentation")
"""The kinds that keep a network from learning by heart; and from learning at all where they are too strong."""
BY_RATE: tuple[Verdict, ...] = ("lr-too-high", "lr-too-low", "diverging")
"""Verdicts on the learning rate: to change that comes first, techniques after it."""
FORKED = ("augmentation", "scheduler", "regularizer")
"""The kinds that a run can go on with from where it is, if they bring no weights of their own."""
FROM_BEST: tuple[Verdict, ...] = ("overfitting", "diverging", "lr-too-high")
"""Verdicts after which a fork had better begin at the best epoch: what came later made the network worse."""


@dataclass(frozen=True)
class Treatment:
    """Other settings for a run, and what they are expected to change."""

    text: Message
    config: RunConfig
    flags: tuple[str, ...]
    """What makes the change on the command line."""
    expected: Mapping[str, float]
    """`gap` and `best` (losses) and `time` (seconds): what they are expected to come to, at most."""
    says: tuple[Message, ...]
    """The same in words."""
    forks: bool
    """Whether the run can also go on with it, instead of beginning anew."""
    from_best: bool = False
    """Whether it had better go on from its best epoch than from its last."""


@dataclass(frozen=True)
class _Change:
    kind: str
    text: Message
    config: RunConfig
    flags: tuple[str, ...]
    effect: Effect
    forks: bool = True


def treatments(
    verdict: Verdict, history: History, config: RunConfig, catalogue: Catalogue, *, images: bool = False
) -> tuple[Treatment, ...]:
    """Up to three remedies, one of each kind of change. `images` says whether the samples are known to be images."""
    techniques = sorted(_techniques(verdict, history, config, catalogue, images), key=_promise)
    own = list(OWN[verdict](config)) if verdict in OWN else []
    held_back = list(_unticked(config)) if verdict == "underfitting" else []
    order = [*own, *techniques] if verdict in BY_RATE else [*held_back, *techniques, *own]
    chosen: dict[str, _Change] = {}
    for change in order:
        if _is_valid(change.config, config):
            chosen.setdefault(change.kind, change)
    return tuple(_treatment(change, verdict, history) for change in list(chosen.values())[:MOST])


def _promise(change: _Change) -> tuple[float, float]:
    """How much is expected of a change: less is better."""
    return change.effect.gap or 1.0, change.effect.best or 1.0


def _is_valid(config: RunConfig, present: RunConfig) -> bool:
    """Whether such a run can start, and whether nothing is to be warned of that is not already."""
    known = {(id, advice.text.code) for id, advice in present.advice()}
    return config != present and not [a for id, a in config.advice() if (id, a.text.code) not in known]


# --- techniques -----------------------------------------------------------------------------------


def _techniques(
    verdict: Verdict, history: History, config: RunConfig, catalogue: Catalogue, images: bool
) -> Iterator[_Change]:
    present = {strategy.id: strategy for strategy in config.strategies}
    offered = {strategy.id: strategy for strategy in config.offered}
    for technique in (entry.strategy for entry in catalogue.entries if entry.strategy):
        effect = technique.remedies.get(verdict)
        own = present.get(technique.id)
        if effect is None or (own is None and not technique.many) or (technique.kind == "augmentation" and not images):
            continue
        try:
            proposed = (own or offered.get(technique.id) or technique()).as_remedy(verdict, config)
            stopped = _replayed(proposed, history, config) if isinstance(proposed, Stopping) else effect
        except Exception:  # noqa: BLE001 a plugin may raise anything: then it is no remedy
            continue
        if proposed != own and stopped is not None:
            yield _ticking(proposed, config, stopped)


def _ticking(strategy: Strategy, config: RunConfig, effect: Effect) -> _Change:
    technique = technique_in_words(strategy)
    text = message("treatment-try", "try {technique}{value}", technique=technique, value=_value(strategy))
    flag = f"--{strategy.kind}" if strategy.kind in ONE_CHOICE else "--with"
    flags = (flag, format_strategy(strategy))
    return _Change(strategy.kind, text, config.ticked(strategy), flags, effect, _adds_no_weights(strategy))


def technique_in_words(strategy: Strategy) -> str:
    """Its id in words."""
    title = message("title", id_in_words(strategy.id, type(strategy).__name__))
    return Phrase(title, strategy.id.replace("-", " "))


def _value(strategy: Strategy) -> str:
    """Its first number, or numbers, with a space before; empty where it has none."""
    for parameter in parameters_of(type(strategy)):
        value = getattr(strategy, parameter.name)
        if isinstance(value, (int, float, tuple)) and not isinstance(value, bool):
            return " " + parameter.write(value).replace("+", ", ")
    return ""


def _adds_no_weights(strategy: Strategy) -> bool:
    """Whether trained weights fit a network with this technique."""
    if strategy.kind not in FORKED:
        return False
    if not isinstance(strategy, Regularizer) or strategy.slot is None:
        return True
    try:
        return not strategy.layer(Place(8, 2)).state_dict()
    except Exception:  # noqa: BLE001 a plugin may raise anything
        return False


def _unticked(config: RunConfig) -> Iterator[_Change]:
    """Without what holds the network back."""
    for strategy in config.with_:
        if strategy.kind in HOLD_BACK and "overfitting" in strategy.remedies:
            text = message("treatment-without", "without {technique}", technique=technique_in_words(strategy))
            yield _Change(
                strategy.kind, text, config.unticked(strategy.id), ("--without", strategy.id), BETTER,
                _adds_no_weights(strategy),
            )  # fmt: skip


def _replayed(rule: Stopping, history: History, config: RunConfig) -> Effect | None:
    """What a stopping rule would have changed in this very run, of which it is shown more and more; None where nothing.

    It is asked so often that it is known to a thirtieth of the run when it acts.
    """
    rows, stride = history.epochs, 1 + len(history.epochs) // ASKED
    spent, seconds = list(accumulate(map(_seconds, rows))), 0.0
    for count in range(stride, len(rows), stride):
        seen, row, seconds = History(), rows[count - 1], spent[count - 1]
        seen.epochs = rows[:count]
        if rule.reason(Progress(row.epoch, 0, config.epochs, 1, config.lr, seconds), seen) is not None:
            gap = rows[-1].gap
            shrinks = gap is not None and row.gap is not None and 0 < row.gap < gap
            return Effect(gap=row.gap / gap if shrinks else None, time=seconds / spent[-1] if spent[-1] else None)  # type: ignore[operator]
    return None


def _seconds(row: EpochRow) -> float:
    return (row.train_seconds or 0.0) + (row.val_seconds or 0.0)


# --- the run's plain settings ---------------------------------------------------------------------


def _setting(config: RunConfig, name: str, value: float | int | str, effect: Effect, forks: bool = True) -> _Change:
    text = message(f"treatment-{name.replace('_', '-')}", TEXTS[name], value=value, old=getattr(config, name))
    return _Change(
        name, text, config.changed({name: value}), (f"--{name.replace('_', '-')}", f"{value:g}" if isinstance(
            value, float) else str(value)), effect, forks,
    )  # fmt: skip


TEXTS = {
    "lr": "try learning rate {value}",
    "epochs": "train {value} epochs",
    "train_samples": "train on {value} samples",
}


def _rate(factor: float) -> Callable[[RunConfig], Iterator[_Change]]:
    def changes(config: RunConfig) -> Iterator[_Change]:
        try:
            yield _setting(config, "lr", float(f"{config.lr * factor:.3g}"), BETTER)
        except InputError:  # out of bounds
            return

    return changes


def _more_epochs(config: RunConfig) -> Iterator[_Change]:
    try:
        yield _setting(config, "epochs", 2 * config.epochs, Effect(best=1.0, time=2.0))
    except InputError:
        return


def _more_samples(config: RunConfig) -> Iterator[_Change]:
    if config.train_samples != "all":
        yield _setting(config, "train_samples", "all", Effect(gap=1.0, best=1.0), forks=False)


OWN: dict[Verdict, Callable[[RunConfig], Iterator[_Change]]] = {
    "overfitting": _more_samples, "underfitting": _more_epochs, "lr-too-high": _rate(TENTH), "diverging": _rate(TENTH),
    "lr-too-low": _rate(TENFOLD), "plateau": _rate(TENTH),
}  # fmt: skip


# --- what is expected -----------------------------------------------------------------------------


def _treatment(change: _Change, verdict: Verdict, history: History) -> Treatment:
    last = history.epochs[-1] if history.epochs else None
    best = history.best("val_loss") or history.best("clean_train_loss") or history.best("train_loss")
    name = "val_loss" if best is not None and best.val_loss is not None else "clean_train_loss"
    present = {
        "gap": last.gap if last is not None else None,
        "best": getattr(best, name) if best is not None else None,
        "time": sum(map(_seconds, history.epochs)) or None,
    }
    expected, says = {}, []
    for figure, before in present.items():
        factor = getattr(change.effect, figure)
        if factor is None or before is None or (figure == "gap" and before <= 0):
            continue
        expected[figure] = after = before * factor
        code, template = SAID[figure, factor == 1.0]
        says.append(message(code, template, before=before, after=after))
    forks = change.forks and bool(history.epochs)
    return Treatment(
        change.text, change.config, change.flags, expected, tuple(says), forks, verdict in FROM_BEST
    )  # fmt: skip


SAID = {
    ("gap", False): ("expects-gap", "the gap is expected to shrink from {before} to about {after}"),
    ("gap", True): ("expects-less-gap", "the gap is expected to be less than {before}"),
    ("best", False): ("expects-best", "the best loss is expected to fall from {before} to about {after}"),
    ("best", True): ("expects-better", "the best loss is expected to be less than {before}"),
    ("time", False): ("expects-time", "it is expected to take {after} s instead of {before} s"),
    ("time", True): ("expects-same-time", "it is expected to take as long: {before} s"),
}


def with_epochs_left(config: RunConfig, done: int) -> RunConfig:
    """The settings for a fork of a run of which so many epochs are done: with as many to come as there were."""
    return config if config.epochs > done else config.changed({"epochs": done + config.epochs})
