"""A parameter of a strategy or a run, described once for the form, the flags, the YAML and the documentation."""

from __future__ import annotations

import types
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

ParameterType = Literal["int", "float", "bool", "str", "choice", "int-list", "float-list"]

_SCALARS: dict[Any, ParameterType] = {int: "int", float: "float", bool: "bool", str: "str"}
_LISTS: dict[Any, ParameterType] = {int: "int-list", float: "float-list"}


class UnsupportedParameter(Exception):
    """A field that no form, flag or file could show; says which, and why."""


@dataclass(frozen=True)
class Parameter:
    """One parameter, as everything that shows or reads it sees it."""

    name: str
    type: ParameterType
    default: Any
    help: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    optional: bool = False
    """Whether `none` is a value."""
    length: int | None = None
    """Number of items of a list that has a fixed one."""
    open_low: bool = False
    """Whether the minimum itself is no value."""
    open_high: bool = False
    """Whether the maximum itself is no value."""

    def to_dict(self) -> dict[str, Any]:
        """The keys that `tunedeck plugins --json` prints."""
        default = list(self.default) if isinstance(self.default, tuple) else self.default
        return {
            "name": self.name, "type": self.type, "default": default, "minimum": self.minimum,
            "maximum": self.maximum, "choices": list(self.choices) or None, "help": self.help,
        }  # fmt: skip

    def read(self, text: str) -> Any:
        """The value that a flag's text stands for, before validation: `none`, `a+b` for a list, else as it is."""
        if text == "none" and self.optional:
            return None
        if self.type.endswith("-list"):
            return text.split("+") if text else []
        return text

    def write(self, value: Any) -> str:
        """The text that `read` turns back into the value."""
        if value is None:
            return "none"
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, (tuple, list)):
            return "+".join(repr(item).replace("e+", "e") for item in value)
        return value if isinstance(value, str) else repr(value)


def parameters_of(model: type[BaseModel]) -> tuple[Parameter, ...]:
    """The parameters of a strategy class, in the order in which it declares them.

    Raises `UnsupportedParameter` for a field without default or docstring, or of a type that has no control.
    """
    return tuple(parameter_of(name, info) for name, info in model.model_fields.items())


def parameter_of(name: str, info: FieldInfo) -> Parameter:
    """The parameter that one pydantic field declares; raises as `parameters_of`."""
    if info.is_required():
        raise UnsupportedParameter(f"{name} has no default")
    if not info.description:
        raise UnsupportedParameter(f"{name} has no docstring")
    annotation, optional = _without_none(info.annotation)
    kind, choices, length, item_bounds = _type_of(name, annotation)
    bounds = [*info.metadata, *item_bounds]
    return Parameter(
        name=name,
        type=kind,
        default=info.get_default(call_default_factory=True),
        help=info.description,
        minimum=_bound(bounds, "ge", "gt"),
        maximum=_bound(bounds, "le", "lt"),
        choices=choices,
        optional=optional,
        length=length,
        open_low=_bound(bounds, "ge") is None and _bound(bounds, "gt") is not None,
        open_high=_bound(bounds, "le") is None and _bound(bounds, "lt") is not None,
    )


def _without_none(annotation: Any) -> tuple[Any, bool]:
    if get_origin(annotation) in (Union, types.UnionType):
        rest = [item for item in get_args(annotation) if item is not type(None)]
        if len(rest) == 1 and len(rest) < len(get_args(annotation)):
            return rest[0], True
    return annotation, False


def _type_of(name: str, annotation: Any) -> tuple[ParameterType, tuple[str, ...], int | None, list[Any]]:
    """Its type, choices, fixed length, and the bounds of its items."""
    if annotation in _SCALARS:
        return _SCALARS[annotation], (), None, []
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal and all(isinstance(choice, str) for choice in arguments):
        return "choice", arguments, None, []
    if origin is tuple:
        items = [_plain(item) for item in arguments if item is not Ellipsis]
        if items and all(item in _LISTS and item is items[0][0] for item, _ in items):
            return _LISTS[items[0][0]], (), None if Ellipsis in arguments else len(items), items[0][1]
    raise UnsupportedParameter(
        f"{name} is of a type that has no control: use int, float, bool, str, Literal of strings, "
        "or a tuple of int or float"
    )


def _plain(annotation: Any) -> tuple[Any, list[Any]]:
    """The type within `Annotated[type, Field(...)]`, and its bounds."""
    if get_origin(annotation) is not Annotated:
        return annotation, []
    plain, *notes = get_args(annotation)
    return plain, [bound for note in notes for bound in (note.metadata if isinstance(note, FieldInfo) else [note])]


def _bound(bounds: list[Any], *names: str) -> float | None:
    for bound in bounds:
        for name in names:
            if hasattr(bound, name):
                return float(getattr(bound, name))
    return None
