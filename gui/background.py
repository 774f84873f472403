"""What takes too long for the window's own thread: done in another, one piece of work after another."""

from __future__ import annotations

import queue
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, Signal, Slot

from engine.message import InputError, Message, message

IDLE_SECONDS = 0.1
"""How long the thread waits for more work before it ends: less than `engine.hardware.LOOK_SECONDS`."""


@dataclass(frozen=True)
class Trouble:
    """Why a piece of work came to nothing."""

    text: Message
    traceback: str = ""
    """Empty where it was the user's to mend."""


@dataclass(frozen=True)
class _Work:
    key: str
    number: int
    do: Callable[[], Any]
    done: Callable[[Any], None]
    failed: Callable[[Trouble], None]


class Background(QObject):
    """One thread. Of each key only the newest work counts: what it replaces is not begun, or comes to nothing.

    The thread ends when there is nothing left to do: as long as it lives, the threads that OpenMP has made for it count
    as busy, and those of a run spin for a shorter time and sleep three times as often.

    Results are handed over in the window's own thread. What is done here must leave the global generators of random
    numbers alone, or hold `engine.randomness.global_generators`: a run may be training meanwhile.
    """

    _finished = Signal(object, object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._newest: dict[str, int] = {}
        self._open = 0
        self._thread: threading.Thread | None = None
        self._ending = threading.Lock()
        """Held where the thread decides to end, and where it is given work: none falls between the two."""
        self.ending = False
        """Whether what is being done may give up, as nobody will see what comes of it."""
        self._finished.connect(self._hand_over)

    @property
    def busy(self) -> bool:
        """Whether there is work whose result was not handed over yet."""
        return self._open > 0

    def ask(
        self,
        key: str,
        do: Callable[[], Any],
        done: Callable[[Any], None],
        failed: Callable[[Trouble], None],
    ) -> None:
        """Do this; then call `done` with what it gave, or `failed` with why it gave nothing."""
        self._newest[key] = self._newest.get(key, 0) + 1
        self._open += 1
        with self._ending:
            self._waiting.put(_Work(key, self._newest[key], do, done, failed))
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="background", daemon=True)
                self._thread.start()

    def forget(self, key: str) -> None:
        """Let work of this key come to nothing."""
        self._newest[key] = self._newest.get(key, 0) + 1

    def end(self) -> None:
        """Begin nothing more, and wait for what is being done."""
        self.ending = True
        for key in list(self._newest):
            self.forget(key)
        self._waiting.put(None)
        thread = self._thread
        if thread is not None:
            thread.join()

    def _next(self) -> _Work | None:
        """The next piece of work; None where the thread is to end."""
        while True:
            try:
                return self._waiting.get(timeout=IDLE_SECONDS)
            except queue.Empty:
                with self._ending:
                    if self._waiting.empty():
                        self._thread = None
                        return None

    def _work(self) -> None:
        while (work := self._next()) is not None:
            outcome: Any = None
            if self._counts(work):
                try:
                    outcome = work.do()
                except InputError as error:
                    outcome = Trouble(error.message)
                except Exception as error:  # noqa: BLE001 the boundary of the thread: a plugin may raise anything
                    text = message("unexpected", "{error}", error=f"{type(error).__name__}: {error}")
                    outcome = Trouble(text, traceback.format_exc())
            self._finished.emit(work, outcome)

    def _counts(self, work: _Work) -> bool:
        return work.number == self._newest[work.key]

    @Slot(object, object)
    def _hand_over(self, work: _Work, outcome: Any) -> None:
        self._open -= 1
        if self._counts(work):
            (work.failed if isinstance(outcome, Trouble) else work.done)(outcome)
