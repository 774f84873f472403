"""The settings in which runs differ, and when two runs are the same but for their seed. Imports no PyTorch."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from engine.config import ONE_CHOICE, RunConfig
from engine.message import Message, message
from engine.parameter import parameters_of
from engine.strategy import Strategy
from engine.strategy_text import strategy_to_dict

Settings = RunConfig | Mapping[str, Any]
"""The settings of a run, or where they make no `RunConfig` (a plugin is gone, say) the mapping in its `config.yaml`."""

ASIDE = ("name", "threads", "compile", "keep_every", "look_inside")
"""Fields that are no part of what a run learns."""
NO_SETTINGS = ("format", "offered", "with", "changes", "parent", *ONE_CHOICE)
"""What a mapping of settings holds besides the fields of the run."""
FEW_PARAMETERS = 3
"""A technique with no more is told with all its parameters; one with more, with those that are not at their default."""


class Missing(Enum):
    """What stands in the place of a setting that a run has not."""

    OFF = "off"
    UNKNOWN = "unknown"
    """Its settings can't be read."""


@dataclass(frozen=True)
class Choice:
    """A technique as a run has it, in plain values."""

    id: str
    kind: str
    """Empty where it isn't known: the plugin is gone."""
    parameters: tuple[tuple[str, Any], ...]
    defaults: tuple[tuple[str, Any], ...] = ()
    """Empty where they aren't known."""

    @property
    def telling(self) -> list[tuple[str, Any]]:
        """The parameters that tell it from others: all of a few, of many those that are not at their default."""
        if len(self.parameters) <= FEW_PARAMETERS or not self.defaults:
            return list(self.parameters)
        usual = dict(self.defaults)
        return [(name, value) for name, value in self.parameters if value != usual.get(name)]

    def to_dict(self) -> dict[str, Any]:
        """As it stands in YAML."""
        return {"id": self.id, **{name: _as_json(value) for name, value in self.parameters}}


Value = bool | int | float | str | tuple[Any, ...] | Choice | Message | Missing | None


@dataclass(frozen=True)
class Difference:
    """A setting that is not the same in all runs."""

    key: str
    """As the command line writes it: `lr`, `model`, `dropout`, `dropout:p`. Besides these `augmentations` (their
    order), `changes` (of the learning rate, made in the run) and `parent` (what it is a fork of)."""
    kind: str
    """The kind of the technique; empty for a field of the run, or where it isn't known."""
    id: str
    """Of the technique; empty for a field of the run, and for a choice such as the model that differs as a whole."""
    name: str
    """Of the field or parameter; empty for a technique that is on or off, or another, as a whole."""
    values: tuple[Value, ...]
    """One for each run."""


@dataclass(frozen=True)
class _Plain:
    """Settings in plain values."""

    choices: dict[str, Choice]
    """By kind for those of which a run has one, by id for the ticked ones."""
    ticked: tuple[str, ...]
    fields: dict[str, Value]
    past: dict[str, Value]
    """What happened to a run besides its settings."""

    @property
    def augmentations(self) -> tuple[str, ...]:
        """The ticked ones, in their order."""
        return tuple(id for id in self.ticked if self.choices[id].kind == "augmentation")

    def value(self, table: str, key: str) -> Value:
        """A setting; `off` where the run has it not."""
        values: dict[str, Value] = getattr(self, table)
        return values.get(key, Missing.OFF)


def _plain(settings: Settings, recorded: Mapping[str, Any]) -> _Plain:
    if isinstance(settings, RunConfig):
        data: Mapping[str, Any] = settings.to_dict()
        chosen = {kind: _choice_of(getattr(settings, kind)) for kind in ONE_CHOICE}
        ticked = [_choice_of(strategy) for strategy in settings.with_]
    else:
        data = settings
        chosen = {kind: _choice_from(data[kind], {}, kind) for kind in ONE_CHOICE if kind in data}
        kinds = {each.get("id"): str(each.get("kind")) for each in _mappings(recorded.get("plugins"))}
        listed = data.get("with")
        ticked = [_choice_from(each, kinds) for each in listed] if isinstance(listed, list) else []
    fields = {name: _hashable(value) for name, value in data.items() if name not in (*NO_SETTINGS, *ASIDE)}
    choices = chosen | {choice.id: choice for choice in ticked}
    plain = _Plain(choices, tuple(choice.id for choice in ticked), fields, {})
    _add_past(plain, {**data, **recorded})
    return plain


def _add_past(plain: _Plain, data: Mapping[str, Any]) -> None:
    """Add what `config.yaml` records besides settings: a longer run has other epochs, a fork has another beginning."""
    by_hand: list[Message] = []
    for change in _mappings(data.get("changes")):
        if change.get("field") == "epochs":
            plain.fields["epochs"] = change.get("new")
        elif change.get("field") == "lr":
            new, step = change.get("new"), change.get("step")
            by_hand.append(message("lr-from-step", "{new} from step {step}", new=new, step=step))
    if by_hand:
        plain.past["changes"] = tuple(by_hand)
    parent = data.get("parent")
    if isinstance(parent, Mapping):
        run, epoch = parent.get("run"), parent.get("epoch")
        at = message("fork-of", "{run}, epoch {epoch}", run=run, epoch=epoch)
        plain.past["parent"] = str(run) if epoch is None else at


def _choice_of(strategy: Strategy) -> Choice:
    values = strategy_to_dict(strategy)
    defaults = tuple((each.name, _hashable(each.default)) for each in parameters_of(type(strategy)))
    return Choice(strategy.id, strategy.kind, _parameters(values), defaults)


def _choice_from(value: Any, kinds: Mapping[Any, str], kind: str = "") -> Choice:
    data = value if isinstance(value, Mapping) else {"id": str(value)}
    id = str(data.get("id", ""))
    return Choice(id, kind or kinds.get(id, ""), _parameters(data))


def _parameters(data: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple((name, _hashable(value)) for name, value in data.items() if name != "id")


def _mappings(values: Any) -> list[Mapping[str, Any]]:
    return [each for each in values if isinstance(each, Mapping)] if isinstance(values, (list, tuple)) else []


def _hashable(value: Any) -> Any:
    return tuple(map(_hashable, value)) if isinstance(value, (list, tuple)) else value


def _as_json(value: Any) -> Any:
    return list(map(_as_json, value)) if isinstance(value, tuple) else value


def but_for_the_seed(settings: Settings, recorded: Mapping[str, Any]) -> Hashable:
    """A value that two runs share where they differ in the seed alone, and in what changes no result but its speed."""
    plain = _plain(settings, recorded)
    fields = {name: value for name, value in plain.fields.items() if name not in ("seed", "device")}
    choices = {key: (choice.id, choice.parameters) for key, choice in plain.choices.items()}
    return repr([sorted(each.items()) for each in (fields, choices, plain.past)]), plain.augmentations


def differences(runs: Sequence[tuple[Settings | None, Mapping[str, Any]]]) -> list[Difference]:
    """The settings in which runs differ: techniques first, then fields of the run, the seed last.

    Of each run its settings, None where they can't be known, and what its folder records besides: `changes` made in
    the run, its `parent`, and `plugins` with `id` and `kind`, by which the augmentations of a mapping are known.
    """
    plain = [None if settings is None else _plain(settings, recorded) for settings, recorded in runs]
    known = [each for each in plain if each is not None]
    ticked = list(dict.fromkeys(id for each in known for id in each.ticked))
    found: list[Difference] = []
    for key in (*ONE_CHOICE, *ticked):
        found += _of_technique(key, "" if key in ONE_CHOICE else key, _values(plain, "choices", key))
    found += _of_order(plain)
    for table in ("fields", "past"):
        for name in dict.fromkeys(name for each in known for name in getattr(each, table)):
            values = _values(plain, table, name)
            if _differ(name, values):
                found.append(Difference(name, "", "", name, values))
    return sorted(found, key=lambda difference: difference.key == "seed")


def _values(plain: Iterable[_Plain | None], table: str, key: str) -> tuple[Value, ...]:
    return tuple(Missing.UNKNOWN if each is None else each.value(table, key) for each in plain)


def _differ(name: str, values: Iterable[Value]) -> bool:
    """Whether runs that are known differ; a device that was left to the machine differs from none."""
    told = {repr(value) for value in values if value is not Missing.UNKNOWN and (name, value) != ("device", "auto")}
    return len(told) > 1


def _of_technique(key: str, id: str, values: tuple[Value, ...]) -> list[Difference]:
    """One difference for a technique that some runs have and some don't, else one for each parameter that differs."""
    known = [value for value in values if value is not Missing.UNKNOWN]
    choices = [value for value in known if isinstance(value, Choice)]
    if not choices:
        return []
    kind = next((choice.kind for choice in choices if choice.kind), "")
    if len(choices) < len(known) or len({choice.id for choice in choices}) > 1:
        return [Difference(key, kind, id, "", values)]
    found = []
    for name in dict.fromkeys(name for choice in choices for name, _ in choice.parameters):
        of_parameter = tuple(
            dict(value.parameters).get(name, Missing.OFF) if isinstance(value, Choice) else value for value in values
        )
        if _differ("", of_parameter):
            found.append(Difference(f"{choices[0].id}:{name}", kind, choices[0].id, name, of_parameter))
    return found


def _of_order(plain: Sequence[_Plain | None]) -> list[Difference]:
    """A difference where runs have the same augmentations in another order."""
    orders = [None if each is None else each.augmentations for each in plain]
    known = [order for order in orders if order is not None]
    if len({frozenset(order) for order in known}) != 1 or len(set(known)) == 1:
        return []
    values = tuple(Missing.UNKNOWN if order is None else order for order in orders)
    return [Difference("augmentations", "augmentation", "", "", values)]
