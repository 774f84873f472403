"""How long the window keeps a person waiting while it trains: the lateness of a 16 ms timer in it.

    python benchmarks/window_responsiveness.py [--seconds 60] [--recipe first-lesson] [--threads auto]

Opens the real window (offscreen unless QT_QPA_PLATFORM says otherwise), starts a long run, and measures. Target: late
by at most 33 ms at the 99th percentile.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication

from engine.config import recipe
from gui.app import Application
from gui.session import State

INTERVAL = 0.016
TARGET = 0.033


def wait_until(app: QApplication, condition) -> None:
    while not condition():
        app.processEvents()
        time.sleep(0.001)


def measure(app: QApplication, seconds: float) -> np.ndarray:
    """Seconds by which each tick of the timer came late."""
    ticks: list[float] = []
    timer = QTimer(interval=round(INTERVAL * 1000), timerType=Qt.TimerType.PreciseTimer)
    timer.timeout.connect(lambda: ticks.append(time.perf_counter()))
    end = QTimer(interval=round(seconds * 1000), singleShot=True)
    end.timeout.connect(app.quit)
    timer.start()
    end.start()
    app.exec()
    timer.stop()
    return np.maximum(0.0, np.diff(ticks) - INTERVAL)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--recipe", default="first-lesson")
    parser.add_argument("--threads", default="auto")
    arguments = parser.parse_args()
    app = QApplication([])
    with tempfile.TemporaryDirectory() as folder:
        application = Application(Path(folder))
        window, session = application.window, application.conductor.session
        application.open()
        wait_until(app, lambda: window.panel.ready)
        config = recipe(arguments.recipe, window.panel.catalogue)
        window.panel.set_config(config.changed({"epochs": 2_000, "threads": arguments.threads}))
        window.actions_by_name["start"].trigger()
        wait_until(app, lambda: session.state is State.RUNNING)
        late = 1000 * measure(app, arguments.seconds)
        run = session.run
        rate = sum(row.train_samples for row in run.history.epochs) / sum(
            row.train_seconds for row in run.history.epochs
        )
        epochs, threads = len(run.history.epochs), run.started.threads
        window.close()
        wait_until(app, lambda: not window.isVisible())
        application.finish()
    p50, p99 = np.percentile(late, [50, 99])
    print(
        f"{arguments.recipe}, {threads} threads, {epochs} epochs, {rate:,.0f} samples/s: late by p50 {p50:.1f} ms, "
        f"p99 {p99:.1f} ms, max {late.max():.1f} ms over {len(late)} ticks; "
        f"target p99 <= {1000 * TARGET:.0f} ms {'met' if p99 <= 1000 * TARGET else 'MISSED'}"
    )


if __name__ == "__main__":
    main()
