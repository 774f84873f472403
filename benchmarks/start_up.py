"""How long a person waits for Tunedeck to start, each time in a fresh process.

    python benchmarks/start_up.py [--runs 5]

`--help` until it has ended; the window until its first paint is done, and until the forms are there and Start can be
pressed; `tunedeck train` until its first step is done, with the threads chosen before (a computer measures them once
for an architecture). All from the launch of the process (offscreen unless QT_QPA_PLATFORM says otherwise); Python keeps
its byte code, as it does from a person's second launch on. Prints the medians.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.rows import Row, show

HELP = """
import time
from engine.cli import main
try:
    main(["--help"])
finally:
    print("\\nended", time.time())
"""

WINDOW = """
import gc, sys, time
gc.disable()  # as `tunedeck` does before it imports the window
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

TRAIN = """
import sys, time
from engine.cli import main
from engine.learner import Learner

step = Learner.step
def timed(*args, **named):
    done = step(*args, **named)
    print("\\nstepped", time.time(), flush=True)
    Learner.step = step
    return done
Learner.step = timed
main(["train", "--workspace", sys.argv[1], "--epochs", "1"])
"""

LIMITS = {
    "`tunedeck --help`": (HELP, "ended", 0.3),
    "the window, painted": (WINDOW, "painted", 1.0),
    "the window, ready": (WINDOW, "ready", 3.0),
    "`tunedeck train`, first step": (TRAIN, "stepped", 4.0),
}


def start_once(code: str, workspace: str) -> dict[str, float]:
    """Seconds from the launch to each moment that the process tells."""
    environment = {"QT_QPA_PLATFORM": "offscreen", **os.environ}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    launched = time.time()
    done = subprocess.run(
        [sys.executable, "-c", code, workspace], env=environment, capture_output=True, text=True, check=True
    )
    told = (
        line.split() for line in done.stdout.splitlines() if line.startswith(("ended", "painted", "ready", "stepped"))
    )
    return {name: float(moment) - launched for name, moment in told}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    found = {}
    with tempfile.TemporaryDirectory() as workspace:
        for code in (HELP, WINDOW, TRAIN):
            start_once(code, workspace)  # keeps the byte code, and the threads
            found[code] = [start_once(code, workspace) for _ in range(runs)]
    return show(
        Row(name, statistics.median(run[moment] for run in found[code]), "s", limit)
        for name, (code, moment, limit) in LIMITS.items()
    )


if __name__ == "__main__":
    sys.exit(main())
