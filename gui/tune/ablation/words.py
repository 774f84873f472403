"""An ablation in words: its plan, how its runs stand, and what each technique did."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from engine.sweeps.ablation import Ablation, Effect, Plan, Verdict
from engine.sweeps.sweep import State
from gui import numbers
from gui.training.report import signed_loss
from gui.words import say


def _tr(text: str) -> str:
    return QCoreApplication.translate("Ablation", text)


def figure_title(name: str, monitor: str) -> str:
    """What one of the figures `best`, `accuracy` and `gap` is called."""
    if name == "gap":
        return _tr("Gap")
    return {
        "val_loss": _tr("Validation loss"),
        "val_accuracy": _tr("Validation accuracy"),
        "train_loss": _tr("Training loss"),
        "train_accuracy": _tr("Training accuracy"),
        "clean_train_loss": _tr("Clean training loss"),
        "clean_train_accuracy": _tr("Clean training accuracy"),
    }["val_accuracy" if name == "accuracy" else monitor]


def is_share(name: str, monitor: str) -> bool:
    """Whether a figure is a share of 1, told in per cent."""
    return name == "accuracy" or (name == "best" and monitor.endswith("accuracy"))


def planned(plan: Plan) -> str:
    """What there is to do: `4 techniques, 3 seeds: 15 runs`."""
    count, seeds = len(plan.techniques), len(plan.seeds)
    techniques = _tr("1 technique") if count == 1 else _tr("{count} techniques").format(count=count)
    of_seeds = _tr("1 seed") if seeds == 1 else _tr("{count} seeds").format(count=seeds)
    runs = numbers.count(len(plan.members))
    return _tr("{techniques}, {seeds}: {runs} runs").format(techniques=techniques, seeds=of_seeds, runs=runs)


def standing(found: Ablation, waiting: int) -> str:
    """How far it is: `9 of 15 runs are done, 1 trains, 5 wait`; empty where nothing was begun."""
    done, total = found.count(State.DONE), len(found.standings)
    if done == total:
        return _tr("All {count} runs are done.").format(count=numbers.count(total))
    parts = [
        (_tr("{done} of {total} runs are done").format(done=numbers.count(done), total=numbers.count(total)), done),
        (_tr("1 trains"), found.count(State.TRAINING)),
        (_tr("{count} wait").format(count=numbers.count(waiting)), waiting),
        (_tr("{count} stopped midway").format(count=found.count(State.BEGUN)), found.count(State.BEGUN)),
        (_tr("{count} failed").format(count=found.count(State.FAILED)), found.count(State.FAILED)),
    ]
    begun = any(count for _, count in parts)
    return ", ".join(text for text, count in parts if count or (begun and text is parts[0][0])) + ("." if begun else "")


def notes(found: Ablation) -> str:
    """What keeps the answer from being whole, a line each."""
    lines = [say(reason) for _, reason in found.plan.needed]
    for each in found.standings:
        if each.state is State.FAILED:
            reason = say(each.record.reason) if each.record is not None and each.record.reason else ""
            text = _tr("{run} failed, and its pair is left out. {reason}")
            lines.append(text.format(run=each.member.label, reason=reason).strip())
    if len(found.plan.seeds) == 1:
        lines.append(_tr("With one seed an effect has no interval, and may be luck: three or more tell."))
    return "\n".join(lines)


def summary(found: Ablation) -> str:
    """What the settings with all techniques came to."""
    everything = found.variants[0]
    parts = [
        f"{figure_title(name, found.monitor)} {_plain(value, share=is_share(name, found.monitor))}"
        for name, value in (("best", everything.best), ("accuracy", everything.accuracy))
        if value is not None and (name == "best" or found.monitor != "val_accuracy")
    ]
    if everything.gap is not None:
        parts.append(f"{_tr('Gap')} {signed_loss(everything.gap)}")
    if not parts:
        return ""
    return _tr("With all of them: {figures}").format(figures=" · ".join(parts))


def _plain(value: float, *, share: bool) -> str:
    return numbers.percent(value) if share else numbers.loss(value)


def effect(found: Effect, *, share: bool) -> str:
    """An effect with its interval: `−0.012 (−0.030 to +0.006)`."""
    size = change(found.difference, share=share)
    if found.verdict is Verdict.SAME:
        return _tr("exactly {size}").format(size=size)
    if found.interval is None:
        return size
    low, high = (change(end, share=share) for end in found.interval)
    return _tr("{size} ({low} to {high})").format(size=size, low=low, high=high)


def change(value: float, *, share: bool) -> str:
    """A difference with its sign; of shares in percentage points."""
    if value == 0:
        return "0"
    return f"{'−' if value < 0 else '+'}{abs(100 * value):.1f}" if share else signed_loss(value)


def verdict(found: Effect) -> str:
    """What an effect is worth, in words."""
    alone = found.pairs == 1
    return {
        Verdict.HELPED: _tr("helped"),
        Verdict.HURT: _tr("hurt"),
        Verdict.NARROWER: _tr("made the gap narrower"),
        Verdict.WIDER: _tr("made the gap wider"),
        Verdict.NO_EFFECT: _tr("no measurable effect"),
        Verdict.SAME: _tr("changes nothing"),
        Verdict.UNKNOWN: _tr("not known: of one seed alone") if alone else _tr("not known: the same in every seed"),
    }[found.verdict]
