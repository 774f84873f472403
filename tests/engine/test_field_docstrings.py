"""The docstrings under fields: what pydantic finds, at any depth of a file."""

from __future__ import annotations

import importlib.util
import sys
from typing import ClassVar

import pytest
from pydantic import BaseModel, ConfigDict

from engine.field_docstrings import field_docstrings


class Documented(BaseModel):
    """Pydantic finds these itself."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    first: int = 1
    """What the first is (첫째)."""
    bare: int = 2
    second: float = 3.0
    """What the second is,

        on lines of its own.
    """
    shared: ClassVar[str] = "no field"

    class Within(BaseModel):
        """Another one."""

        model_config = ConfigDict(use_attribute_docstrings=True)

        first: int = 1
        """Another first."""


def same_as_pydantic(cls: type[BaseModel]) -> bool:
    found = {name: info.description for name, info in cls.model_fields.items() if info.description}
    return bool(found) and field_docstrings(cls) == found


def test_they_are_what_pydantic_finds():
    class Local(BaseModel):
        model_config = ConfigDict(use_attribute_docstrings=True)
        first: int = 1
        """A third first."""

    assert all(same_as_pydantic(cls) for cls in (Documented, Documented.Within, Local))
    assert field_docstrings(Documented)["first"] == "What the first is (첫째)."


def test_a_class_in_a_branch_is_found():
    if Documented.model_fields:

        class Branched(Documented):
            third: int = 1
            """In a branch."""

    assert field_docstrings(Branched) == {"third": "In a branch."}


def test_a_file_that_was_edited_is_read_anew(tmp_path):
    path = tmp_path / "edited.py"
    for text in ("before", "after it was edited"):
        path.write_text(f'class Edited:\n    x: int = 1\n    """{text}"""\n', encoding="utf-8")
        spec = importlib.util.spec_from_file_location("edited_for_docstrings", path)
        module = importlib.util.module_from_spec(spec)
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(sys.modules, "edited_for_docstrings", module)
            exec(compile(path.read_text(encoding="utf-8"), path, "exec"), module.__dict__)
            assert field_docstrings(module.Edited) == {"x": text}


def test_without_a_source_file_there_are_none():
    space: dict[str, object] = {"__name__": "nowhere"}
    exec('class Typed:\n    x: int = 1\n    """Never found."""\n', space)
    assert field_docstrings(space["Typed"]) == {}
    assert field_docstrings(int) == {}
