"""Trains submissions again, one after another, each in a process beside the window: no run in it is disturbed."""

from __future__ import annotations

import contextlib
import json
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from engine.reading import read_limited
from engine.searches.begin import program
from engine.submissions.outcome import Replay
from gui import child

LOOK_MILLISECONDS = 200
MAX_BYTES = 2_000_000
"""Of what a process says."""
END_SECONDS = 5.0


class Replays(QObject):
    """Those that wait, and the one that is trained."""

    changed = Signal()
    done = Signal(object, object)
    """The file, and its `Replay`; None where the process came to nothing."""

    def __init__(self, workspace: Path, parent: QObject) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._folder = tempfile.TemporaryDirectory(prefix="tunedeck-")
        self._process: subprocess.Popen[bytes] | None = None
        self.waiting: list[Path] = []
        self.present: Path | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MILLISECONDS)
        self._timer.timeout.connect(self._look)

    @property
    def busy(self) -> bool:
        """Whether anything is trained or waits."""
        return self.present is not None

    def ask(self, paths: Iterable[Path]) -> None:
        """Let these be trained again; one that waits already is not asked for twice."""
        self.waiting += [path for path in dict.fromkeys(paths) if path not in self.waiting and path != self.present]
        if self.present is None:
            self._begin_next()
        self.changed.emit()

    @Slot()
    def stop(self) -> None:
        """Give up the one that is trained, and those that wait."""
        self.waiting.clear()
        self._end()
        self.present = None
        self._timer.stop()
        self.changed.emit()

    def close(self) -> None:
        """Nothing of it is left."""
        self.stop()
        self._folder.cleanup()

    @property
    def _output(self) -> Path:
        return Path(self._folder.name) / "said.txt"

    def _begin_next(self) -> None:
        while self.waiting:
            path = self.present = self.waiting.pop(0)
            words = ["submissions", str(path.absolute()), "--replay", "--json", "--workspace", str(self._workspace)]
            try:
                self._process = child.start(program(words), self._output, attended=True)
            except OSError:
                self.done.emit(path, None)
                continue
            self._timer.start()
            return
        self.present = None
        self._timer.stop()

    @Slot()
    def _look(self) -> None:
        if self._process is None or self._process.poll() is None or self.present is None:
            return
        path, found = self.present, self._found()
        self._end()
        self._begin_next()
        self.done.emit(path, found)
        self.changed.emit()

    def _found(self) -> Replay | None:
        """What the process said last."""
        try:
            lines = read_limited(self._output, MAX_BYTES).decode("utf-8", "replace").strip().splitlines()
            [told] = json.loads(lines[-1])["submissions"]
            return Replay.from_dict(told["replay"])
        except (OSError, ValueError, LookupError, TypeError):
            return None

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(OSError):
            if process.stdin is not None:
                process.stdin.close()
        if process.poll() is None:
            process.kill()  # nothing of it is kept
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(END_SECONDS)
