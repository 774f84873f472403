"""A mistake in the window itself: told and written down, never a silent death."""

from __future__ import annotations

import sys
import threading
import time
import traceback
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QObject, Signal


class CrashReporter(QObject):
    """Takes the place of Python's excepthooks while the window is open."""

    crashed = Signal(str)
    """A traceback. The same one is told once."""

    def __init__(self, log: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._log = log
        self._told: set[str] = set()
        self._before = (sys.excepthook, threading.excepthook)

    def install(self) -> None:
        """Catch what nobody catches, in all threads."""
        sys.excepthook = self._caught
        threading.excepthook = self._caught_in_thread

    def remove(self) -> None:
        """Leave Python as it was."""
        sys.excepthook, threading.excepthook = self._before

    def _caught(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            self._before[0](kind, error, trace)
            return
        text = "".join(traceback.format_exception(kind, error, trace))
        sys.stderr.write(text)
        self._write(text)
        if text not in self._told:
            self._told.add(text)
            self.crashed.emit(text)

    def _caught_in_thread(self, arguments: threading.ExceptHookArgs) -> None:
        if arguments.exc_value is not None:
            self._caught(arguments.exc_type, arguments.exc_value, arguments.exc_traceback)

    def _write(self, text: str) -> None:
        try:
            self._log.parent.mkdir(parents=True, exist_ok=True)
            # In one piece, at the end: other windows write there too.
            with self._log.open("ab", buffering=0) as file:
                file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')}\n{text}\n".encode())
        except OSError:
            return  # it was written to standard error
