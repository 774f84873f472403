"""Opens the window. It is painted first; PyTorch and the techniques are loaded behind it."""

from __future__ import annotations

import importlib
import sys
import time
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEventLoop, QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QSessionManager
from PySide6.QtWidgets import QApplication

from engine.workspace import workspace_folder
from gui.collector import Collector
from gui.crash import CrashReporter
from gui.engine_loader import EngineLoader
from gui.main_window import MainWindow
from gui.printed import PrintedToLog
from gui.terminal import TerminalSignals

if TYPE_CHECKING:
    from gui.conductor import Conductor

LOG_OUT_SECONDS = 10.0
"""How long a log-out waits for a run to be saved, at most: systems end who takes much longer."""
PUMP_MILLISECONDS = 20
SWITCH_SECONDS = 0.0005
"""How long the window's thread may go on in Python while another waits for its turn. A run waits at each of its
operations: Python's own 5 ms let it stand still as long as the window is at work."""


class Application(QObject):
    """The window with all that belongs to it, from the first paint to the last thread."""

    ready = Signal()
    """The forms are there, and Start can be pressed."""
    complete = Signal()
    """All techniques are known, and what was kept is there again."""

    def __init__(self, workspace: Path) -> None:
        super().__init__()
        self.window = MainWindow(workspace)
        self.reporter = CrashReporter(workspace / "window.log", self.window)
        self.printed = PrintedToLog(workspace / "window.log")
        self.loader = EngineLoader(workspace, self.window.memory, self.window)
        self.window.painted.connect(self._begin, Qt.ConnectionType.QueuedConnection)  # once all of it is on the screen
        self.collector = Collector(self.window)
        self._usual_switch = sys.getswitchinterval()

    @cached_property
    def conductor(self) -> Conductor:
        """What makes the window act. It and all that it needs come after the first paint: a third of a second."""
        from gui.conductor import Conductor

        return Conductor(self.window)

    @Slot()
    def _begin(self) -> None:
        """The window has been painted."""
        conductor, loader = self.conductor, self.loader
        self.reporter.crashed.connect(conductor.on_crash)
        loader.loaded.connect(conductor.on_loaded)
        loader.loaded.connect(self.ready)
        loader.found.connect(conductor.on_found)
        loader.found.connect(self.complete)
        loader.failed.connect(conductor.on_load_failed)
        loader.ended.connect(self.collector.begin)
        loader.start()

    def open(self) -> None:
        """Show the window; the engine is loaded once it has been painted."""
        self.reporter.install()
        self.printed.install()
        self.collector.install()
        sys.setswitchinterval(SWITCH_SECONDS)
        self.window.show()

    @Slot()
    def close(self) -> None:
        """Close the window from outside, with any dialog before it; a run is saved first, without a question."""
        while (dialog := QApplication.activeModalWidget()) is not None and dialog.close():
            pass
        self.window.close()

    @Slot(QSessionManager)
    def keep(self, manager: QSessionManager | None = None) -> None:
        """The desktop logs out: keep everything before this returns, without a question, and let it go on.

        The window stays, as another program may still call the log-out off. Where a run can't be saved in time, it is
        kept as it was saved last.
        """
        self.window.runs.keep()
        self.window.memory.keep_window(self.window)
        self.conductor.keep_settings()
        from gui.training.session import State

        session, control = self.conductor.session, self.conductor.control
        control.hold()
        loop, clock = QEventLoop(), QTimer(interval=PUMP_MILLISECONDS)
        end = time.monotonic() + LOG_OUT_SECONDS
        clock.timeout.connect(loop.quit)
        clock.start()
        while session.busy and time.monotonic() < end:
            if session.state is not State.STOPPING:  # a second time where it can't be saved: then it ends all the same
                session.stop()
            loop.exec(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)
        control.hold(False)

    def finish(self) -> None:
        """After the window was closed: keep the settings, wait for the threads."""
        self.conductor.keep_settings()
        self.conductor.estimator.give_up()
        self.conductor.folders.give_up()
        self.conductor.submissions.end()
        self.window.centre.end()
        self.window.bench.background.end()
        self.loader.join()
        self.reporter.remove()
        self.printed.remove()
        self.collector.remove()
        sys.setswitchinterval(self._usual_switch)


def main(workspace: str | Path | None = None) -> int:
    """Open the window and stay until it is closed; returns the exit code."""
    if sys.platform == "win32":
        importlib.import_module("torch")  # there it can't be loaded after Qt
    app = QApplication.instance() or QApplication(sys.argv[:1])
    app.setApplicationName("Tunedeck")
    application = Application(workspace_folder(workspace))
    signals = TerminalSignals(application.window)
    signals.asked.connect(application.close)
    app.commitDataRequest.connect(application.keep, Qt.ConnectionType.DirectConnection)
    application.open()
    code = app.exec()
    application.finish()
    signals.remove()
    return int(code)
