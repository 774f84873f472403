"""Diagnoses the run in front while it trains, and does what is chosen against what was found."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Slot

from engine.diagnosis import Diagnosis, diagnose_run
from engine.events import Failed
from engine.remedy import NOT_FINITE, with_changes
from engine.treatment import Treatment, with_epochs_left
from gui.main_window import MainWindow
from gui.runs.run import Run
from gui.training.control import RunControl
from gui.training.session import Session

AFTER_DRAWING = 100
"""Milliseconds after a drawing: both in one go would keep whoever presses a button waiting twice as long."""


class Diagnosing(QObject):
    """Looks again when there are new epochs, as often as the graph is drawn and no oftener."""

    def __init__(self, window: MainWindow, session: Session, control: RunControl) -> None:
        super().__init__(window)
        self.window = window
        self.session = session
        self.control = control
        self.found: Diagnosis | None = None
        self._known: tuple[object, ...] = ()
        self._soon = QTimer(self, singleShot=True, interval=AFTER_DRAWING)
        self._soon.timeout.connect(self.look)
        session.started.connect(self.look)
        session.ended.connect(self.look)
        session.changed.connect(self.look)
        view = window.happening.diagnosis
        view.chosen.connect(self._start)
        view.fork_chosen.connect(self._fork)

    @Slot()
    def look_soon(self) -> None:
        """Diagnose the run in a moment, when what is drawn now has been painted."""
        self._soon.start()

    @Slot()
    def look(self) -> None:
        """Diagnose the run, if it has come further since the last time."""
        run = self.session.run
        known = (run, run.outcome, len(run.history.epochs), len(run.changes)) if run is not None else ()
        if known == self._known:
            return
        self._known = known
        self.found = self._diagnosed(run) if run is not None else None
        self.window.happening.diagnosis.show_diagnosis(self.found)
        if run is not None:
            overfits = self.found is not None and self.found.verdict == "overfitting"
            self.window.graph.mark_crossing(
                self.found.crossing_epoch if overfits and self.found else None,
                self.found.best_epoch if overfits and self.found else None,
            )

    def _diagnosed(self, run: Run) -> Diagnosis | None:
        catalogue = self.window.bench.catalogue
        lost = isinstance(run.outcome, Failed) and run.outcome.text.code in NOT_FINITE
        if run.config is None or catalogue is None or not (run.history.epochs or lost):
            return None
        return diagnose_run(
            run.history, with_changes(run.config, run.changes), catalogue, since=int(run.forked_epoch or 0), lost=lost,
            images=_has_images(run),
        )  # fmt: skip

    @Slot(object)
    def _start(self, treatment: Treatment) -> None:
        """Put the settings in their place, and start a run with them; while one trains, let it wait its turn."""
        self.window.panel.set_config(treatment.config)
        self.control.start()

    @Slot(object)
    def _fork(self, treatment: Treatment) -> None:
        run = self.session.run
        if run is None or not run.history.epochs:
            return
        config = with_epochs_left(treatment.config, run.history.epochs[-1].epoch)
        self.window.panel.set_config(config)
        self.control.fork_with(run, config, _best(run) if treatment.from_best else None)


def _has_images(run: Run) -> bool:
    """Whether a run's samples are known to be images: by what it told when it started, else by its checkpoint."""
    return run.started.images if run.started is not None else bool(run.images)


def _best(run: Run) -> Path | None:
    """The checkpoint of a run's best epoch, where there is one."""
    path = run.folder / "checkpoints" / "best.safetensors" if run.folder else None
    return path if path and path.is_file() else None
