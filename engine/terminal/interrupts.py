"""Ctrl-C, SIGTERM and the closing of the terminal, as the command line hears them. Imports nothing heavy."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from types import FrameType
from typing import Any

from engine.language import tr

ASKING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name))
"""What asks a program to end: Ctrl-C, the system, the terminal that closes, Ctrl-Break of Windows."""
INTERRUPTED = 130
"""Exit code of a program that was asked to end, with everything saved."""
PRESS_SECONDS = 1.0
"""Ctrl-C within this time counts as one: a key that is held down, or a launcher that passes on what both hear."""
PRESSES = 3
"""So often Ctrl-C is pressed until the program ends without saving."""


def heard() -> tuple[int, ...]:
    """The signals that are to be heard: not those that whoever started the program wants ignored, as `nohup` does."""
    return tuple(number for number in ASKING if signal.getsignal(number) is not signal.SIG_IGN)


def end_at_once() -> None:
    """From now on a signal ends the program, as nothing was begun yet that could be lost: without a word or a trace."""
    for number in heard():
        signal.signal(number, lambda *_: os._exit(INTERRUPTED))


class Interrupts:
    """Hears what asks a run to end. Use as a context.

    At first `KeyboardInterrupt` is raised at once: data are loaded, and nothing is there to be saved. From `hold` on
    the run is asked between two steps whether it should end, which takes as long as a step and a save. A second Ctrl-C
    changes nothing, as the first is being obeyed, unless the run waits for room; the third raises `KeyboardInterrupt`
    wherever the program is, and what came after the last checkpoint is lost. Of the other signals any number may come:
    at the end of a session several do.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        """`quiet` where another process of the run says that it was heard."""
        self._say = (lambda text: None) if quiet else _tell
        self._holding = False
        self._asked = False
        self._presses = 0
        self._pressed_at = -PRESS_SECONDS
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interrupts:
        self._before = {number: signal.signal(number, self._hear) for number in heard()}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @property
    def asked(self) -> bool:
        """Whether the run was asked to end since the last `take`."""
        return self._asked

    def hold(self) -> None:
        """From now on there is something to be saved."""
        self._holding = True

    def take(self) -> bool:
        """Whether the run was asked to end; asks count once."""
        asked, self._asked = self._asked, False
        return asked

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if not self._holding:
            raise KeyboardInterrupt
        self._asked = True
        if number != signal.SIGINT:
            self._presses = max(1, self._presses)
            return
        now = time.monotonic()
        if now - self._pressed_at < PRESS_SECONDS:
            return
        self._pressed_at = now
        self._presses += 1
        if self._presses == 1:
            self._say(tr("stopping after this step, with everything saved"))
        elif self._presses < PRESSES:
            self._say(tr("the run is being saved; Ctrl-C once more ends it at once, as its last checkpoint has it"))
        else:
            raise KeyboardInterrupt


def _tell(text: str) -> None:
    """Say it on standard error, past its buffer: a signal may come amid a print."""
    with contextlib.suppress(OSError):
        encoding = getattr(sys.__stderr__, "encoding", None) or "utf-8"
        os.write(2, f"\ntunedeck: {text}\n".encode(encoding, "replace"))
