"""The check of a folder of pictures as work in the background, which tells how far it is and can be given up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from engine.message import InputError, Message
from gui.background import Trouble
from gui.workbench import Workbench

if TYPE_CHECKING:
    from engine.finding import DataCheck

CHECK = "data-check"
STOPPED = "check-stopped"


class CheckWork(QObject):
    """One check, from `start` to one of its signals; none comes after `give_up`."""

    told = Signal(object, object)
    """How far it is: a message, and 0 to 1 or None."""
    done = Signal(object)
    failed = Signal(object)

    def __init__(self, bench: Workbench, folder: str, parent: QObject) -> None:
        super().__init__(parent)
        self._bench, self._folder = bench, folder
        self._given_up = False

    def start(self) -> None:
        """Begin as soon as the background has time."""
        self._bench.background.ask(CHECK, self._look, self._on_done, self._on_failed)

    def give_up(self) -> None:
        """Come to nothing: at once where it has not begun, else with the next picture."""
        self._given_up = True

    def _look(self) -> DataCheck:
        """In the background."""
        from engine.data_check import check_folder

        self._report(None, None)
        return check_folder(self._folder, self._report)

    def _report(self, text: Message | None, fraction: float | None) -> None:
        if self._given_up or self._bench.background.ending:
            raise InputError(STOPPED, "the check was stopped")
        if text is not None:
            self.told.emit(text, fraction)

    def _on_done(self, check: DataCheck) -> None:
        if not self._given_up:
            self.done.emit(check)

    def _on_failed(self, trouble: Trouble) -> None:
        if not self._given_up:
            self.failed.emit(trouble)
