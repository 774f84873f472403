"""Two windows, each in a process of its own, on one workspace: what one does, the other shows, and leaves alone."""

from __future__ import annotations

import json
import os
import queue
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer

from benchmarks.rows import Row
from engine.checkpoints.checkpoint import read_checkpoint
from engine.run_records.index import Status, list_runs
from tests.engine.support import ROOT

SECONDS = 60.0
"""No wait is longer."""


# --- one of the windows ---------------------------------------------------------------------------


class Obeying:
    """Does in a window what is asked on standard input, and tells on standard output how the window stands."""

    def __init__(self, application: Any) -> None:
        self.window, self.conductor = application.window, application.conductor
        self._asked: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=lambda: [self._asked.put(line) for line in sys.stdin], daemon=True).start()
        self._timer = QTimer(application.window, interval=20)
        self._timer.timeout.connect(self._obey)
        self._timer.start()

    def _obey(self) -> None:
        while not self._asked.empty():
            word, _, rest = self._asked.get().strip().partition(" ")
            getattr(self, word)(*rest.split())
            print(json.dumps(self._stands()), flush=True)

    def _stands(self) -> dict[str, Any]:
        runs = self.window.runs.list.all_runs
        return {
            "state": self.conductor.session.state.name,
            "runs": {run.folder.name: str(run.record.status) for run in runs if run.folder and run.record},
            "epochs": {run.folder.name: len(run.history.epochs) for run in runs if run.folder},
            "waiting": [config.seed for config in self.conductor.control.queue.waiting],
            "says": [*self.window.banners.texts().values(), *self.window.runs.notices.texts().values()],
        }

    def look(self) -> None:
        """Nothing but to tell how it stands."""

    def start(self, seed: str, epochs: str) -> None:
        """Start a run, or let it wait."""
        panel = self.window.panel
        panel.set_config(panel.config.changed({"seed": int(seed), "epochs": int(epochs), "threads": "1"}))
        self.conductor.control.start()

    def stop(self) -> None:
        """Stop the run."""
        self.conductor.session.stop()

    def go_on(self, name: str) -> None:
        """Go on with a run, as its menu does, even where that is not offered."""
        self.conductor.control.go_on_with(self._run(name))

    def put_away(self, name: str) -> None:
        """Put a run into the bin."""
        self.window.runs._to_bin([self._run(name)])

    def _run(self, name: str) -> Any:
        return next(run for run in self.window.runs.list.all_runs if run.folder and run.folder.name == name)


def open_one(workspace: str) -> int:
    """Open a window that obeys, and stay until it is closed."""
    import gui.app

    class Application(gui.app.Application):
        def __init__(self, place: Path) -> None:
            super().__init__(place)
            self.obeying = Obeying(self)

    gui.app.Application = Application  # type: ignore[misc]
    return gui.app.main(workspace)


# --- who asks -------------------------------------------------------------------------------------


class Window:
    """A window in a process of its own."""

    def __init__(self, workspace: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.reliability.two_windows", str(workspace)], cwd=ROOT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=os.environ | {"QT_QPA_PLATFORM": "offscreen", "PYQTGRAPH_QT_LIB": "PySide6"},
        )  # fmt: skip
        self.until(lambda stands: stands["state"] == "READY")

    def ask(self, words: str = "look") -> dict[str, Any]:
        """Let it do something; how it stands then."""
        assert self.process.stdin is not None and self.process.stdout is not None
        print(words, file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"the window is gone: {self.process.communicate()[1]}")
        return dict(json.loads(line))

    def until(self, condition: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
        """How it stands once the condition holds; fails where that takes too long."""
        end = time.monotonic() + SECONDS
        while not condition(stands := self.ask()):
            assert time.monotonic() < end, f"it did not come to that: {stands}"
            time.sleep(0.05)
        return stands

    def end(self, number: signal.Signals) -> None:
        """Send it a signal and wait for its end."""
        self.process.send_signal(number)
        _, said = self.process.communicate(timeout=SECONDS)
        expected = -number if number == signal.SIGKILL else 0
        assert self.process.returncode == expected and "Traceback" not in said, (self.process.returncode, said)


def share(workspace: Path, number: signal.Signals) -> None:
    """One window trains and the other looks on; the first is ended by a signal, and the other goes on with its run.

    Fails where anything is not as it should be.
    """
    one, other = Window(workspace), Window(workspace)
    try:
        one.ask("start 1 100000")
        (name,) = one.until(lambda stands: stands["runs"])["runs"]
        other.until(lambda stands: stands["runs"].get(name) == Status.TRAINING and stands["epochs"][name] > 0)
        before = other.ask()["epochs"][name]
        other.until(lambda stands: stands["epochs"][name] > before)
        told = f"is running in another Tunedeck (process {one.process.pid} on "
        assert any(told in text for text in other.ask(f"go_on {name}")["says"]), other.ask()
        other.ask(f"put_away {name}")
        other.until(lambda stands: sum(told in text for text in stands["says"]) > 1)
        assert (workspace / "runs" / name).is_dir()
        for seed in (2, 3):
            one.ask(f"start {seed} 1")
        other.until(lambda stands: stands["waiting"] == [2, 3])
        one.end(number)
        assert other.until(lambda stands: stands["runs"][name] != Status.TRAINING)["waiting"] == [2, 3]
        step = read_checkpoint(workspace / "runs" / name / "checkpoints" / "last.safetensors").meta["progress"]["step"]
        other.ask(f"go_on {name}")
        other.until(lambda stands: stands["state"] == "RUNNING" and stands["runs"][name] == Status.TRAINING)
        third = Window(workspace)
        third.until(lambda stands: stands["runs"].get(name) == Status.TRAINING and stands["waiting"] == [2, 3])
        third.end(signal.SIGTERM)
        other.end(signal.SIGTERM)
        (record,) = list_runs(workspace)
        assert record.status is Status.UNFINISHED and record.folder.name == name
        last = read_checkpoint(record.folder / "checkpoints" / "last.safetensors").meta["progress"]["step"]
        assert last > step
    finally:
        for window in (one, other):
            if window.process.poll() is None:
                window.process.kill()
                window.process.communicate()


def long_form(times: int = 8, seed: int = 0) -> list[Row]:
    """Two windows, again and again."""
    draw, held = random.Random(seed), 0
    for _ in range(times):
        with tempfile.TemporaryDirectory() as name:
            try:
                share(Path(name), draw.choice((signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)))
                held += 1
            except (AssertionError, subprocess.TimeoutExpired) as error:
                print(error, file=sys.stderr)
    return [Row("two windows on one workspace, one of them ended", held, "of", times, at_most=False)]


if __name__ == "__main__":
    # A shell that starts this in the background, or nohup, has these ignored, and a window leaves them so.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    raise SystemExit(open_one(sys.argv[1]))
