"""How this process was started: alone, or by torchrun as one of several of a run. Imports nothing heavy."""

from __future__ import annotations

import os

from engine.message import InputError, phrase

TRAINING = ("train", "resume", "fork")
"""The verbs that several processes carry out together."""


def processes() -> int:
    """How many processes the run has; 1 unless torchrun, or who does as it does, has started this one."""
    return _number("WORLD_SIZE", 1) if "RANK" in os.environ else 1


def rank() -> int:
    """This process's number among them, from 0."""
    return _number("RANK", 0) if processes() > 1 else 0


def local_rank() -> int:
    """Its number among those on this machine, from 0."""
    return _number("LOCAL_RANK", rank()) if processes() > 1 else 0


def local_processes() -> int:
    """How many of them are on this machine."""
    return _number("LOCAL_WORLD_SIZE", processes()) if processes() > 1 else 1


def machine() -> int:
    """The number of this machine, from 0."""
    return _number("GROUP_RANK", 0)


def check_verb(verb: str | None) -> None:
    """Raise `InputError` where several processes were started for what one does."""
    count = processes()
    if count > 1 and verb not in TRAINING:
        raise InputError(
            "one-process", "{verb} is the work of one process, and torchrun started {count}: leave torchrun out (it is "
            "for {training})", verb=f"tunedeck {verb}" if verb else phrase("the-window", "the window"), count=count,
            training=", ".join(TRAINING),
        )  # fmt: skip


def _number(name: str, default: int) -> int:
    try:
        return int(os.environ.get(name, default))
    except ValueError:
        raise InputError(
            "bad-launch", "the environment says {name}={text}, which is no number: start with torchrun, or unset it",
            name=name, text=repr(os.environ[name])[:40],
        ) from None  # fmt: skip
