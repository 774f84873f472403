"""A strategy as it is written: as one word of a command line, and as plain values of YAML and of a checkpoint.

The word is `id` or `id:name=value,name=value`: split at the first `:`, at commas without a backslash, and at the first
`=`; `+` separates the items of a list.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from engine.catalogue import Catalogue
from engine.message import InputError
from engine.parameter import parameters_of
from engine.strategy import Strategy

if TYPE_CHECKING:
    from engine.config import RunConfig


def parse_strategy(text: str, catalogue: Catalogue, kind: str | None = None, base: RunConfig | None = None) -> Strategy:
    """The strategy that `id:name=value,...` stands for; what it leaves out is as `base` has or offers it.

    Raises `InputError` as `Catalogue.make`, and for a part without `=`.
    """
    id, _, rest = text.partition(":")
    entry = catalogue.entry(id, kind)
    known = {parameter.name: parameter for parameter in entry.parameters}
    present = (*base.strategies, *base.offered) if base else ()
    values: dict[str, Any] = next((dict(s) for s in present if s.id == id), {})
    for part in _parts(rest):
        name, equals, value = part.partition("=")
        if not equals:
            raise InputError(
                "no-equals",
                "in {text}, {part} is not of the form name=value; a list is written with +, as hidden=256+128",
                text=" ".join(text.split())[:80],
                part=repr(part)[:80],
            )
        values[name] = known[name].read(value) if name in known else value
    return catalogue.make(kind, id, values)


def _parts(text: str) -> list[str]:
    """A text divided at its commas, but for those that a backslash stands before.

    Of backslashes before a comma two stand for one. All others are what they are, as in the path of a Windows folder.
    """
    parts, start = [""], 0
    for comma in re.finditer(r"(\\*),", text):
        count = len(comma[1])
        parts[-1] += text[start : comma.start()] + "\\" * (count // 2) + "," * (count % 2)
        parts += [""] * (1 - count % 2)
        start = comma.end()
    parts[-1] += text[start:]
    return parts if text else []


def format_strategy(strategy: Strategy) -> str:
    """The text that `parse_strategy` turns back into the strategy; parameters at their default are left out."""
    parts = [
        re.sub(r"(\\*),", r"\1\1\,", f"{parameter.name}={parameter.write(value)}")
        for parameter in parameters_of(type(strategy))
        if (value := getattr(strategy, parameter.name)) != parameter.default
    ]
    doubled = [re.sub(r"(\\+)\Z", r"\1\1", part) for part in parts[:-1]]  # a comma comes after them
    return strategy.id + (":" + ",".join([*doubled, *parts[-1:]]) if parts else "")


def strategy_to_dict(strategy: Strategy) -> dict[str, Any]:
    """A strategy as plain values: its id, then its parameters."""
    return {"id": strategy.id, **strategy.model_dump(mode="json")}


def strategy_from(value: Any, kind: str | None, catalogue: Catalogue) -> Strategy:
    """The strategy that stands in settings as plain values, or as text. Raises `InputError` as `parse_strategy`."""
    if isinstance(value, str):
        return parse_strategy(value, catalogue, kind)
    if not isinstance(value, dict) or not isinstance(value.get("id"), str):
        raise InputError(
            "no-id", "a plugin in the settings has no id: write {form}", form="{id: name, parameter: value}"
        )
    values = {name: item for name, item in value.items() if name != "id"}
    return catalogue.make(kind, value["id"], values)


def id_in_words(id: str, name: str) -> str:
    """An id in words; acronyms are written as in the class's name where that is the id without its hyphens."""
    if id.replace("-", "") != name.lower():
        return id.replace("-", " ").capitalize()
    words: list[str] = []
    position = 0
    for part in id.split("-"):
        word = name[position : position + len(part)]
        position += len(part)
        words.append(word.lower() if words and word[1:] == word[1:].lower() else word)
    return " ".join(words)


def recipe_in_words(name: str) -> str:
    """What a bundled recipe is called: its name in words, with the capitals of the data set that is in it."""
    return name.replace("-", " ").capitalize().replace("mnist", "MNIST")
