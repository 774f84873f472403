"""The search that this window has started: a command line of its own, which ends with the window."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Sequence
from pathlib import Path

from engine.searches.begin import program
from engine.searches.files import log_of
from engine.terminal.interrupts import INTERRUPTED
from gui import child

END_SECONDS = 5.0
"""How long the closing window waits for it: what it had been told is kept in any case."""


class SearchProcess:
    """One search, from its start to its end."""

    def __init__(self, workspace: Path, study: str, words: Sequence[str]) -> None:
        """Start it. Raises `OSError`."""
        self.study = study
        self.asked = False
        """Whether it was asked to end."""
        self._log = log_of(workspace, study)
        self._process: subprocess.Popen[bytes] = child.start(program(words), self._log, attended=True)

    @property
    def code(self) -> int | None:
        """Its exit code; None while it goes on."""
        return self._process.poll()

    @property
    def has_failed(self) -> bool:
        """Whether it has ended by itself, and not well."""
        return self.code not in (None, 0, INTERRUPTED) and not self.asked

    @property
    def last_words(self) -> str:
        """The last line that it said, of its own where there is one."""
        lines = [line.strip() for line in child.tail(self._log).splitlines() if line.strip()]
        own = [line.removeprefix("tunedeck: ") for line in lines if line.startswith("tunedeck: ")]
        return [*lines[-1:], *own[-1:]][-1][:500] if lines else ""

    def stop(self) -> None:
        """Ask it to end: its trials are cut off, and tried again when the study goes on."""
        self.asked = True
        self.let_go()

    def let_go(self) -> None:
        """Close what it hears this window by."""
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.close()

    def end(self) -> None:
        """Ask it to end, and wait for that a little."""
        self.stop()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(END_SECONDS)
