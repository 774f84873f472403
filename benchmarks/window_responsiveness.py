"""How long the window keeps a person waiting while it trains, and what it costs the training.

    python benchmarks/window_responsiveness.py [--seconds 60] [--models mlp cnn] [--pairs 3]

Opens the real window (offscreen unless QT_QPA_PLATFORM says otherwise) with the graph in sight, starts a long run, and
measures the lateness of a 16 ms timer in its event loop, and the time from Stop to the end of the run. Then trains the
same settings for as many epochs with and without the window, in turn, in processes of their own, and compares samples
per second of training. Keep the machine quiet meanwhile.
"""

from __future__ import annotations

import argparse
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

import numpy as np
from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtWidgets import QApplication

from benchmarks.rows import Row, show
from engine.config import RunConfig, recipe
from engine.strategy_text import parse_strategy
from gui.training.session import State
from tests.gui.driving import Driver, pump

INTERVAL = 0.016
MODELS = {"mlp": "mlp:hidden=512+256", "cnn": "cnn"}


def settings(driver: Driver, model: str, epochs: int) -> RunConfig:
    """A long run on the bundled images."""
    catalogue = driver.panel.catalogue
    config = recipe("default", catalogue).changed({"epochs": epochs, "batch_size": 128, "threads": "auto"})
    return config.ticked(parse_strategy(MODELS[model], catalogue, "model"))


def lateness(seconds: float) -> np.ndarray:
    """Milliseconds by which each tick of the timer came late."""
    ticks: list[float] = []
    timer = QTimer(interval=round(INTERVAL * 1000), timerType=Qt.TimerType.PreciseTimer)
    timer.timeout.connect(lambda: ticks.append(time.perf_counter()))
    end = QTimer(interval=round(seconds * 1000), singleShot=True)
    loop = QEventLoop()
    end.timeout.connect(loop.quit)
    timer.start()
    end.start()
    loop.exec()
    timer.stop()
    return 1000 * np.maximum(0.0, np.diff(ticks) - INTERVAL)


def watch(app: QApplication, model: str, seconds: float) -> list[Row]:
    """Rows on the event loop and on Stop, of one run in the window."""
    with tempfile.TemporaryDirectory() as folder:
        driver = Driver(app, Path(folder))
        driver.panel.set_config(settings(driver, model, 5_000))
        driver.press("start")
        pump(lambda: driver.session.state is State.RUNNING)
        late = lateness(seconds)
        asked = time.perf_counter()
        driver.press("stop")
        driver.wait_for_end()
        stopped = time.perf_counter() - asked
        driver.close()
    return [
        Row(f"{model}: event loop late, 99th percentile", float(np.percentile(late, 99)), "ms", 16),
        Row(f"{model}: event loop late, most", float(late.max()), "ms", 100),
        Row(f"{model}: Stop honoured", stopped, "s", 0.5),
    ]


def in_window(model: str, epochs: int) -> None:
    """Train in the window, in this process, and print the samples per second."""
    app = QApplication([])
    with tempfile.TemporaryDirectory() as folder:
        driver = Driver(app, Path(folder))
        driver.panel.set_config(settings(driver, model, epochs).changed({"threads": os.environ["THREADS"]}))
        loop = QEventLoop()
        driver.session.ended.connect(lambda _: loop.quit())
        driver.press("start")
        loop.exec()  # a loop that sleeps: one that looks again and again takes its time from the training
        rows = driver.session.run.history.epochs
        driver.close()
    print(sum(row.train_samples for row in rows[1:]) / sum(row.train_seconds for row in rows[1:]))


def rate(model: str, epochs: int, threads: str, *, window: bool) -> float:
    """Samples per second of training, the first epoch apart, in a process of its own."""
    environment = {**os.environ, "THREADS": threads}
    if window:
        command = [sys.executable, __file__, "--in-window", model, "--epochs", str(epochs)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        return float(done.stdout.split()[-1])
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable, "-m", "engine", "--workspace", folder, "train", "--json", "--model", MODELS[model],
            "--batch-size", "128", "--epochs", str(epochs), "--threads", threads,
        ]  # fmt: skip
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        run = Path(json.loads(done.stdout)["run"])
        lines = (run / "history.csv").read_text().splitlines()
    names = lines[0].split(",")
    rows = [dict(zip(names, line.split(","), strict=True)) for line in lines[2:]]
    return sum(float(r["train_samples"]) for r in rows) / sum(float(r["train_seconds"]) for r in rows)


def compare(model: str, pairs: int, threads: str) -> Row:
    """The window's samples per second as a share of the command line's: the median over alternating pairs."""
    epochs = {"mlp": 200, "cnn": 25}[model]
    shares = []
    for pair in range(pairs):
        order = (True, False) if pair % 2 else (False, True)
        rates = {window: rate(model, epochs, threads, window=window) for window in order}
        shares.append(rates[True] / rates[False])
        print(f"{model}: {rates[True]:,.0f} in the window, {rates[False]:,.0f} without", file=sys.stderr)
    return Row(f"{model}: throughput, window over command line", statistics.median(shares), "", 0.95, at_most=False)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--in-window", choices=MODELS, help=argparse.SUPPRESS)
    parser.add_argument("--epochs", type=int, default=0, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.in_window:
        in_window(arguments.in_window, arguments.epochs)
        return 0
    app = QApplication([])
    rows = [row for model in arguments.models for row in watch(app, model, arguments.seconds)]
    threads = {"mlp": "1", "cnn": "auto"}
    rows += [compare(model, arguments.pairs, threads[model]) for model in arguments.models]
    return show(rows)


if __name__ == "__main__":
    sys.exit(main())
