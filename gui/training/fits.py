"""Brings the points and the fitted curve of a regression of one input into the graph."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from engine.config import RunConfig
from engine.events import Fitted
from engine.message import InputError
from gui.background import Trouble
from gui.graph.live_graph import LiveGraph
from gui.runs.run import Run
from gui.training.session import Session
from gui.workbench import Workbench

if TYPE_CHECKING:
    from engine.fit import Line, Points


class FitView(QObject):
    """Follows the session's fits; looks the points of a run up, and the fit of one that was not seen training."""

    def __init__(self, bench: Workbench, graph: LiveGraph, session: Session) -> None:
        super().__init__(graph)
        self._bench = bench
        self._graph = graph
        session.fitted.connect(self._on_fitted)

    def show_run(self, run: Run, checkpoint: Path | None) -> None:
        """Another run is in front; `checkpoint` holds what it has learnt, where it is not about to train."""
        if run.config is None:
            self._bench.background.forget("fit")
            return
        look = partial(_look, self._bench, run.config, checkpoint)
        self._bench.background.ask("fit", look, self._show, self._on_trouble)

    @Slot(object)
    def _on_fitted(self, event: Fitted) -> None:
        self._graph.add_fit(event.x, event.y)

    def _show(self, found: tuple[Points, Line | None] | None) -> None:
        if found is None:
            return
        points, fit = found
        self._graph.show_points(points.training, points.validation, points.truth)
        if fit is not None:
            self._graph.add_fit(*fit)

    def _on_trouble(self, trouble: Trouble) -> None:
        """Without its data a run is shown without points: the curves of its losses are there all the same."""


def _look(bench: Workbench, config: RunConfig, checkpoint: Path | None) -> tuple[Points, Line | None] | None:
    """In the background: the points, and the curve of a checkpoint."""
    from engine.fit import training_points
    from engine.trained.fitted import fitted_of

    parts = bench.parts(config)
    points = training_points(parts, config.dataset)
    if points is None or checkpoint is None:
        return None if points is None else (points, None)
    try:
        return points, fitted_of(checkpoint, bench.catalogue, parts)
    except InputError:
        return points, None
