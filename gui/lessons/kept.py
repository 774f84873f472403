"""What is kept of lessons between two openings of the window: `lesson.yaml` in the workspace."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engine.catalogue import Catalogue
from engine.config import RunConfig
from engine.lessons.verdict import Guess
from engine.message import InputError
from engine.yaml_file import read_yaml, write_yaml

FORMAT = 1
MAX_GUESSES = 500


@dataclass(frozen=True)
class Kept:
    """Where a person stands with the lessons."""

    lesson: str = ""
    """The id of the one that is open; empty: none is."""
    guesses: Mapping[str, Guess] = field(default_factory=dict)
    """By the lesson's id."""
    former: RunConfig | None = None
    """The settings that come back when the open one is left."""


def kept_file(workspace: Path) -> Path:
    """Where it is."""
    return workspace / "lesson.yaml"


def read_kept(workspace: Path, catalogue: Catalogue) -> Kept | None:
    """What was kept; None where nothing was, or it can't be read: then the lessons begin anew."""
    try:
        data = read_yaml(kept_file(workspace))
        guesses = data.get("guesses") or {}
        former = data.get("former")
        if data.get("format") != FORMAT or not isinstance(guesses, dict) or len(guesses) > MAX_GUESSES:
            return None
        return Kept(
            str(data.get("lesson") or ""),
            {id: Guess(id, None if choice is None else str(choice)) for id, choice in guesses.items()},
            RunConfig.from_dict(former, catalogue) if isinstance(former, dict) else None,
        )
    except InputError:
        return None


def write_kept(workspace: Path, kept: Kept) -> None:
    """Keep it. Where the workspace can't be written, nothing is kept: the window says so when it keeps the settings."""
    data = {
        "format": FORMAT,
        "lesson": kept.lesson,
        "guesses": {id: guess.choice for id, guess in kept.guesses.items()},
        "former": None if kept.former is None else kept.former.to_dict(),
    }
    with contextlib.suppress(OSError):
        workspace.mkdir(parents=True, exist_ok=True)
        write_yaml(kept_file(workspace), data)
