"""Settings files: a small, safe YAML. No tags, no aliases, no surprise types."""

from __future__ import annotations

import errno
import re
from pathlib import Path
from typing import Any

import yaml

from engine.files import write_text
from engine.message import InputError, phrase
from engine.reading import read_limited

MAX_BYTES = 100_000
MAX_DEPTH = 20


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader, without aliases and tags, in which only `true` and `false` are booleans."""

    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise yaml.constructor.ConstructorError(None, None, "aliases are not allowed", event.start_mark)
        if getattr(event, "tag", None):
            raise yaml.constructor.ConstructorError(None, None, "tags are not allowed", event.start_mark)
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise yaml.constructor.ConstructorError(None, None, "nested too deeply", event.start_mark)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise yaml.constructor.ConstructorError(None, None, f"the key {key!r} is not a word", node.start_mark)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key} stands there twice", node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


class _Dumper(yaml.SafeDumper):
    """PyYAML's safe dumper, which also quotes what only the loader here takes for a number."""


# PyYAML takes `off` for false, `1e-3` for a string, `010` for 8, `1:30` for 90, and dates for objects.
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag.rsplit(":")[-1] == "null"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), list("tf"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$"), list("-+0123456789"))
for _either in (_Loader, _Dumper):
    _either.add_implicit_resolver(
        "tag:yaml.org,2002:float",
        re.compile(r"^[-+]?(?:[0-9]+\.[0-9]*(?:[eE][-+]?[0-9]+)?|\.[0-9]+(?:[eE][-+]?[0-9]+)?|[0-9]+[eE][-+]?[0-9]+)$"),
        list("-+0123456789."),
    )


def read_yaml(path: Path, *, links: bool = True, most: int = MAX_BYTES) -> dict[str, Any]:
    """The mapping in a settings file of so many bytes at most.

    Where `links` is False, a link is no file. Raises `InputError` where there is none, or it is not safe and plain.
    """
    try:
        text = read_limited(path, most, links=links).decode("utf-8")
    except UnicodeDecodeError:
        raise InputError("not-yaml", "{path} is not a settings file in YAML: it is not text", path=path) from None
    except OSError as error:
        if error.errno == errno.EFBIG:
            raise InputError("file-too-large", "{path} is too large for a settings file", path=path) from None
        raise InputError(
            "unreadable", "{path} can't be read: {reason}", path=path, reason=error.strerror or str(error)
        ) from None
    return parse_yaml(text, str(path))


def parse_yaml(text: str, where: str) -> dict[str, Any]:
    """The mapping in a YAML text; `where` names it in errors. Raises `InputError`."""
    try:
        data = yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise InputError(
            "not-yaml", "{where} is not a settings file in YAML: {problem}{line}",
            where=where, problem=getattr(error, "problem", None) or phrase("unparsed", "it can't be parsed"),
            line=phrase("line", " (line {line})", line=mark.line + 1) if mark else "",
        ) from None  # fmt: skip
    except (RecursionError, ValueError):
        raise InputError(
            "not-yaml", "{where} is not a settings file in YAML: it can't be parsed", where=where
        ) from None
    if not isinstance(data, dict):
        raise InputError("not-yaml", "{where} is not a settings file in YAML: it holds no `name: value`", where=where)
    return data


def write_yaml(path: Path, data: dict[str, Any]) -> None:
    """Write a mapping, whole or not at all."""
    write_text(path, yaml_text(data))


def yaml_text(data: dict[str, Any]) -> str:
    """A mapping as it is written."""
    return str(yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True))
