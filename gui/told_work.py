"""Work in the background that tells how far it is, and can be given up."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal, Slot

from engine.message import InputError, Message
from gui.background import Background, Trouble

if TYPE_CHECKING:
    from engine.data import Report

STOPPED = "work-stopped"
"""The code of the trouble that work comes to where the window closes."""


class ToldWork(QObject):
    """One piece of work, from `start` to `done` or `failed`; no signal comes after `give_up`."""

    told = Signal(object, object)
    """How far it is: a message, and 0 to 1 or None."""
    done = Signal(object)
    """What it gave."""
    failed = Signal(object)
    """A `Trouble`."""
    _reached = Signal(object, object)

    def __init__(self, background: Background, key: str, do: Callable[[Report], Any], parent: QObject) -> None:
        """`do` is called in the background; what it reports may raise `InputError`, and ends it where it is."""
        super().__init__(parent)
        self._background, self._key, self._do = background, key, do
        self._given_up = False
        self._reporting = threading.Lock()
        self._reached.connect(self._on_reached)

    def start(self) -> None:
        """Begin as soon as the background has time."""
        self._background.ask(self._key, self._work, self._on_done, self._on_failed)

    def give_up(self) -> None:
        """Come to nothing: at once where it has not begun, else with the next report. It may be deleted then."""
        with self._reporting:  # else a report could be on its way from what is deleted, and the program die of it
            self._given_up = True

    def _work(self) -> Any:
        """In the background."""
        self._report(None, None)
        return self._do(self._report)

    def _report(self, text: Message | None, fraction: float | None) -> None:
        """In the background."""
        with self._reporting:
            if self._given_up or self._background.ending:
                raise InputError(STOPPED, "it was stopped")
            if text is not None:
                self._reached.emit(text, fraction)

    @Slot(object, object)
    def _on_reached(self, text: Message, fraction: float | None) -> None:
        if not self._given_up:  # it was on its way when it was given up
            self.told.emit(text, fraction)

    def _on_done(self, result: Any) -> None:
        if not self._given_up:
            self.done.emit(result)

    def _on_failed(self, trouble: Trouble) -> None:
        if not self._given_up:
            self.failed.emit(trouble)
