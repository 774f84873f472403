"""The first five minutes of a person at the window, step by step, with the time that each takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from engine.checkpoints.checkpoint import read_checkpoint
from engine.runs import new_run
from tests.engine.support import differing
from tests.gui.driving import Driver, pump

EPOCHS = 6


class FirstMinutes:
    """Walks through them. `seconds` holds what each step took; every step fails where it does not show what it should.

    `open_window` opens the window on a workspace.
    """

    def __init__(self, open_window: Callable[[Path], Driver], workspace: Path, scratch: Path) -> None:
        self.seconds: dict[str, float] = {}
        self._open, self._workspace, self._scratch = open_window, workspace, scratch

    def walk(self) -> None:
        window = self._open(self._workspace)
        window.set(epochs=EPOCHS, threads="1")
        self._start(window)
        self._overlay(window)
        self._preview(window)
        self._stop(window)
        self._open_a_cell(window)
        self._close_and_continue(window)

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds[name] = time.perf_counter() - began

    def _start(self, window: Driver) -> None:
        graph = window.window.graph
        with self._step("Start to the first point"):
            window.press("start")
            pump(lambda: len(graph.drawing.loss["step"].points()[0]))
        window.wait_for_end()

    def _overlay(self, window: Driver) -> None:
        label = window.session.run.label
        with self._step("Dropout ticked, to both runs in the graph"):
            window.tick("dropout")
            window.press("start")
            pump(lambda: window.overlay_labels() == [label] and window.session.run.history.epochs)
        window.wait_for_end()
        drawn = window.window.graph.overlays[0]
        assert [len(run.history.epochs) for run in window.session.runs] == [EPOCHS, EPOCHS]
        assert len(drawn.loss["val"].points()[0]) == EPOCHS and drawn.loss["val"].is_visible()

    def _preview(self, window: Driver) -> None:
        """Train on, and look at what an augmentation would make of the images meanwhile."""
        window.set(epochs=1000)
        window.press("start")
        window.wait_for_epoch(1)
        background = window.window.bench.background
        window.press("tab_data")
        rows = window.window.centre.tab("data").preview.rows
        pump(lambda: rows.rows and not background.busy)
        with self._step("an augmentation ticked, to its preview"):
            before = [picture.pixels for picture in rows.rows[1].pictures]
            window.tick("random-resized-crop")
            pump(lambda: any(
                not np.array_equal(one, other.pixels) for one, other in zip(before, rows.rows[1].pictures, strict=True)
            ))  # fmt: skip

    def _stop(self, window: Driver) -> None:
        with self._step("Stop to the end of the run"):
            window.press("stop")
            window.wait_for_end()
        assert window.session.run.outcome.stopped

    def _open_a_cell(self, window: Driver) -> None:
        panel = window.window.centre.predictions
        with self._step("the tab Predictions opened, to its matrix"):
            window.press("tab_predictions")
            pump(lambda: panel.predictions is not None)
        review = panel.review
        with self._step("a confusion cell opened, to its images"):
            review.matrix.opened.emit(0, 6)
            pump(lambda: len(review.images.rows))
        made = panel.predictions
        rows = review.images.rows
        assert (made.targets[rows] == 0).all() and (made.predicted[rows] == 6).all()

    def _close_and_continue(self, window: Driver) -> None:
        """Close in mid-epoch, open again, go on: the curve has no gap, and the run ends as if nothing had been."""
        config = window.set(epochs=EPOCHS)
        window.press("tab_curves")
        window.press("start")
        window.wait_for_epoch(2)
        with self._step("closed in mid-epoch"):
            window.close()
        window = self._open(self._workspace)
        assert window.says("unfinished")
        with self._step("Continue to the next point"):
            window.answer("unfinished")
            pump(lambda: window.session.run is not None and window.session.run.started is not None)
            first = window.session.run.started.step
            pump(lambda: window.last_step_drawn() > first)
        window.wait_for_end()
        run = window.session.run
        drawn = window.window.graph._run
        steps = np.round(drawn.steps.column(0) * drawn.steps_per_epoch)
        assert steps.tolist() == list(range(1, EPOCHS * drawn.steps_per_epoch + 1))
        assert [row.epoch for row in drawn.rows] == list(range(1, EPOCHS + 1))
        assert run.config == config.changed({"offered": run.config.offered})
        whole = new_run(config, window.panel.catalogue, self._scratch)
        for _ in whole.run():
            pass
        mine, reference = (folder / "checkpoints" / "last.safetensors" for folder in (run.folder, whole.store.path))
        assert differing(read_checkpoint(mine), read_checkpoint(reference)) == []
        self._load_a_file(window, Path(whole.store.path) / "checkpoints" / "best.safetensors")

    def _load_a_file(self, window: Driver, file: Path) -> None:
        window.conductor.ask_open = lambda *_: file
        with self._step("a checkpoint file loaded"):
            window.press("load")
            pump(lambda: window.says("loaded"))
        assert window.session.run.checkpoint == file
