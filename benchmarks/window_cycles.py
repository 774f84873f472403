"""Whether the window can be closed at any moment: opened, training begun, and closed again, many times over.

    python benchmarks/window_cycles.py [--cycles 200] [--jobs 2] [--seed 0]

Each cycle is a process of its own on a workspace that all of a job share: the window opens, starts a run (or goes on
with the one that was left), and is closed at a random moment, from before the first step to the middle of an epoch.
Then every process must have ended with 0 and without a word from Qt, no thread may have been left, and every run that
was begun must go on from its checkpoint.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.rows import Row, show

ROOT = Path(__file__).parents[1]

CHILD = """
import sys, threading
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from gui.app import Application

workspace, delay = Path(sys.argv[1]), int(sys.argv[2])
app = QApplication(sys.argv[:1])
application = Application(workspace)
window, control = application.window, application.conductor.control

def begin():
    config = window.panel.config.changed({"epochs": 1000, "train_samples": "1000", "threads": "1"})
    window.panel.set_config(config)
    control.start()
    QTimer.singleShot(delay, window.close)

application.complete.connect(begin)
application.open()
code = app.exec()
application.finish()
left = [t.name for t in threading.enumerate() if t is not threading.main_thread() and not t.daemon]
print("left:", left)
sys.exit(code)
"""
RESUME = """
import sys
from pathlib import Path
from engine.catalogue import discover
from engine.events import Steps
from engine.runs import resume_run
from engine.trainer import Stop

workspace, catalogue = Path(sys.argv[1]), discover()
for folder in sorted((workspace / "runs").iterdir()):
    if not (folder / "checkpoints" / "last.safetensors").exists():
        print("nothing saved in", folder.name)
        continue
    run = resume_run(folder, catalogue, workspace).run()
    event = next(run)
    while not isinstance(event, Steps):
        event = next(run)
    run.throw(Stop())
    print("goes on", folder.name)
    run.close()
"""


def cycles(job: int, count: int, seed: int, workspace: Path) -> list[str]:
    """What went wrong in so many cycles."""
    rng = random.Random(f"{seed} {job}")
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)}
    troubles = []
    for cycle in range(count):
        delay = round(rng.choice((rng.uniform(0, 300), rng.uniform(0, 2500))))
        command = [sys.executable, "-W", "error", "-c", CHILD, str(workspace), str(delay)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
        said = [line for line in done.stderr.splitlines() if "propagateSizeHints" not in line]
        if done.returncode or said or done.stdout.strip() != "left: []":
            troubles.append(f"cycle {job}.{cycle}, closed after {delay} ms: {done.returncode} {done.stdout} {said}")
    return troubles


def resumed(workspace: Path) -> tuple[int, int]:
    """How many runs go on, and how many were begun."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", RESUME, str(workspace)], env=environment, capture_output=True, text=True
    )
    print(done.stderr, file=sys.stderr, end="")
    return done.stdout.count("goes on"), len(list((workspace / "runs").iterdir()))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cycles", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    share = -(-arguments.cycles // arguments.jobs)
    with tempfile.TemporaryDirectory() as folder:
        places = [Path(folder) / str(job) for job in range(arguments.jobs)]
        with ThreadPoolExecutor(arguments.jobs) as pool:
            troubles = [
                trouble
                for found in pool.map(lambda job: cycles(job, share, arguments.seed, places[job]), range(len(places)))
                for trouble in found
            ]
        going, begun = (sum(numbers) for numbers in zip(*map(resumed, places), strict=True))
    for trouble in troubles:
        print(trouble, file=sys.stderr)
    return show([
        Row(f"of {share * arguments.jobs} cycles: with a trouble", len(troubles), "", 0),
        Row(f"of {begun} runs begun: can't go on", begun - going, "", 0),
    ])  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
