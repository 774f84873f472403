"""Ctrl-C, SIGTERM and the closing of the terminal close the window as its close button does: a run is saved."""

from __future__ import annotations

import signal
import socket
from types import FrameType

from PySide6.QtCore import QObject, QSocketNotifier, Signal, Slot

from engine.terminal.interrupts import heard


class TerminalSignals(QObject):
    """Hears signals while Qt waits: Python alone would hear them only when the next event comes."""

    asked = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._read, self._write = socket.socketpair()
        for end in (self._read, self._write):
            end.setblocking(False)
        self._notifier = QSocketNotifier(self._read.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._heard)
        self._wakeup = signal.set_wakeup_fd(self._write.fileno(), warn_on_full_buffer=False)
        self._before = {number: signal.signal(number, _keep_quiet) for number in heard()}

    def remove(self) -> None:
        """Leave Python as it was."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup)
        self._notifier.setEnabled(False)
        self._read.close()
        self._write.close()

    @Slot()
    def _heard(self) -> None:
        self._read.recv(64)
        self.asked.emit()


def _keep_quiet(number: int, frame: FrameType | None) -> None:
    """The handler: what is to be done is done by Qt's event loop."""
