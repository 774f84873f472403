"""Carries out a verb of the command line: with plugins at hand, standard output kept for what a script reads."""

from __future__ import annotations

import argparse
import contextlib
import io
import math
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from engine.catalogue import Catalogue, discover, nearest
from engine.config import ONE_CHOICE, run_parameters
from engine.failure import failure, is_fault
from engine.language import tr
from engine.message import InputError
from engine.processes import launch
from engine.terminal.run import DONE, FAILED, tell
from engine.terminal.standard_streams import Unfailing, print_json
from engine.terminal.verbs import work_of
from engine.workspace import workspace_folder

Outcome = tuple[int, dict[str, Any] | list[Any]]
"""The exit code, and what `--json` prints."""


def run(arguments: argparse.Namespace, unknown: list[str]) -> int:
    """Carry out the verb of a parsed command line; `unknown` may hold plugins' own flags. Returns the exit code."""
    speaks = not launch.rank()  # else another process of the run says all that there is to say
    errors = Unfailing(sys.stderr if speaks else _Nowhere())
    # What a plugin prints must not stand between a script and the JSON.
    output = errors if arguments.json or not speaks else Unfailing(sys.stdout)
    aside = _led_aside() if arguments.json else contextlib.nullcontext()
    with aside, contextlib.redirect_stderr(errors), contextlib.redirect_stdout(output):
        workspace = workspace_folder(arguments.workspace)
        catalogue = discover(workspace / "plugins")
        if unknown:
            take_plugin_flags(arguments, unknown, catalogue)
        code, result = _carry_out(arguments, catalogue, workspace)
        for stream in (output, errors):
            stream.flush()
    if arguments.json and speaks:
        if isinstance(result, dict):  # JSON has no word for a figure that is not finite
            result = {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in result.items()}
        output = Unfailing(sys.stdout)
        print_json(result, output)
    if arguments.json and output.error is not None and code == DONE:
        told = tr("the result could not be written: {reason}").format(reason=output.error.strerror)
        print(f"tunedeck: {told}", file=sys.stderr)
        return FAILED
    return code


class _Nowhere(io.TextIOBase):
    """A text stream that nobody reads."""

    def write(self, text: str) -> int:
        return len(text)


def _carry_out(arguments: argparse.Namespace, catalogue: Catalogue, workspace: Path) -> Outcome:
    try:
        return cast(Outcome, work_of(arguments)(arguments, catalogue, workspace))
    except InputError:
        raise
    except BaseException as error:
        if not is_fault(error, ()) or (failed := failure(error, (), 0)).plugin is None:
            raise  # no plugin's: a mistake of the program itself, or what is meant to end it
        tell(failed)
        return FAILED, {"reason": str(failed.text)}


@contextlib.contextmanager
def _led_aside() -> Iterator[None]:
    """Lead the process's own standard output to standard error: plugins may print past Python, or start programs."""
    sys.stdout.flush()
    try:
        kept = os.dup(1)
        os.dup2(2, 1)
    except OSError:  # there is none
        yield
        return
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def take_plugin_flags(arguments: argparse.Namespace, unknown: list[str], catalogue: Catalogue) -> None:
    """A flag such as `--early-stopping` stands for `--with early-stopping`, where a plugin declares it."""
    flags = catalogue.flags()
    for word in unknown:
        if word not in flags:
            known = [
                *flags,
                *(f"--{p.name.replace('_', '-')}" for p in run_parameters()),
                *(f"--{k}" for k in ONE_CHOICE),
            ]
            raise InputError("unknown-flag", "unknown: {word}{nearest}", word=word, nearest=nearest(word, known))
        arguments.changes = [*arguments.changes, ("with", flags[word])]
