"""Whether `auto` picks the best number of threads, alone and while the window shows the run.

    python benchmarks/threads.py [--picks 5] [--pairs 6] [--only mlp ...] [--where alone window]

A run on the whole Fashion-MNIST, started in the window as soon as its settings are there, tells which number `auto` has
picked; it is asked several times more while it trains, and then trains with one thread and with all, in turn. Each
number that was picked even once is set against the best.
"""

from __future__ import annotations

import argparse
import queue
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from engine.process import prepare

prepare()  # as a run's process is, before PyTorch is loaded

import torch  # noqa: E402
from PySide6.QtWidgets import QApplication  # noqa: E402

from benchmarks.product_cost import config, live  # noqa: E402
from benchmarks.ratios import in_words, lower_bound  # noqa: E402
from benchmarks.rows import Row, show  # noqa: E402
from benchmarks.workloads import CNN, MLP, RESNET  # noqa: E402
from engine.catalogue import Catalogue, discover  # noqa: E402
from engine.events import Steps  # noqa: E402
from engine.hardware import processors  # noqa: E402
from engine.runner import Runner  # noqa: E402
from engine.runs import new_run  # noqa: E402
from engine.trainer import Trainer  # noqa: E402
from gui.training.session import State  # noqa: E402
from tests.gui.driving import Driver, pump  # noqa: E402

NETWORKS = {"mlp": MLP, "cnn": CNN, "resnet": RESNET}
TURN = 2.5
"""Seconds."""


class Asked:
    """A run that trains in its thread, and what is asked of it there."""

    def __init__(self, runner: Runner, wait: Callable[[float], object], folder: Path) -> None:
        self._runner, self._wait, self._folder = runner, wait, folder

    def ask(self, work: Callable[[Trainer], Any]) -> Any:
        """Carry this out between two steps; returns what it gives."""
        told: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._runner._commands.put(lambda trainer: told.put(work(trainer)))
        while told.empty():
            self._wait(0.05)
        return told.get()

    def pick(self, number: int) -> int:
        """What `auto` picks, as if it had never been asked."""
        return int(self.ask(lambda trainer: trainer.learner.choose_threads(self._folder / f"picked-{number}.json")))

    def rate(self, threads: int) -> float:
        """Steps per second with so many threads."""
        self.ask(lambda trainer: torch.set_num_threads(threads))
        place = lambda: self.ask(lambda trainer: (trainer.position.step, time.perf_counter()))  # noqa: E731
        first, began = place()
        self._wait(TURN)
        last, ended = place()
        return (last - first) / (ended - began)


def measured(run: Asked, picks: int, pairs: int) -> Iterator[tuple[int, list[float]]]:
    """Each number that was picked, and its speed as a share of the best one's, turn by turn."""
    picked = [run.ask(lambda trainer: trainer.threads), *map(run.pick, range(picks))]
    rates = [{threads: run.rate(threads) for threads in sorted({1, processors()})} for _ in range(pairs)]
    best = max(rates[0], key=lambda threads: sum(each[threads] for each in rates))
    print(f"  picked {picked}, best {best}", flush=True)
    for threads in sorted(set(picked)):
        yield threads, [each[threads] / each[best] for each in rates]


def alone(settings: dict[str, Any], catalogue: Catalogue, picks: int, pairs: int) -> list[tuple[int, list[float]]]:
    with tempfile.TemporaryDirectory() as folder:
        run, workspace = config(settings, catalogue), Path(folder)
        runner = Runner(lambda report: new_run(run, catalogue, workspace, report))
        runner.start()
        while not isinstance(runner.events.get(), Steps):
            pass
        found = list(measured(Asked(runner, time.sleep, workspace), picks, pairs))
        runner.stop()
        runner.join()
    return found


def in_window(app: QApplication, settings: dict[str, Any], picks: int, pairs: int) -> list[tuple[int, list[float]]]:
    with tempfile.TemporaryDirectory() as folder:
        driver = Driver(app, Path(folder))
        driver.panel.set_config(config(settings, driver.panel.catalogue))
        driver.press("start")
        pump(lambda: driver.session.state is State.RUNNING)
        found = list(measured(Asked(driver.session._runner, live, Path(folder)), picks, pairs))
        driver.press("stop")
        driver.wait_for_end()
        driver.close()
    return found


def rows(picks: int, pairs: int, only: list[str], where: list[str]) -> Iterator[Row]:
    catalogue, app = discover(), QApplication([])
    for name in only:
        for place in where:
            print(f"{name}, {place}", flush=True)
            found = (
                alone(NETWORKS[name], catalogue, picks, pairs)
                if place == "alone"
                else in_window(app, NETWORKS[name], picks, pairs)
            )
            for threads, ratios in found:
                print(f"  {threads} threads: {in_words(ratios)}", flush=True)
                what = f"{name}, {place}: {threads} threads, share of the best, 95 % lower bound"
                yield Row(what, lower_bound(ratios), "", 0.95, at_most=False)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--picks", type=int, default=5)
    parser.add_argument("--pairs", type=int, default=6)
    parser.add_argument("--only", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--where", nargs="+", choices=("alone", "window"), default=["alone", "window"])
    arguments = parser.parse_args()
    return show(rows(arguments.picks, arguments.pairs, arguments.only, arguments.where))


if __name__ == "__main__":
    sys.exit(main())
