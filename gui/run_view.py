"""Shows the session's run in the window: the graph, the toolbar, the panels."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Slot

from engine.events import EpochEnded, Finished, Loading, Steps
from gui.checkpoint_file import LoadedCheckpoint
from gui.main_window import MainWindow
from gui.run import Run
from gui.session import Session, State
from gui.words import say

REDRAW_MILLISECONDS = 250
"""How often the graph is drawn anew: more often costs training speed, and shows no more."""


class RunView(QObject):
    """Follows a session and keeps the window as it is."""

    def __init__(self, window: MainWindow, session: Session) -> None:
        super().__init__(window)
        self.window = window
        self.session = session
        self.run: Run | None = None
        """The run that the graph draws in front."""
        self._last_step = 0
        self._stopped_at: int | None = None
        self._redraw = QTimer(self)
        self._redraw.setInterval(REDRAW_MILLISECONDS)
        self._redraw.timeout.connect(self._tick)
        session.loading.connect(self._on_loading)
        session.started.connect(self._on_started)
        session.stepped.connect(self._on_steps)
        session.epoch_ended.connect(self._on_epoch)
        session.ended.connect(self._on_ended)
        session.state_changed.connect(self.show_state)
        window.runs.list.overlays_changed.connect(self._refresh_overlays)
        self.show_state(session.state)

    @Slot(object)
    def _on_loading(self, event: Loading) -> None:
        self.window.run_bar.show_text(say(event.text), event.fraction)

    @Slot(object, bool)
    def _on_started(self, run: Run, resumed: bool) -> None:
        started, graph = run.started, self.window.graph
        assert started is not None
        shown = self.run is run and self._last_step == started.step
        if resumed and shown:
            graph.continue_run(started.epochs)
            if self._last_step != self._stopped_at:  # there the graph says "stopped" already
                graph.mark(started.step / max(1, started.steps_per_epoch), self.tr("resumed"))
        elif resumed:
            graph.start(run.label, started.steps_per_epoch, started.epochs, run.history, started.epoch)
        else:
            graph.start(run.label, started.steps_per_epoch, started.epochs)
        if not (resumed and shown):
            self._make_present(run)
        self._last_step = started.step
        self.window.panel.show_running(run.config)
        self._redraw.start()
        self._show_run()

    @Slot(object)
    def _on_steps(self, event: Steps) -> None:
        self.window.graph.add_steps(event.rows)
        self._last_step = event.rows[-1][0]

    @Slot(object)
    def _on_epoch(self, event: EpochEnded) -> None:
        self.window.graph.add_epoch(event.row, event.best)
        self._show_run()
        self.window.centre.show_run(self.run)

    @Slot()
    def _tick(self) -> None:
        progress = self.session.progress
        state = self.session.state
        if progress is not None and state in (State.RUNNING, State.PAUSED):
            self.window.run_bar.show_progress(progress, paused=state is State.PAUSED)
        self.window.graph.redraw()

    @Slot(object)
    def _on_ended(self, run: Run) -> None:
        self._redraw.stop()
        self.window.panel.show_running(None)
        outcome, started = run.outcome, run.started
        if isinstance(outcome, Finished) and started is not None and outcome.reason.code != "all-epochs":
            self._stopped_at = self._last_step
            self.window.graph.mark(self._last_step / max(1, started.steps_per_epoch), self._end_word(outcome))
        self.window.graph.redraw()
        self.show_state(self.session.state)
        self.window.centre.show_run(self.run)

    def _end_word(self, outcome: Finished) -> str:
        return self.tr("stopped") if outcome.stopped else say(outcome.reason).split(":", 1)[0].lower()

    def show_checkpoint(self, checkpoint: LoadedCheckpoint) -> None:
        """Draw the run of a checkpoint, as far as it had come."""
        run = checkpoint.run
        self.window.graph.start(run.label, checkpoint.steps_per_epoch, checkpoint.epochs, run.history)
        self._make_present(run)
        self._last_step = checkpoint.step
        self.window.graph.redraw()
        self.show_state(self.session.state)

    # --- showing ---------------------------------------------------------------------------------

    def _make_present(self, run: Run) -> None:
        """Draw this run in front. The one before it stays in sight behind it."""
        self.window.runs.list.set_present(run, keep_former=True)
        self.run = run
        self._stopped_at = None
        self._refresh_overlays()
        self.window.centre.show_run(run)

    @Slot()
    def _refresh_overlays(self) -> None:
        graph = self.window.graph
        graph.remove_overlays()
        for run in self.window.runs.list.overlays:
            graph.overlay(run.label, run.history)
        graph.redraw()

    @Slot(object)
    def show_state(self, state: State) -> None:
        """Offer what can be done now, and say what is being done."""
        window, act, run = self.window, self.window.actions_by_name, self.session.run
        theme = window.theme
        ready, busy = state is State.READY, self.session.busy
        text, symbol = {
            State.RUNNING: (self.tr("Pause"), "pause"),
            State.PAUSED: (self.tr("Resume"), "start"),
            State.STOPPING: (self.tr("Pause"), "pause"),
        }.get(state, (self.tr("Start"), "start"))
        act.rename("start", text, symbol, theme.on_accent, theme.outline)
        act["start"].setEnabled(state in (State.READY, State.RUNNING, State.PAUSED))
        act["stop"].setEnabled(state in (State.PREPARING, State.RUNNING, State.PAUSED))
        act["load"].setEnabled(ready)
        in_run = state in (State.RUNNING, State.PAUSED)
        act["save"].setEnabled(in_run or (ready and run is not None and run.checkpoint is not None))
        act["continue"].setEnabled(ready and run is not None and run.continue_from is not None)
        act["more"].setEnabled(ready and run is not None and run.extend_from is not None)
        window.busy = busy
        window.show_undo()
        self._show_bar(state)
        self._show_run()

    def _show_bar(self, state: State) -> None:
        bar, progress = self.window.run_bar, self.session.progress
        if state is State.LOADING:
            bar.show_text(self.tr("Loading the trainer…"), None)
        elif state is State.PREPARING:
            bar.show_text(self.tr("Preparing the run…"), None)
        elif state is State.STOPPING:
            bar.show_text(self.tr("Saving…"), progress.fraction if progress else 0.0)
        elif state is State.READY:
            run = self.session.run
            outcome = run.outcome if run else None
            if isinstance(outcome, Finished):
                bar.show_text(say(outcome.reason), progress.fraction if progress else 1.0)
            else:
                bar.show_text(self.tr("Ready"), 0.0)
        elif progress is not None:
            bar.show_progress(progress, paused=state is State.PAUSED)

    def _show_run(self) -> None:
        run, state = self.session.run, self.session.state
        self.window.happening.show_run(run, state)
        if run is not None:
            self.window.runs.list.refresh(run, state)
