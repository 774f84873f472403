"""A run as the command that trains it."""

from __future__ import annotations

import shlex

from engine.catalogue import Catalogue
from engine.config import ONE_CHOICE, RunConfig, recipe, run_parameters
from engine.strategy_text import format_strategy


def command(config: RunConfig, catalogue: Catalogue) -> str:
    """The line of a shell that trains just this: what differs from a run without flags is named in it."""
    words = ["tunedeck", "train"]
    base = recipe("default", catalogue)
    for parameter in run_parameters():
        value = getattr(config, parameter.name)
        if value != parameter.default:
            words += _flag(parameter.name, parameter.write(value))
    for kind in ONE_CHOICE:
        strategy = getattr(config, kind)
        if strategy != getattr(base, kind):
            words += _flag(kind, format_strategy(strategy))
    for strategy in config.with_:
        words += ["--with", format_strategy(strategy)]
    return shlex.join(words)


def _flag(name: str, value: str) -> list[str]:
    flag = f"--{name.replace('_', '-')}"
    return [f"{flag}={value}"] if value.startswith("-") else [flag, value]
