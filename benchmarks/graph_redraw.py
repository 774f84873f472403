"""How long the live graph takes to redraw, with painting, while a run of a million steps goes on, and what it keeps.

QT_QPA_PLATFORM=offscreen python -m benchmarks.graph_redraw [steps [redraws]]

Limits: median 16 ms, growth of the process 20 MB; the new steps, 32 bytes each, take a part of it.
"""

from __future__ import annotations

import ctypes
import gc
import os
import statistics
import sys
import time
from pathlib import Path

import numpy as np

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtWidgets import QApplication

from engine.history import EpochRow, History
from gui.graph.live_graph import LiveGraph
from gui.graph.overlays import MAX_OVERLAYS
from gui.widgets.theme import LIGHT, apply_theme

SIZE = (1400, 800)
NEW_STEPS = 10
"""Steps between two redraws."""
EPOCHS = 100
WARM_UP = 200
"""Redraws before anything is measured."""


def made_up_steps(count: int) -> np.ndarray:
    """Rows of step, loss and lr as a run gives them: a falling, noisy loss."""
    step = np.arange(1, count + 1, dtype=np.float64)
    noise = np.random.default_rng(0).gamma(4.0, 0.25, count)
    return np.stack([step, (2 * np.exp(-8 * step / count) + 0.2) * noise, np.full(count, 1e-3)], axis=1)


def made_up_epoch(epoch: int, loss: float) -> EpochRow:
    return EpochRow(epoch, loss, 0.9, loss, 0.9, loss + 0.1, 0.88, 1e-3)


def filled_graph(steps: np.ndarray, count: int) -> LiveGraph:
    """A graph of a run that will take all of these steps, and has taken so many."""
    graph = LiveGraph(theme=LIGHT)
    graph.resize(*SIZE)
    graph.show()
    per_epoch = max(1, len(steps) // EPOCHS)
    graph.start("benchmark", per_epoch, EPOCHS)
    graph.add_steps(steps[:count])
    for epoch in range(1, count // per_epoch + 1):
        loss = float(steps[(epoch - 1) * per_epoch : epoch * per_epoch, 1].mean())
        graph.add_epoch(made_up_epoch(epoch, loss), best=True)
    return graph


def resident_bytes() -> int | None:
    """What the process holds in memory; None where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


def settle() -> None:
    """Let go of what nobody needs, so that two looks at the memory can be compared."""
    gc.collect()
    if sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)


def redraw_times(app: QApplication, graph: LiveGraph, steps: np.ndarray) -> list[float]:
    """Milliseconds of each redraw, with adding its steps and painting."""
    times = []
    for first in range(0, len(steps), NEW_STEPS):
        start = time.perf_counter()
        graph.add_steps(steps[first : first + NEW_STEPS])
        graph.redraw()
        app.processEvents()  # paints
        times.append(1000 * (time.perf_counter() - start))
    return times


def overlay_time(app: QApplication, graph: LiveGraph) -> float:
    """Milliseconds until as many earlier runs of 100 epochs as the graph takes are drawn and painted."""
    history = History()
    for epoch in range(1, 101):
        history.add_epoch(made_up_epoch(epoch, 1 / epoch))
    start = time.perf_counter()
    for number in range(MAX_OVERLAYS):
        graph.overlay(f"run {number}", history)
    graph.redraw()
    app.processEvents()
    return 1000 * (time.perf_counter() - start)


def main() -> None:
    count, redraws = (int(text) for text in (*sys.argv[1:], *("1_000_000", "10_000")[len(sys.argv) - 1 :]))
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    apply_theme(app, LIGHT)
    warm = count + WARM_UP * NEW_STEPS
    steps = made_up_steps(warm + redraws * NEW_STEPS)
    graph = filled_graph(steps, count)
    app.processEvents()
    redraw_times(app, graph, steps[count:warm])
    settle()
    before = resident_bytes()
    times = redraw_times(app, graph, steps[warm:])
    settle()
    after = resident_bytes()
    start = time.perf_counter()
    graph.set_smoothing(0.5)
    app.processEvents()
    smoothing = 1000 * (time.perf_counter() - start)
    print(f"{count:,} steps and {NEW_STEPS} more each time, on {SIZE[0]} × {SIZE[1]} pixels, {redraws:,} redraws:")
    p99 = sorted(times)[int(0.99 * len(times))]
    print(f"median {statistics.median(times):.1f} ms, p99 {p99:.1f} ms, max {max(times):.1f} ms (limit: median 16)")
    if before is not None and after is not None:
        new = redraws * NEW_STEPS * 32 / 1e6
        print(f"memory grew by {(after - before) / 1e6:.1f} MB (limit: 20); the new steps take {new:.1f}")
    print(f"another smoothing {smoothing:.1f} ms; {MAX_OVERLAYS} earlier runs drawn {overlay_time(app, graph):.0f} ms")
    graph.close()


if __name__ == "__main__":
    main()
