"""What the window begins a search with: what there is to choose, and the words of the command line."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from engine.catalogue import Catalogue
from engine.config import ONE_CHOICE, RunConfig, run_parameters
from engine.message import InputError
from engine.parameter import Parameter, parameters_of
from engine.searches.files import check_name, locks_of, settings_of
from engine.searches.space import KEPT, Free, parse_space
from engine.strategy import Strategy
from engine.yaml_file import write_yaml

OF_RUN = ("lr", "batch_size", "epochs")
LESS_LIKE = ("loss",)
"""Kinds under whose other techniques a loss is another figure, so that trials can't be compared."""
DECADE = 10.0
"""A positive number is searched over so many times less and more, by the logarithm."""
SEVERAL = 4
"""A whole number over so many times less and more."""
SHARE = 0.05
"""From here on a number between 0 and 1 is a share, and searched evenly."""
PICKED = 2
"""So many parameters of ticked techniques are proposed beside the learning rate."""


@dataclass(frozen=True)
class Offer:
    """Something that a search of these settings could choose, and between what by default."""

    free: Free
    strategy: type[Strategy] | None = None
    """The technique that it belongs to, or that it switches."""
    kind: str = ""
    """The kind of which one technique is chosen."""
    parameter: Parameter | None = None
    """None where a technique, or one of a kind, is chosen."""
    known: tuple[str, ...] = ()
    """All texts there are to choose from; empty where others can be given too, and for a range."""
    picked: bool = False
    """Whether it is proposed."""


@dataclass(frozen=True)
class Options:
    """How a search goes on."""

    trials: int
    minutes: float | None
    processes: int
    sampler: str = "tpe"
    pruner: str = "median"
    study: str = ""
    """Its name; empty for the one that goes with the plan."""


@dataclass(frozen=True)
class Begin:
    """A search that may begin."""

    study: str
    words: tuple[str, ...]
    """The words of the command line after the program's name."""


# --- what there is to choose ----------------------------------------------------------------------


def offers(config: RunConfig, catalogue: Catalogue) -> tuple[Offer, ...]:
    """What a search of these settings could choose: of the run, the kinds, and what the techniques in it declare."""
    found = list(_offered(config, catalogue))
    wanted = [each for each in found if _is_range(each) and each.strategy is not None and each.strategy.many]
    wanted.sort(key=lambda each: each.strategy is not None and each.strategy.kind != "regularizer")
    owners: dict[str, str] = {}
    for each in wanted:
        owners.setdefault(each.free.name.partition(".")[0], each.free.name)
    picked = {"lr", *(list(owners.values())[:PICKED] or ["batch_size"])}
    return tuple(
        Offer(each.free, each.strategy, each.kind, each.parameter, each.known, each.free.name in picked)
        for each in found
    )


def _is_range(offer: Offer) -> bool:
    return offer.parameter is not None and not offer.free.choices


def _offered(config: RunConfig, catalogue: Catalogue) -> Iterator[Offer]:
    of_run = {parameter.name: parameter for parameter in run_parameters()}
    for name in OF_RUN:
        if (free := _around(name, of_run[name], getattr(config, name), config, catalogue)) is not None:
            yield Offer(free, parameter=of_run[name])
    for kind in ONE_CHOICE:
        if kind in KEPT or kind in LESS_LIKE:
            continue
        strategies = sorted(catalogue.of_kind(kind), key=lambda each: each.id)
        present = getattr(config, kind)
        tried = [each.id for each in strategies if each.id == present.id or not _needs_words(each)]
        if len(strategies) > 1:
            text = f"{kind}={'+'.join(tried)}"
            yield Offer(_parsed(text, config, catalogue), kind=kind, known=tuple(each.id for each in strategies))
        yield from _of_technique(kind, present, config, catalogue)
    for strategy in config.with_:
        yield Offer(_parsed(strategy.id, config, catalogue), type(strategy), known=("on", "off"))
        yield from _of_technique(strategy.id, strategy, config, catalogue)


def _of_technique(owner: str, strategy: Strategy, config: RunConfig, catalogue: Catalogue) -> Iterator[Offer]:
    for parameter in parameters_of(type(strategy)):
        name = f"{owner}.{parameter.name}"
        free = _around(name, parameter, getattr(strategy, parameter.name), config, catalogue)
        if free is not None:
            known = () if parameter.type.endswith("-list") else free.choices
            yield Offer(free, type(strategy), parameter=parameter, known=known)


def _needs_words(strategy: type[Strategy]) -> bool:
    """Whether a technique has a parameter that only a person knows, such as a path."""
    return any(parameter.type == "str" for parameter in parameters_of(strategy))


def _around(name: str, parameter: Parameter, value: object, config: RunConfig, catalogue: Catalogue) -> Free | None:
    """What a parameter is searched over by default; None where there is nothing sensible."""
    if parameter.type == "bool" or parameter.choices:
        text: str | None = name
    elif parameter.type == "int-list" and isinstance(value, tuple):
        low, high = int(parameter.minimum or 1), int(parameter.maximum or 2**31)
        lists = [[min(high, max(low, round(item * by))) for item in value] for by in (0.5, 1, 2)]
        text = f"{name}={'+'.join(dict.fromkeys(','.join(map(str, each)) for each in lists))}"
    elif isinstance(value, int | float) and not isinstance(value, bool):
        text = _range(name, parameter, value)
    else:
        text = None
    try:
        return _parsed(text, config, catalogue) if text is not None else None
    except InputError:  # such a value can't be, beside the others
        return None


def _range(name: str, parameter: Parameter, value: float) -> str | None:
    least = -(2.0**31) if parameter.minimum is None else parameter.minimum
    most = 2.0**31 if parameter.maximum is None else parameter.maximum
    if parameter.type == "int":
        low, high = max(least, value // SEVERAL), min(most, max(value, 1) * SEVERAL)
        low = max(low, 1) if value > 0 else low
        return (
            f"{name}={int(low)}..{int(high)}{':log' if low > 0 and value >= 2 * SEVERAL else ''}"
            if low < high
            else None
        )
    if value <= 0:
        return f"{name}={least!r}..{most!r}" if least >= -1 and most <= 1 and not parameter.open_high else None
    if value >= SHARE and most <= 1:
        high = 2 * value if 2 * value < most else (value + most) / 2
        return f"{name}={_short(max(least, value / 4))}..{_short(high)}" if high > value else None
    low, high = max(least, value / DECADE), min(most, value * DECADE)
    return f"{name}={_short(low)}..{_short(high)}:log" if 0 < low < high else None


def _short(value: float) -> str:
    return repr(float(f"{value:.2g}"))


def _parsed(text: str, config: RunConfig, catalogue: Catalogue) -> Free:
    return parse_space([text], config, catalogue)[0]


# --- beginning ------------------------------------------------------------------------------------


def begin(config: RunConfig, space: Sequence[str], options: Options, catalogue: Catalogue, workspace: Path) -> Begin:
    """Make a search ready: its settings are written where its command finds them.

    Raises `InputError` for settings, a space or a name that can't be, and `OSError` where nothing can be written.
    """
    from engine.searches.study import Plan

    config.check()
    plan = Plan(config, parse_space(space, config, catalogue), options.sampler, options.pruner)
    study = options.study or plan.default_name()
    check_name(study)
    file = settings_of(workspace, study)
    locks_of(workspace, study)
    write_yaml(file, config.to_dict())
    return Begin(study, beginning(space, replace(options, study=study), file, workspace))


def beginning(space: Sequence[str], options: Options, settings: Path, workspace: Path) -> tuple[str, ...]:
    """The words that begin a search of the settings in a file."""
    tuned = [word for text in space for word in ("--tune", text)]
    named = ["--study", options.study] if options.study else []
    return (
        "search", *tuned, "--sampler", options.sampler, "--pruner", options.pruner, *named, *going_on(options),
        "--config", str(settings), "--workspace", str(workspace),
    )  # fmt: skip


def joining(study: str, options: Options, workspace: Path) -> tuple[str, ...]:
    """The words that go on with a study, or take part in it: it brings all else itself."""
    return ("search", "--join", study, *going_on(options), "--workspace", str(workspace))


def going_on(options: Options) -> list[str]:
    """The flags that may differ each time."""
    minutes = [] if options.minutes is None else ["--minutes", f"{options.minutes:g}"]
    return ["--trials", str(options.trials), *minutes, "--processes", str(options.processes)]


def program(words: Sequence[str]) -> list[str]:
    """What starts the command line so that it ends with this process."""
    return [sys.executable, "-m", "engine.terminal.attended", *words]
