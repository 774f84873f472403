"""How fast a run may be: as fast as it goes, slow enough to watch, or an epoch for each press of a key."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Slot

from gui.main_window import MainWindow
from gui.runs.run import Run
from gui.training.session import Session, State

USUAL = 0.4
"""Seconds that an epoch takes at least where it is to be watched and no lesson says how long."""


class Pacing(QObject):
    """Three actions of the menu Run."""

    def __init__(self, window: MainWindow, session: Session) -> None:
        super().__init__(window)
        self._session = session
        act = window.actions_by_name
        self._slow, self._by_epoch, self._next = act["slow"], act["by_epoch"], act["next_epoch"]
        self.seconds: Callable[[Run], float | None] = lambda run: None
        """The seconds of an epoch of this run where it is watched; None where nothing says it."""
        self._slow.toggled.connect(self.apply)
        self._by_epoch.toggled.connect(self.apply)
        self._next.triggered.connect(self.next_epoch)
        session.pace = self.of
        session.state_changed.connect(self._on_state)
        self._on_state(session.state)

    @Slot()
    def apply(self) -> None:
        """Let the run that trains go at the pace that is chosen."""
        run = self._session.run
        if run is not None:
            seconds, by_epoch = self.of(run)
            self._session.set_pace(seconds, by_epoch=by_epoch)

    def of(self, run: Run) -> tuple[float, bool]:
        """The seconds that an epoch of this run is to take at least, and whether it is to pause after each."""
        return (self.seconds(run) or USUAL) if self._slow.isChecked() else 0.0, self._by_epoch.isChecked()

    @Slot()
    def next_epoch(self) -> None:
        """Train one epoch more, and wait again."""
        if self._session.state is State.PAUSED:
            if not self._by_epoch.isChecked():
                self._by_epoch.setChecked(True)
            self._session.pause()

    @Slot(object)
    def _on_state(self, state: State) -> None:
        self._next.setEnabled(state is State.PAUSED)
