"""Opens the window. It is painted first; PyTorch and the techniques are loaded behind it."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from PySide6.QtWidgets import QApplication

from engine.workspace import workspace_folder
from gui.collector import Collector
from gui.conductor import Conductor
from gui.crash import CrashReporter
from gui.engine_loader import EngineLoader
from gui.main_window import MainWindow
from gui.terminal import TerminalSignals


class Application:
    """The window with all that belongs to it, from the first paint to the last thread."""

    def __init__(self, workspace: Path) -> None:
        self.window = MainWindow(workspace)
        self.conductor = Conductor(self.window)
        self.reporter = CrashReporter(workspace / "window.log", self.window)
        self.reporter.crashed.connect(self.conductor.on_crash)
        self.loader = EngineLoader(workspace, self.window.memory, self.window)
        self.loader.loaded.connect(self.conductor.on_loaded)
        self.loader.found.connect(self.conductor.on_found)
        self.loader.failed.connect(self.conductor.on_load_failed)
        self.window.painted.connect(self.loader.start)
        self.collector = Collector(self.window)

    def open(self) -> None:
        """Show the window; the engine is loaded once it has been painted."""
        self.reporter.install()
        self.collector.install()
        self.window.show()

    def finish(self) -> None:
        """After the window was closed: keep the settings, wait for the threads."""
        self.conductor.keep_settings()
        self.conductor.estimator.give_up()
        self.window.bench.background.end()
        self.loader.join()
        self.reporter.remove()
        self.collector.remove()


def main(workspace: str | Path | None = None) -> int:
    """Open the window and stay until it is closed; returns the exit code."""
    if sys.platform == "win32":
        importlib.import_module("torch")  # there it can't be loaded after Qt
    app = QApplication.instance() or QApplication(sys.argv[:1])
    app.setApplicationName("Tunedeck")
    application = Application(workspace_folder(workspace))
    signals = TerminalSignals(application.window)
    signals.asked.connect(application.window.close)
    application.open()
    code = app.exec()
    application.finish()
    signals.remove()
    return int(code)
