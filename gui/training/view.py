"""Shows the session's run in the window: the graph, the toolbar, the panels."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from engine.events import Changed, EpochEnded, Failed, Finished, Loading, OfTwin, Parted, Proved, Started, Steps
from gui.main_window import MainWindow
from gui.runs.run import Run
from gui.training.checkpoint_file import LoadedCheckpoint
from gui.training.fits import FitView
from gui.training.pace import Pace
from gui.training.session import Beginning, Session, State
from gui.widgets.banner import Answer
from gui.words import say


class RunView(QObject):
    """Follows a session and keeps the window as it is."""

    drawn = Signal()
    """The graph was drawn while a run trains, at the pace of drawing."""

    def __init__(self, window: MainWindow, session: Session) -> None:
        super().__init__(window)
        self.window = window
        self.session = session
        self.run: Run | None = None
        """The run that the graph draws in front."""
        self._last_step = 0
        self._stopped_at: int | None = None
        self._pace = Pace()
        self._redraw = QTimer(self)
        self._redraw.timeout.connect(self._tick)
        self.fits = FitView(window.bench, window.graph, session)
        session.loading.connect(self._on_loading)
        session.started.connect(self._on_started)
        session.stepped.connect(self._on_steps)
        session.epoch_ended.connect(self._on_epoch)
        session.proved.connect(self._on_proved)
        session.changed.connect(self._on_changed)
        session.twin_changed.connect(self._on_twin)
        session.ended.connect(self._on_ended)
        session.state_changed.connect(self.show_state)
        window.runs.list.overlays_changed.connect(self._refresh_overlays)
        window.runs.list.runs_changed.connect(self._on_runs_changed)
        self.show_state(session.state)

    @Slot(object)
    def _on_loading(self, event: Loading) -> None:
        self.window.run_bar.show_text(say(event.text), event.fraction)

    @Slot(object, object)
    def _on_started(self, run: Run, beginning: Beginning) -> None:
        started, graph = run.started, self.window.graph
        assert started is not None
        resumed = beginning is Beginning.RESUMED
        self.window.banners.clear("proof")
        self.window.runs.list.add(run)  # first: there it is called what no other run is called
        shown = self.run is run and self._last_step == started.step
        if resumed and shown:
            marked = graph.continue_run(started.epochs)
            if not marked and self._last_step != self._stopped_at:  # there the graph says something already
                graph.mark(started.step / max(1, started.steps_per_epoch), self.tr("resumed"))
        else:
            at = started.step / max(1, started.steps_per_epoch)
            if beginning is Beginning.FORKED:
                run.forked_epoch = at
            graph.start(
                run.label,
                started.steps_per_epoch,
                started.epochs,
                None if beginning is Beginning.NEW else run.history,
                at if resumed else None,
                changes=changes_of(run),
                forked_epoch=run.forked_epoch,
                forked_from=self._parent_of(run),
                monitor=run.monitor,
            )
        if not (resumed and shown):
            self._make_present(run)
            self.fits.show_run(run, None if beginning is Beginning.NEW else run.checkpoint)
        self._last_step = started.step
        self.window.panel.show_running(run.config)
        self._pace.begin()
        self._redraw.start(self._pace.milliseconds)
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

    @Slot(object)
    def _on_proved(self, event: Proved) -> None:
        if event.alarms:
            text = "\n".join(say(alarm) for alarm in event.alarms)
            self.window.banners.say("proof", "error", text, [Answer(self.tr("Stop the run"), self.session.stop)])
        self._show_run()
        self.window.centre.show_run(self.run)

    @Slot(object)
    def _on_twin(self, told: OfTwin | Parted | None) -> None:
        """What trains beside the run in front is listed, and at the end drawn behind it."""
        twins = self.session.twins
        assert twins is not None
        runs = self.window.runs.list
        if isinstance(told, OfTwin) and told.twin and isinstance(told.event, Started):
            runs.add(twins.runs[told.twin])
            runs.tick(twins.runs[told.twin], True)
        elif isinstance(told, OfTwin) and isinstance(told.event, (EpochEnded, Finished, Failed)):
            runs.refresh_row(twins.runs[told.twin])
        elif told is None:
            for run, fit in zip(twins.runs, twins.fits, strict=True):
                if fit is not None:
                    self.window.graph.keep_fit(run.label, (fit.x, fit.y))
            self._refresh_overlays()
        self.window.centre.show_twins(twins)

    @Slot(object)
    def _on_changed(self, event: Changed) -> None:
        run = self.run
        if run is not None and run.started is not None:
            self.window.graph.mark_changed(event.step / max(1, run.started.steps_per_epoch), event.old, event.new)
        self.window.happening.show_lr(event.new)

    @Slot()
    def _tick(self) -> None:
        progress = self.session.progress
        state = self.session.state
        if progress is not None and state in (State.RUNNING, State.PAUSED):
            self.window.run_bar.show_progress(progress, paused=state is State.PAUSED)
        self.window.graph.redraw_in_turns()
        self.drawn.emit()
        self._redraw.setInterval(self._pace.next())

    @Slot(object)
    def _on_ended(self, run: Run) -> None:
        self._redraw.stop()
        self.window.panel.show_running(None)
        if text := self.window.banners.texts().get("proof"):
            self.window.banners.say("proof", "error", text)  # there is nothing to be stopped any more
        outcome, started = self.session.ending, run.started
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
        self.window.graph.start(
            run.label, checkpoint.steps_per_epoch, checkpoint.epochs, run.history, changes=changes_of(run),
            forked_epoch=run.forked_epoch, forked_from=self._parent_of(run), monitor=run.monitor,
        )  # fmt: skip
        self._make_present(run)
        self.fits.show_run(run, checkpoint.path)
        self._last_step = checkpoint.step
        self.window.graph.redraw()
        self.show_state(self.session.state)

    def _parent_of(self, run: Run) -> str:
        """What the run is called that this one is a fork of: as it is listed, where it is."""
        listed = (r.label for r in self.window.runs.list.all_runs if r.folder and r.folder.name == run.parent)
        return next(listed, run.parent)

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
        self._compare()

    @Slot()
    def _on_runs_changed(self) -> None:
        """The run in front may have gone to the bin, or have come back: offer what can be done with it now."""
        self._compare()
        if self.session.state is State.READY:
            self.show_state(State.READY)

    @Slot()
    def _compare(self) -> None:
        self.window.centre.show_runs(self.window.runs.list.overlays)

    @Slot(object)
    def show_state(self, state: State) -> None:
        """Offer what can be done now, and say what is being done."""
        window, act, run = self.window, self.window.actions_by_name, self.session.run
        theme = window.theme
        ready, busy = state is State.READY, self.session.busy
        paused = state is State.PAUSED
        act["start"].setVisible(not busy)
        act["queue"].setVisible(busy)
        act["start"].setEnabled(ready)
        act["queue"].setEnabled(busy)
        act.rename("pause", self.tr("Resume") if paused else self.tr("Pause"), "start" if paused else "pause", theme)
        act["pause"].setEnabled(state in (State.RUNNING, State.PAUSED))
        act["stop"].setEnabled(state in (State.PREPARING, State.RUNNING, State.PAUSED))
        act["stop_after_epoch"].setEnabled(state in (State.RUNNING, State.PAUSED))
        act["stop_after_epoch"].setChecked(self.session.ends_after_epoch)
        act["load"].setEnabled(ready)
        in_run = state in (State.RUNNING, State.PAUSED)
        act["save"].setEnabled(in_run or (ready and run is not None and run.checkpoint is not None))
        act["continue"].setEnabled(ready and run is not None and run.continue_from is not None)
        act["more"].setEnabled(ready and run is not None and run.extend_from is not None)
        act["fork"].setEnabled(in_run or (ready and run is not None and run.checkpoint is not None))
        if paused and run is not None:
            window.happening.show_lr(run.lr)
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
            elif run is not None and outcome is None and run.reason is not None:  # loaded, and it had come to its end
                bar.show_text(say(run.reason), 1.0)
            else:
                bar.show_text(self.tr("Ready"), 0.0)
        elif progress is not None:
            bar.show_progress(progress, paused=state is State.PAUSED)

    def _show_run(self) -> None:
        run, state = self.session.run, self.session.state
        self.window.happening.show_run(run, state)
        if run is not None:
            self.window.runs.list.refresh(run, state)


def changes_of(run: Run) -> list[tuple[int, str, float, float]]:
    """What was changed in a run, as the graph takes it."""
    return [(change.step, change.field, change.old, change.new) for change in run.changes]
