"""How long the window takes to appear, and to be ready, in a fresh process.

    python benchmarks/window_start.py [--runs 5]

Painted: the first paint is done. Ready: the forms are there and Start can be pressed. Both from the launch of the
process. Targets: painted within 1 s, ready within 3 s.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

TARGETS = {"painted": 1.0, "ready": 3.0}

CHILD = """
import sys, time
from pathlib import Path
from PySide6.QtWidgets import QApplication
from gui.app import Application

app = QApplication(sys.argv[:1])
application = Application(Path(sys.argv[1]))
application.window.painted.connect(lambda: print("painted", time.time(), flush=True))
application.ready.connect(lambda: (print("ready", time.time(), flush=True), application.window.close()))
application.open()
app.exec()
application.finish()
"""


def start_once() -> dict[str, float]:
    """Seconds from the launch to each moment."""
    with tempfile.TemporaryDirectory() as workspace:
        launched = time.time()
        environment = {"QT_QPA_PLATFORM": "offscreen", **os.environ}
        done = subprocess.run(
            [sys.executable, "-c", CHILD, workspace], env=environment, capture_output=True, text=True, check=True
        )
    return {name: float(moment) - launched for name, moment in (line.split() for line in done.stdout.splitlines())}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    runs = [start_once() for _ in range(parser.parse_args().runs)]
    for name, target in TARGETS.items():
        seconds = [run[name] for run in runs]
        median = statistics.median(seconds)
        print(
            f"{name}: median {median:.2f} s, from {min(seconds):.2f} to {max(seconds):.2f} s; "
            f"target <= {target} s {'met' if median <= target else 'MISSED'}"
        )


if __name__ == "__main__":
    main()
