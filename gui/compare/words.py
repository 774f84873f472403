"""Comparisons in words: settings that differ, means over seeds, and what a difference of means is worth."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QCoreApplication

from engine.catalogue import Catalogue
from engine.comparison import Comparison, Group
from engine.differing import Choice, Difference, Missing, Value
from engine.message import InputError, Message
from engine.seed_noise import MeanDifference, Spread
from gui import numbers
from gui.training.report import signed_loss
from gui.words import NEVER, id_in_words, kind_title, run_title, say, title

MANY_PAIRS = 3
"""Of so many differences or more one may well lie outside its interval by luck: that is said then."""
LONG = 10
"""More characters than a number may have, where four figures tell as much."""
OF_PAIRS = ("best_val_accuracy", "last_val_loss", "gap")
"""The outcomes whose differences are told; in the place of an accuracy that there is not, the loss."""


def _tr(text: str) -> str:
    return QCoreApplication.translate("Compare", text)


# --- settings -------------------------------------------------------------------------------------


def setting(difference: Difference, catalogue: Catalogue) -> str:
    """What a setting is called that differs."""
    if difference.key == "changes":
        return _tr("Learning rate, changed in the run")
    if difference.key == "parent":
        return _tr("Forked from")
    if difference.key == "augmentations":
        return _tr("Order of augmentations")
    if difference.id:
        technique = called(difference.id, catalogue)
        return f"{technique}: {difference.name}" if difference.name else technique
    return run_title(difference.name) if difference.name else kind_title(difference.kind)


def called(id: str, catalogue: Catalogue) -> str:
    """What a technique is called; one that is gone by its id."""
    try:
        strategy = catalogue.entry(id).strategy
    except InputError:
        strategy = None
    return title(strategy) if strategy else id_in_words(id, "")


def value(difference: Difference, place: int, catalogue: Catalogue) -> str:
    """The value of a setting for one of the runs."""
    given = difference.values[place]
    if difference.key == "augmentations" and isinstance(given, tuple):
        return ", ".join(called(str(id), catalogue) for id in given)
    if isinstance(given, Choice):
        name = _tr("on") if difference.id else called(given.id, catalogue)
        return ", ".join([name, *(f"{each} {plain(its)}" for each, its in given.telling)])
    return plain(given)


def plain(given: Value) -> str:
    """A value in words."""
    if isinstance(given, Missing):
        return _tr("off") if given is Missing.OFF else NEVER
    if isinstance(given, bool):
        return _tr("on") if given else _tr("off")
    if given is None:
        return _tr("none")
    if isinstance(given, Message):
        return say(given)
    if isinstance(given, tuple):
        return ", ".join(map(plain, given))
    if isinstance(given, float) and len(str(given)) > LONG:
        return f"{given:.4g}"
    return str(given)


def group_names(comparison: Comparison, catalogue: Catalogue) -> list[str]:
    """What each group is called: a single run by its label; several seeds by what they share, and where others share
    it too, by what they differ in from them."""
    titles = [group.title if len(group.seeds) > 1 else "" for group in comparison.groups]
    return [
        ", ".join([titles[place], *_told_apart(place, titles, comparison.between_groups, catalogue)])
        if titles[place]
        else group.runs[0].label
        for place, group in enumerate(comparison.groups)
    ]


def _told_apart(place: int, titles: list[str], differences: Sequence[Difference], catalogue: Catalogue) -> list[str]:
    alike = [other for other, title in enumerate(titles) if title == titles[place]]
    told = []
    for each in differences:
        if any(each.values[other] != each.values[place] for other in alike):
            name = setting(each, catalogue)
            told.append(f"{name[:1].lower()}{name[1:]} {value(each, place, catalogue)}")
    return told[:2]


# --- seeds ----------------------------------------------------------------------------------------


def with_seeds(group: Group, name: str) -> str:
    """The name of a group, and how many seeds it has where these are several: `MLP, 5 seeds`."""
    count = len(group.seeds)
    return _tr("{name}, {count} seeds").format(name=name, count=count) if count > 1 else name


def outcome(name: str) -> str:
    """What a figure of a run is called."""
    return {
        "best_val_loss": _tr("best loss"),
        "best_val_accuracy": _tr("best accuracy"),
        "last_val_loss": _tr("last loss"),
        "last_val_accuracy": _tr("last accuracy"),
        "gap": _tr("gap"),
        "test_accuracy": _tr("test accuracy"),
    }[name]


def figure(name: str, given: float | None) -> str:
    """A figure of a run: an accuracy in per cent, a gap with its sign, a loss."""
    if given is None:
        return numbers.NONE
    if name.endswith("accuracy"):
        return numbers.percent(given)
    return signed_loss(given) if name == "gap" else numbers.loss(given)


def spread(name: str, given: Spread | None) -> str:
    """Mean and standard deviation of an outcome: `88.1 % ± 0.4`, `0.301 ± 0.004`."""
    if given is None or given.deviation is None:
        return numbers.NONE
    return plus_minus(name, given.mean, given.deviation)


def plus_minus(name: str, mean: float, deviation: float) -> str:
    """Mean and standard deviation of a figure, the deviation with as many decimals as the mean."""
    written = figure(name, mean)
    if name.endswith("accuracy"):
        return f"{written} ± {100 * deviation:.1f}"
    fixed = f"{deviation:.{len(written.partition('.')[2])}f}"
    plain = "e" not in written and (float(fixed) > 0 or deviation == 0)
    return f"{written} ± {fixed if plain else numbers.loss(deviation)}"


def verdicts(comparison: Comparison, names: Sequence[str]) -> str:
    """What the differences between groups of seeds are worth, as rich text; empty without two such groups."""
    named = list(zip(comparison.groups, names, strict=True))
    groups = [(group, name) for group, name in named if len(group.seeds) > 1]
    pairs = [(one, other) for place, one in enumerate(groups) for other in groups[:place]]
    if not pairs:
        return ""
    told = []
    for (group, name), (other, other_name) in pairs:
        heading = _tr("{one} compared with {other}").format(one=escaped(name), other=escaped(other_name))
        lines = "".join(_line(difference(figure, found)) for figure, found in _differences(group, other))
        told.append(f"<tr><td colspan='4'><b>{heading}</b></td></tr>{lines}")
    explained = _tr("Differences of the means; in brackets their 95 % intervals by Welch's t.")
    if len(pairs) >= MANY_PAIRS:
        explained += " " + _tr("Of twenty such differences about one lies beyond the noise by luck alone.")
    return f"<table cellspacing='2'>{''.join(told)}</table><p style='margin-top: 4px'>{explained}</p>"


def _line(cells: Sequence[str]) -> str:
    sides = ("left", "right", "left", "left")
    written = (
        f"<td align='{side}' style='padding-right: 8px'>{escaped(cell)}</td>"
        for side, cell in zip(sides, cells, strict=True)
    )
    return f"<tr>{''.join(written)}</tr>"


def _differences(group: Group, other: Group) -> list[tuple[str, MeanDifference]]:
    found = []
    for name in OF_PAIRS:
        known = group.spread(name) is not None and other.spread(name) is not None
        told = "best_val_loss" if name == "best_val_accuracy" and not known else name
        less = group.less(other, told)
        if less is not None:
            found.append((told, less))
    return found


def difference(name: str, found: MeanDifference) -> tuple[str, str, str, str]:
    """A difference of means: of what, how much, its interval, and what it is worth."""
    write = _points if name.endswith("accuracy") else signed_loss
    size = _tr("{difference} points").format(difference=write(found.difference)) if write is _points else ""
    size = size or write(found.difference)
    if found.interval is None:
        return outcome(name), size, "", _tr("every seed gave the same: there is no noise to measure it by")
    low, high = map(write, found.interval)
    interval = _tr("({low} to {high})").format(low=low, high=high)
    worth = _tr("within seed noise") if found.within_noise else _direction(name, found.difference)
    return outcome(name), size, interval, worth


def _direction(name: str, found: float) -> str:
    if name == "gap":
        return _tr("wider, beyond seed noise") if found > 0 else _tr("narrower, beyond seed noise")
    better = (found > 0) == name.endswith("accuracy")
    return _tr("better, beyond seed noise") if better else _tr("worse, beyond seed noise")


def _points(given: float) -> str:
    """A difference of accuracies, in percentage points, with its sign."""
    return f"{'−' if given < 0 else '+'}{abs(100 * given):.1f}"


def escaped(text: str) -> str:
    """The text as rich text shows it."""
    return text.replace("&", "&amp;").replace("<", "&lt;")


# --- curves ---------------------------------------------------------------------------------------


def curve(name: str) -> str:
    """What a figure of the epochs is called."""
    titles: dict[str, Callable[[], str]] = {
        "val_loss": lambda: _tr("Validation loss"),
        "val_accuracy": lambda: _tr("Validation accuracy, %"),
        "clean_train_loss": lambda: _tr("Clean training loss"),
        "gap": lambda: _tr("Gap"),
    }
    return titles[name]()
