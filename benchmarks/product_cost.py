"""What a run costs beside its arithmetic: its record, its checkpoints, and the window that shows it.

    python benchmarks/product_cost.py [--seconds 15] [--saves 15] [--pairs 12]
        [--only record checkpoint window] [--networks mlp cnn]

The record: seconds within events and history, over those of a run on the whole Fashion-MNIST that a runner drives and
that keeps its folder. A checkpoint: seconds of one save, over an epoch of a minute. The window: steps per second while
it shows that run (offscreen unless QT_QPA_PLATFORM says otherwise, started as a person does), over those of the same
run while the window's thread sleeps, in turn; what has piled up in a turn of sleep is taken in before the next turn is
timed.
"""

from __future__ import annotations

import argparse
import os
import queue
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).parents[1]))

from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from benchmarks.ratios import in_words, lower_bound
from benchmarks.rows import Row, show
from benchmarks.workloads import BATCH, CNN, MLP
from engine import runs
from engine.catalogue import Catalogue, discover
from engine.config import RunConfig
from engine.history import History
from engine.runner import Runner
from engine.store import RunFolder
from engine.trainer import Trainer
from gui.training.session import State
from tests.gui.driving import Driver, pump

NETWORKS = {"mlp": MLP, "cnn": CNN}
LARGE: dict[str, Any] = {"model": {"id": "mlp", "hidden": [2048, 1024]}, "with": []}
"""3.7 million parameters; the optimizer keeps twice as many numbers."""
EPOCH = 60.0
"""Seconds of the epoch that a checkpoint is set against."""
SETTLE, CATCH_UP, TURN = 6.0, 1.0, 3.0
"""Seconds: until the window has found its pace, to take in what has piled up, of a turn."""


def config(settings: dict[str, Any], catalogue: Catalogue) -> RunConfig:
    return RunConfig.from_dict({
        "epochs": 100_000, "batch_size": BATCH, "dataset": "fashion-mnist", "threads": "auto",
        "validation_samples": 500, **settings,
    }, catalogue)  # fmt: skip


class Within:
    """Seconds spent within some functions."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def timed(self, work: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, its seconds counted."""

        def counted(*given: Any, **named: Any) -> Any:
            began = time.perf_counter()
            try:
                return work(*given, **named)
            finally:
                self.seconds += time.perf_counter() - began

        return counted


class Events(queue.SimpleQueue):
    """A runner's events, with the seconds of putting one there."""

    def __init__(self, within: Within) -> None:
        self.put = within.timed(super().put)


def record(settings: dict[str, Any], catalogue: Catalogue, seconds: float) -> float:
    """The share of a run that goes into events and history."""
    within = Within()
    for owner, name in ((Trainer, "_flush"), (RunFolder, "add_epoch"), (History, "add_epoch")):
        setattr(owner, name, within.timed(getattr(owner, name)))
    with tempfile.TemporaryDirectory() as folder:
        run = config(settings, catalogue)
        runner = Runner(lambda report: runs.new_run(run, catalogue, Path(folder), report))
        runner.events = Events(within)
        runner.start()
        while type(runner.events.get()).__name__ != "Steps":
            pass
        before, began = within.seconds, time.perf_counter()
        while (passed := time.perf_counter() - began) < seconds:
            runner.events.get()
        share = (within.seconds - before) / passed
        runner.stop()
        runner.join()
    return share


def checkpoint(settings: dict[str, Any], catalogue: Catalogue, saves: int) -> float:
    """Seconds of one save, as after an epoch."""
    with tempfile.TemporaryDirectory() as folder:
        trainer = runs.new_run(config(settings, catalogue), catalogue, Path(folder), lambda text, fraction: None)
        run, times = trainer.run(), []
        while trainer.position.step < 20:
            next(run)
        for _ in range(saves):
            began = time.perf_counter()
            list(trainer._save())
            times.append(time.perf_counter() - began)
        run.close()
    return statistics.median(times)


def live(seconds: float) -> None:
    """Let the window live for so long."""
    loop = QEventLoop()
    QTimer.singleShot(round(1000 * seconds), loop.quit)
    loop.exec()


def window(app: QApplication, settings: dict[str, Any], pairs: int) -> list[float]:
    """Steps per second while the window lives, as a share of those while it sleeps, pair by pair."""
    made: list[Trainer] = []
    new_run = runs.new_run

    def remembered(*given: Any, **named: Any) -> Trainer:
        made.append(new_run(*given, **named))
        return made[-1]

    def rate(wait: Callable[[float], object]) -> float:
        step, began = made[-1].position.step, time.perf_counter()
        wait(TURN)
        return (made[-1].position.step - step) / (time.perf_counter() - began)

    runs.new_run = remembered
    ratios = []
    with tempfile.TemporaryDirectory() as folder:
        driver = Driver(app, Path(folder))
        assert driver.panel.catalogue is not None
        driver.panel.set_config(config(settings, driver.panel.catalogue))
        live(SETTLE)  # what a person looks at before the start is made ready
        driver.press("start")
        pump(lambda: driver.session.state is State.RUNNING)
        live(SETTLE)
        for pair in range(pairs):
            live(CATCH_UP)
            if pair % 2:
                seen, unseen = rate(live), rate(time.sleep)
            else:
                unseen = rate(time.sleep)
                live(CATCH_UP)
                seen = rate(live)
            ratios.append(seen / unseen)
        print(f"  {made[-1].threads} threads, drawn every {driver.conductor.view._pace.milliseconds} ms", flush=True)
        driver.press("stop")
        driver.wait_for_end()
        driver.close()
    runs.new_run = new_run
    return ratios


def rows(seconds: float, saves: int, pairs: int, only: list[str], names: list[str]) -> Iterator[Row]:
    catalogue, app = discover(), QApplication([])
    networks = {name: NETWORKS[name] for name in names}
    if "record" in only:
        for name, settings in networks.items():
            yield Row(f"{name}: events and history", 100 * record(settings, catalogue, seconds), "%", 1)
    if "checkpoint" in only:
        for name, settings in {**networks, "mlp of 3.7 million": LARGE}.items():
            spent = checkpoint(settings, catalogue, saves)
            yield Row(f"{name}: checkpoint ({1000 * spent:.0f} ms)", 100 * spent / EPOCH, "% of a minute", 1)
    if "window" in only:
        for name, settings in networks.items():
            ratios = window(app, settings, pairs)
            print(f"  {name}: {in_words(ratios)}", flush=True)
            yield Row(f"{name}: speed with the window, 95 % lower bound", lower_bound(ratios), "", 0.95, at_most=False)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--saves", type=int, default=15)
    parser.add_argument("--pairs", type=int, default=12)
    parts = ["record", "checkpoint", "window"]
    parser.add_argument("--only", nargs="+", choices=parts, default=parts)
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    arguments = parser.parse_args()
    return show(rows(arguments.seconds, arguments.saves, arguments.pairs, arguments.only, arguments.networks))


if __name__ == "__main__":
    sys.exit(main())
