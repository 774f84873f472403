"""What is printed while the window is open goes to its log too: few see a terminal, and on some desktops is none."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Any

MOST_CHARACTERS = 1_000_000
"""Of one session: a plugin that prints in every step must not fill the disk."""


class PrintedToLog:
    """Takes the place of standard output: writes where that wrote, and to the log."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._before: Any = None
        self._left = MOST_CHARACTERS

    def install(self) -> None:
        """Hear what is printed from now on."""
        self._before, sys.stdout = sys.stdout, self

    def remove(self) -> None:
        """Leave Python as it was."""
        if sys.stdout is self:
            sys.stdout = self._before

    def write(self, text: str) -> int:
        """Write a text to both, where that can be done."""
        with contextlib.suppress(OSError, ValueError):  # a terminal that was closed is no reason to fail
            if self._before is not None:
                self._before.write(text)
        if self._left > 0:
            self._left -= len(text)
            with contextlib.suppress(OSError):
                self._log.parent.mkdir(parents=True, exist_ok=True)
                with self._log.open("a", encoding="utf-8", errors="replace") as file:
                    file.write(text if self._left > 0 else "\n… and more was printed\n")
        return len(text)

    def flush(self) -> None:
        """Write out what a terminal keeps back."""
        with contextlib.suppress(OSError, ValueError):
            if self._before is not None:
                self._before.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._before, name)
