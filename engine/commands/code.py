"""`tunedeck code`: a run as a script of plain PyTorch, and as the command that trains it."""

from __future__ import annotations

import argparse
import ast
import difflib
import sys
from pathlib import Path
from typing import Any

from engine.catalogue import Catalogue
from engine.command_line import command
from engine.language import tr
from engine.scripts.script import script, write_script
from engine.scripts.words import in_language
from engine.terminal.given_settings import settings
from engine.terminal.run import DONE


def code(arguments: argparse.Namespace, catalogue: Catalogue, workspace: Path) -> tuple[int, dict[str, Any]]:
    """Carry it out; returns the exit code and what `--json` prints."""
    config = settings(arguments, catalogue)
    made, line = script(config, catalogue, workspace / "data"), command(config, catalogue)
    text = f"{line}\n" if arguments.command else in_language(made)
    if arguments.diff:
        plain = settings(argparse.Namespace(**{**vars(arguments), "changes": []}), catalogue)
        text = difference(in_language(script(plain, catalogue, workspace / "data")), in_language(made))
    file = Path(arguments.output).absolute() if arguments.output is not None else None
    if file is not None:
        write_script(file, text)
    elif not arguments.json:
        sys.stdout.write(text)
    if made.missing and not arguments.command:
        told = tr("the script is not whole: no code from {techniques}").format(techniques=", ".join(made.missing))
        print(f"tunedeck: {told}", file=sys.stderr)
    return DONE, {
        "script": made.text, "command": line, "missing": list(made.missing), "file": str(file) if file else None,
    }  # fmt: skip


def difference(before: str, after: str) -> str:
    """The lines that come and go from one script to another, with two around them; the head, which holds the command,
    is left out. Empty where none does."""
    lines = list(difflib.unified_diff(_body(before), _body(after), n=2, lineterm=""))[2:]
    return "".join(f"{line}\n" for line in lines)


def _body(text: str) -> list[str]:
    """The lines of a script below its head, which is its docstring."""
    return text.splitlines()[ast.parse(text).body[0].end_lineno or 0 :]
