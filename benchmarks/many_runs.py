"""A workspace of many runs: how soon the window is ready, and how soon ten of them are compared.

    python benchmarks/many_runs.py [--runs 100] [--compared 10]

Makes so many runs in a workspace (small ones, really trained), opens the window on it in a process of its own, and
measures from the launch until Start can be pressed and until all runs are listed; then ticks ten and measures until the
tab that compares them, and the graph, are painted.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.rows import Row, show


def make_runs(workspace: Path, count: int) -> None:
    """So many runs of a few epochs each, of several settings and seeds."""
    from engine.catalogue import discover
    from engine.config import recipe
    from engine.runs import new_run
    from engine.strategy_text import parse_strategy

    catalogue = discover()
    for number in range(count):
        config = recipe("default", catalogue).changed({
            "model": parse_strategy(f"mlp:hidden={16 + 8 * (number % 5)}", catalogue, "model"), "epochs": 12,
            "train_samples": "256", "validation_samples": "128", "threads": "1", "seed": number // 5,
        })  # fmt: skip
        for _ in new_run(config, catalogue, workspace).run():
            pass


def child(workspace: Path, launched: float, compared: int) -> None:
    """Open the window and print the moments."""
    from PySide6.QtCore import QEventLoop
    from PySide6.QtWidgets import QApplication

    app = QApplication([])
    from gui.app import Application
    from tests.gui.driving import pump

    application = Application(workspace)
    window, act, runs = application.window, application.window.actions_by_name, application.window.runs.list
    loop = QEventLoop()
    application.ready.connect(lambda: print("ready", time.time() - launched))
    runs.runs_changed.connect(lambda: loop.quit() if runs.all_runs else None)
    application.open()
    loop.exec()  # a loop that sleeps: one that looks again and again would keep the loading thread waiting
    print(f"listed {time.time() - launched} runs {len(runs.all_runs)}")
    pump(lambda: not window.bench.background.busy)
    for tab in ("compare", "curves"):
        act[f"tab_{tab}"].trigger()
        app.processEvents()
        began = time.perf_counter()
        for run in runs.all_runs[:compared]:
            runs.tick(run, True)
        runs.overlays_changed.emit()
        pump(lambda: not window.bench.background.busy)
        window.grab()
        print(f"{tab} {1000 * (time.perf_counter() - began)}")
        for run in runs.all_runs[:compared]:
            runs.tick(run, False)
        runs.overlays_changed.emit()
    window.close()
    application.finish()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--compared", type=int, default=10)
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(Path(arguments.child[0]), float(arguments.child[1]), arguments.compared)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        make_runs(Path(folder), arguments.runs)
        command = [
            sys.executable, __file__, "--compared", str(arguments.compared), "--child", folder, str(time.time()),
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    words = done.stdout.split()
    found = dict(zip(words[::2], map(float, words[1::2]), strict=True))
    return show([
        Row(f"{arguments.runs} runs: ready", found["ready"], "s", 3),
        Row(f"{arguments.runs} runs: all listed", found["listed"], "s", 5),
        Row("runs that are listed", found["runs"], "", arguments.runs, at_most=False),
        Row(f"comparison of {arguments.compared} runs", found["compare"], "ms", 300),
        Row(f"{arguments.compared} runs in the graph", found["curves"], "ms", 300),
    ])  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
