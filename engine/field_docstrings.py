"""The docstrings under the fields of a class.

What pydantic's `use_attribute_docstrings` does too, but pydantic looks through every loaded module for each class: with
PyTorch loaded the techniques then take 0.2 s longer, of a start that someone waits for.
"""

from __future__ import annotations

import ast
import functools
import inspect
import itertools
import linecache
from collections.abc import Iterator


def field_docstrings(cls: type) -> dict[str, str]:
    """The docstring under each annotated field in a class's own body, by name; none where it has no source file."""
    try:
        file = inspect.getfile(cls)
    except (OSError, TypeError):  # typed in at a prompt
        return {}
    linecache.checkcache(file)  # a plugin may have been edited since it was read last
    body = _classes("".join(linecache.getlines(file))).get(cls.__qualname__, [])
    return {
        field.target.id: inspect.cleandoc(below.value.value)
        for field, below in itertools.pairwise(body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) and isinstance(below.value.value, str)
    }  # fmt: skip


@functools.lru_cache(maxsize=1)  # a file's classes are asked for one after the other
def _classes(source: str) -> dict[str, list[ast.stmt]]:
    return dict(_bodies(ast.parse(source), ""))


def _bodies(node: ast.AST, within: str) -> Iterator[tuple[str, list[ast.stmt]]]:
    """The body of each class by its qualified name."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef):
            yield within + child.name, child.body
            yield from _bodies(child, f"{within}{child.name}.")
        elif isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from _bodies(child, f"{within}{child.name}.<locals>.")
        elif isinstance(child, ast.stmt):  # such as an `if` around a class
            yield from _bodies(child, within)
