"""What a search may choose: any parameter of the run and its techniques, which technique of a kind, and whether one is
on. Each is written `NAME=low..high`, `NAME=low..high:log`, `NAME=a+b+c`, or `NAME` alone for what it declares itself.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from engine.catalogue import Catalogue, nearest
from engine.config import ONE_CHOICE, RunConfig, run_parameters
from engine.message import InputError, phrase
from engine.parameter import Parameter, parameters_of
from engine.strategy_text import parse_strategy

Value = int | float | str
"""What is chosen: a number of a range, or one of the texts that may be chosen from."""
Suggest = Callable[["Free"], Value]

ON, OFF = "on", "off"
WIDE = 100.0
"""A range whose ends are so many times apart is searched by the logarithm, where it is not written."""
MOST_CHOICES = 1_000
KEPT = (
    "dataset", "train_samples", "validation_samples", "split_seed", "monitor", "seed", "device", "threads",
    "compile", "keep_every", "look_inside", "name",
)  # fmt: skip
"""What stays as it is: under another value of these, results can't be compared, or nothing would be learnt better."""


@dataclass(frozen=True)
class Free:
    """Something that a search may choose: a number of a range, or one of some texts."""

    name: str
    rank: int = field(compare=False)
    """What is chosen first has the lower one, as what else there is to choose may depend on it: 0 a technique of a
    kind, 1 whether one is on, 2 and 3 a parameter of a kind's and of one technique, 4 a parameter of the run."""
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    integer: bool = False
    choices: tuple[str, ...] = ()
    """The texts to choose from; empty where it is a range."""

    def __str__(self) -> str:
        if self.choices:
            return f"{self.name}={'+'.join(self.choices)}"
        low, high = (int(end) if self.integer else end for end in (self.low, self.high))
        return f"{self.name}={low!r}..{high!r}{':log' if self.log else ''}".replace("e+", "e")


@dataclass(frozen=True)
class _Place:
    """Where a name leads: which parameters it sets, the first of which says what it may be."""

    rank: int
    parameters: tuple[Parameter, ...] = ()
    options: tuple[str, ...] = ()
    """All there is to choose from, where it is a technique or a kind of them."""


def parse_space(texts: Sequence[str], config: RunConfig, catalogue: Catalogue) -> tuple[Free, ...]:
    """The space that `--tune` describes, in the order in which it is chosen.

    Raises `InputError` for an unknown name, a range that is none or lies outside what is declared, and for no name.
    """
    space: list[Free] = []
    for text in texts:
        name, equals, written = text.strip().partition("=")
        name = name.strip()
        free = _free(name, written.strip() if equals else None, config, catalogue)
        if free.name in {other.name for other in space}:
            raise InputError("tuned-twice", "{name} is given twice: give it once", name=free.name)
        space.append(free)
    if not space:
        raise InputError(
            "nothing-to-tune", "there is nothing to search: name at least one parameter, as --tune lr=1e-4..1e-1:log"
        )
    space.sort(key=lambda free: free.rank)
    _check_ends(space, config, catalogue)
    return tuple(space)


def choose(
    space: Sequence[Free], config: RunConfig, catalogue: Catalogue, suggest: Suggest
) -> tuple[RunConfig, dict[str, Value]]:
    """Settings with everything chosen that matters in them, and what was chosen.

    A parameter of a technique that was not chosen is not asked for. Raises `InputError` for a value that can't be.
    """
    values: dict[str, Value] = {}
    config = _with_owners(space, config, catalogue)
    for free in space:
        if _matters(free, config):
            values[free.name] = suggest(free)
            config = _with(free, values[free.name], config, catalogue)
    return config, values


def with_values(
    space: Sequence[Free], values: Mapping[str, Value], config: RunConfig, catalogue: Catalogue
) -> RunConfig:
    """The settings in which these were chosen."""
    return choose([free for free in space if free.name in values], config, catalogue, lambda f: values[f.name])[0]


# --- reading --------------------------------------------------------------------------------------


def _free(name: str, written: str | None, config: RunConfig, catalogue: Catalogue) -> Free:
    name = name if "." in name or name in _ticked_ids(catalogue) else name.replace("-", "_")
    if name in KEPT:
        raise InputError("not-tuned", "{name} is no part of a search: trials are compared under one value", name=name)
    place = _place(name, config, catalogue)
    if written is None:
        return _declared(name, place)
    if ".." in written:
        return _range(name, place, written)
    choices = tuple(written.split("+"))
    if len(choices) > MOST_CHOICES or len(set(choices)) != len(choices):
        raise InputError("bad-choices", "{name} has a choice twice, or too many: give each once", name=name)
    if (place.options and "" in choices) or (name in _ticked_ids(catalogue) and set(choices) - {ON, OFF}):
        raise InputError(
            "bad-switch", "{name}={choices} can't be chosen from: give {known}", name=name, choices=repr(written)[:80],
            known="+".join(place.options[:8]),
        )  # fmt: skip
    return Free(name, place.rank, choices=choices)


def _ticked_ids(catalogue: Catalogue) -> set[str]:
    """The ids of all techniques that can be switched on and off."""
    return {entry.id for entry in catalogue.entries if entry.strategy is not None and entry.strategy.many}


def _place(name: str, config: RunConfig, catalogue: Catalogue) -> _Place:
    """Where a name leads. Raises `InputError`, with the nearest name, where it leads nowhere."""
    of_run = {parameter.name: parameter for parameter in run_parameters()}
    if name in of_run:
        return _Place(4, (of_run[name],))
    if name in ONE_CHOICE:
        return _Place(0, options=tuple(sorted(entry.id for entry in catalogue.of_kind(name))))
    if name in _ticked_ids(catalogue):
        return _Place(1, options=(ON, OFF))
    owner, _, own = name.partition(".")
    if not own:
        known = [*of_run, *ONE_CHOICE, *sorted(_ticked_ids(catalogue))]
        raise InputError(
            "unknown-tuned", "there is nothing named {name} to search{nearest}", name=repr(name)[:80],
            nearest=nearest(name, known),
        )  # fmt: skip
    if owner in ONE_CHOICE and owner not in KEPT:
        kinds = sorted(catalogue.of_kind(owner), key=lambda kind: kind.id != getattr(config, owner).id)
        found = tuple(p for kind in kinds for p in parameters_of(kind) if p.name == own)
        known = [p.name for p in parameters_of(kinds[0])]
    else:
        entry = catalogue.entry(owner)
        if entry.kind in KEPT:
            raise InputError("not-tuned", "{name} is no part of a search: trials share their data", name=name)
        found, known = tuple(p for p in entry.parameters if p.name == own), [p.name for p in entry.parameters]
    if not found:
        raise InputError(
            "unknown-parameter", "{id} has no parameter {name}{nearest}", id=owner, name=repr(own)[:80],
            nearest=nearest(own, known),
        )  # fmt: skip
    return _Place(2 if owner in ONE_CHOICE else 3, found)


def _declared(name: str, place: _Place) -> Free:
    """The space that a parameter declares itself. Raises `InputError` where it declares none that is finite."""
    if place.options:
        return Free(name, place.rank, choices=place.options)
    parameter = place.parameters[0]
    if parameter.type == "bool" or parameter.choices:
        return Free(name, place.rank, choices=parameter.choices or ("true", "false"))
    low, high = parameter.minimum, parameter.maximum
    if parameter.type not in ("int", "float") or low is None or high is None or (parameter.open_low and low == 0):
        example = "1e-4..1e-1:log" if parameter.type == "float" else "2..8" if parameter.type == "int" else "a+b"
        raise InputError(
            "no-bounds", "{name} declares no lowest and highest value to search between: give them, as "
            "{name}={example}", name=name, example=example,
        )  # fmt: skip
    integer = parameter.type == "int"
    if parameter.open_low:
        low = low + 1 if integer else math.nextafter(low, math.inf)
    if parameter.open_high:
        high = high - 1 if integer else math.nextafter(high, -math.inf)
    return Free(name, place.rank, low, high, low > 0 and high / low >= WIDE, integer)


def _range(name: str, place: _Place, written: str) -> Free:
    number = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
    match = re.fullmatch(rf"({number})\.\.({number})(:log)?", written)
    numeric = {p.type for p in place.parameters} & {"int", "float"}
    if match is None or not numeric:
        raise InputError(
            "bad-range", "{name}={text} is no range of it: write low..high or low..high:log for a number, else a+b",
            name=name, text=repr(written)[:80],
        )  # fmt: skip
    low, high, log = float(match[1]), float(match[2]), bool(match[3])
    integer = "float" not in numeric
    if not (math.isfinite(low) and math.isfinite(high) and low < high) or (integer and low % 1 + high % 1):
        raise InputError(
            "bad-range-ends", "{name}={text}: the first must be below the second, and both {kind} numbers",
            name=name, text=repr(written)[:80],
            kind=phrase("whole", "whole") if integer else phrase("finite", "finite"),
        )  # fmt: skip
    if log and low < (1 if integer else 5e-324):
        raise InputError("no-log", "{name}: by the logarithm a range begins above 0", name=name)
    return Free(name, place.rank, low, high, log, integer)


def _check_ends(space: Sequence[Free], config: RunConfig, catalogue: Catalogue) -> None:
    """Raise `InputError` where an end of a range, or a choice, is none that the technique itself allows."""
    everything = _with_owners(space, config, catalogue)
    for free in space:  # so that what belongs to a technique that is chosen is there to be tried
        if free.rank == 1:
            everything = _with(free, ON, everything, catalogue)
    kinds = {free.name: free.choices for free in space if free.rank == 0}
    for free in space:
        owner = free.name.partition(".")[0]
        bases = [everything]
        for kind, choices in kinds.items():  # in which of them it is, a parameter must be in its bounds
            if free.rank in (2, 3):
                bases += [
                    everything.changed({kind: parse_strategy(text, catalogue, kind, everything)}) for text in choices
                ]
        bases = [base for base in bases if _matters(free, base)]
        if not bases:
            raise InputError(
                "never-matters", "{name} belongs to nothing that is chosen: {owner} is not in these settings",
                name=free.name, owner=owner,
            )  # fmt: skip
        for value in free.choices or ends(free):
            for base in bases:
                _with(free, value, base, catalogue)


def ends(free: Free) -> tuple[Value, Value]:
    """The lowest and the highest value of a range."""
    return (int(free.low), int(free.high)) if free.integer else (free.low, free.high)


# --- choosing -------------------------------------------------------------------------------------


def _with_owners(space: Sequence[Free], config: RunConfig, catalogue: Catalogue) -> RunConfig:
    """Settings in which the techniques are ticked whose parameters are searched, but for those that are switched."""
    present = {strategy.id for strategy in config.strategies} | {free.name for free in space}
    owners = {free.name.partition(".")[0] for free in space if free.rank == 3} & _ticked_ids(catalogue) - present
    for owner in sorted(owners):
        config = config.ticked(parse_strategy(owner, catalogue, None, config))
    return config


def _matters(free: Free, config: RunConfig) -> bool:
    """Whether something of these settings is told by this."""
    owner, _, own = free.name.partition(".")
    if free.rank == 2:
        return own in type(getattr(config, owner)).model_fields
    if free.rank == 3:  # a technique that is ticked, chosen, or that was never to be switched
        return any(strategy.id == owner for strategy in config.strategies)
    return True


def _with(free: Free, value: Value, config: RunConfig, catalogue: Catalogue) -> RunConfig:
    """Settings with one thing chosen. Raises `InputError` where it can't be."""
    owner, _, own = free.name.partition(".")
    if free.rank == 0:
        return config.changed({owner: parse_strategy(str(value), catalogue, owner, config)})
    if free.rank == 1:
        if value == OFF:
            return config.unticked(owner) if any(s.id == owner for s in config.with_) else config
        return config if any(s.id == owner for s in config.with_) else config.ticked(
            parse_strategy(owner, catalogue, None, config)
        )  # fmt: skip
    if free.rank == 4:
        [parameter] = [p for p in run_parameters() if p.name == owner]
        return config.changed({owner: _read(parameter, value)})
    strategy = getattr(config, owner) if free.rank == 2 else next(s for s in config.strategies if s.id == owner)
    entry = catalogue.entry(strategy.id)
    [parameter] = [p for p in entry.parameters if p.name == own]
    made = catalogue.make(strategy.kind, strategy.id, {**dict(strategy), own: _read(parameter, value)})
    return config.ticked(made)


def _read(parameter: Parameter, value: Value) -> object:
    """A value as a parameter takes it; the items of a list stand between commas, as `+` stands between choices."""
    if not isinstance(value, str):
        return value
    return parameter.read(value.replace(",", "+") if parameter.type.endswith("-list") else value)
