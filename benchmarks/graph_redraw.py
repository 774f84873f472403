"""How long the live graph takes to redraw, with painting, while a run of a million steps goes on.

QT_QPA_PLATFORM=offscreen python -m benchmarks.graph_redraw [steps]
"""

from __future__ import annotations

import os
import statistics
import sys
import time

import numpy as np

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtWidgets import QApplication

from engine.history import EpochRow
from gui.live_graph import LiveGraph
from gui.theme import LIGHT, apply_theme

SIZE = (1400, 800)
REDRAWS = 60
NEW_STEPS = 250
"""Steps between two redraws."""
EPOCHS = 100


def made_up_steps(count: int) -> np.ndarray:
    """Rows of step, loss and lr as a run gives them: a falling, noisy loss."""
    step = np.arange(1, count + 1, dtype=np.float64)
    noise = np.random.default_rng(0).gamma(4.0, 0.25, count)
    return np.stack([step, (2 * np.exp(-8 * step / count) + 0.2) * noise, np.full(count, 1e-3)], axis=1)


def filled_graph(steps: np.ndarray, per_epoch: int) -> LiveGraph:
    """A graph that shows these steps and their epochs."""
    graph = LiveGraph(theme=LIGHT)
    graph.resize(*SIZE)
    graph.show()
    graph.start("benchmark", per_epoch, EPOCHS)
    graph.add_steps(steps)
    for epoch in range(1, len(steps) // per_epoch + 1):
        loss = float(steps[(epoch - 1) * per_epoch : epoch * per_epoch, 1].mean())
        graph.add_epoch(EpochRow(epoch, loss, 0.9, loss, 0.9, loss + 0.1, 0.88, 1e-3), best=True)
    return graph


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    app = QApplication.instance() or QApplication([])
    apply_theme(app, LIGHT)  # type: ignore[arg-type]
    steps = made_up_steps(count + REDRAWS * NEW_STEPS)
    graph = filled_graph(steps[:count], max(1, count // EPOCHS))
    app.processEvents()
    times = []
    for index in range(REDRAWS):
        start = time.perf_counter()
        graph.add_steps(steps[count + index * NEW_STEPS : count + (index + 1) * NEW_STEPS])
        graph.redraw()
        app.processEvents()  # paints
        times.append(1000 * (time.perf_counter() - start))
    start = time.perf_counter()
    graph.set_smoothing(0.5)
    app.processEvents()
    smoothing = 1000 * (time.perf_counter() - start)
    print(f"{count:,} steps on {SIZE[0]} × {SIZE[1]} pixels, {REDRAWS} redraws with painting:")
    print(f"median {statistics.median(times):.1f} ms, max {max(times):.1f} ms; another smoothing {smoothing:.1f} ms")
    graph.close()


if __name__ == "__main__":
    main()
