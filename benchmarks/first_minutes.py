"""The first five minutes of a person at the window, timed: from the launch to a run that goes on after closing.

    python benchmarks/first_minutes.py [--runs 3]

Each run is a process of its own with a workspace of its own (offscreen unless QT_QPA_PLATFORM says otherwise): the
window opens; Start; Dropout is ticked and both runs are in the graph; an augmentation is previewed while a run trains;
Stop; a cell of the confusion matrix is opened; the window is closed in mid-epoch, opened again, and the run goes on:
its curve has no gap, and its last tensors are those of a run that was never stopped; a checkpoint file is loaded. A
step that does not show what it should ends the run. Prints the median of each step's seconds. Python keeps its byte
code, as it does from a person's second launch on.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.rows import Row, show

LIMITS = {"launch to painted": 1.0, "launch to ready": 3.0, "Start to the first point": 2.0}
OTHERS = 3.0
"""Seconds for a step that no limit is set for: what a person waits without asking what is wrong."""


def child(launched: float, folder: Path) -> None:
    """Walk through them once, and print the seconds as JSON."""
    gc.disable()  # as `tunedeck` does before it imports the window
    from PySide6.QtCore import QEventLoop
    from PySide6.QtWidgets import QApplication

    app = QApplication([])
    from gui.app import Application

    seconds = {}
    loop = QEventLoop()
    application = Application(folder / "first")  # where the first lesson opens by itself
    window = application.window
    window.painted.connect(lambda: seconds.setdefault("launch to painted", time.time() - launched))
    application.ready.connect(lambda: seconds.setdefault("launch to ready", time.time() - launched))
    application.complete.connect(loop.quit)
    application.open()
    loop.exec()
    window.close()
    application.finish()
    from tests.gui.driving import Driver
    from tests.gui.first_minutes import FirstMinutes

    opened: list[Driver] = []

    def open_window(workspace: Path) -> Driver:
        opened.append(Driver(app, workspace))
        return opened[-1]

    minutes = FirstMinutes(open_window, folder / "workspace", folder / "elsewhere")
    minutes.walk()
    opened[-1].close()
    print(json.dumps(seconds | minutes.seconds))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(float(arguments.child[0]), Path(arguments.child[1]))
        return 0
    found = []
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    for _ in range(arguments.runs):
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, __file__, "--child", str(time.time()), folder]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=environment)
        found.append(json.loads(done.stdout.splitlines()[-1]))
    medians = {name: statistics.median(run[name] for run in found) for name in found[0]}
    return show([Row(name, seconds, "s", LIMITS.get(name, OTHERS)) for name, seconds in medians.items()])


if __name__ == "__main__":
    sys.exit(main())
