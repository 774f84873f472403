"""Paints parts of the window one after another."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtWidgets import QWidget


class PaintTurns(QObject):
    """Keeps the parts of a widget as they are painted, and lets each show what has changed in a turn of its own.

    What is changed in one go is otherwise painted in one go, and what a person presses waits for all of it.
    """

    def __init__(self, parts: Sequence[QWidget], parent: QObject) -> None:
        super().__init__(parent)
        self._parts = parts
        self._waiting: list[QWidget] = []
        self._next = QTimer(self, singleShot=True, interval=0)
        self._next.timeout.connect(self._let_next)

    def begin(self) -> None:
        """All parts are about to change: each is painted in its turn, in this order."""
        for part in self._parts:
            part.setUpdatesEnabled(False)
        self._waiting = list(self._parts)
        self._next.start()

    @Slot()
    def _let_next(self) -> None:
        self._waiting.pop(0).setUpdatesEnabled(True)
        if self._waiting:
            self._next.start()
