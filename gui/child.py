"""A program that the window starts beside itself: with what it needs to be found, and what it says kept in a file."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SHOWN_BYTES = 20_000
"""Of what it says, the last."""


def start(words: Sequence[str], output: Path, *, attended: bool = False) -> subprocess.Popen[bytes]:
    """Start a program whose words go into a file. Raises `OSError`.

    `attended` gives it a standard input that ends when this process does, or when that is closed.
    """
    apart: dict[str, Any] = {"start_new_session": True}  # Ctrl-C in the window's terminal is not meant for it
    if sys.platform == "win32":
        apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    with output.open("wb") as file:
        return subprocess.Popen(
            words, stdin=subprocess.PIPE if attended else subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT,
            env=_environment(), **apart,
        )  # fmt: skip


def tail(path: Path) -> str:
    """The last that a file says."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - SHOWN_BYTES))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""


def _environment() -> dict[str, str]:
    """As this process has it, and the program itself is found wherever it is started."""
    path = [str(Path(__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {"PYTHONPATH": os.pathsep.join(path)}
