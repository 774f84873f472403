"""Between the window and the engine: starts and steers runs, and turns their events into signals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum, auto
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from engine.config import RunConfig
from engine.events import (
    Changed,
    EpochEnded,
    Event,
    Failed,
    Finished,
    Fitted,
    Held,
    Loading,
    OfTwin,
    Parted,
    Proved,
    Refused,
    Saved,
    SaveFailed,
    Started,
    Steps,
)  # fmt: skip
from engine.files import write_bytes
from engine.message import InputError, Message, message
from gui.runs.run import Run, copy_of, label_of, unique_label
from gui.training.checkpoint_file import LoadedCheckpoint, load_checkpoint
from gui.training.progress import Progress, ProgressMeter
from gui.training.twins import TwinGroup
from gui.workbench import Workbench

if TYPE_CHECKING:
    from engine.runner import Runner, Steered

NEVER_STARTED = "never-started"
"""Code of the failure of a run that was stopped while it read its data."""
PUMP_MILLISECONDS = 100
"""How often events are fetched: the eye takes figures in no faster."""
EVENTS_PER_PUMP = 200
"""Events handled at a time, so that the window answers between them however many wait."""


class State(Enum):
    """What the session is doing."""

    LOADING = auto()
    """The engine is not there yet."""
    READY = auto()
    PREPARING = auto()
    """A run reads its data."""
    RUNNING = auto()
    PAUSED = auto()
    STOPPING = auto()
    """A run saves and ends."""


class Beginning(Enum):
    """How a run begins."""

    NEW = auto()
    RESUMED = auto()
    """It goes on from a checkpoint of its own."""
    FORKED = auto()
    """It begins where a checkpoint left another run."""


class Session(QObject):
    """One window's work: at most one run at a time, and the runs before it."""

    state_changed = Signal(object)
    loading = Signal(object)
    """A `Loading` event: the data are being read."""
    started = Signal(object, object)
    """The `Run`, and its `Beginning`."""
    stepped = Signal(object)
    epoch_ended = Signal(object)
    fitted = Signal(object)
    """A `Fitted` event: the curve of a regression of one input."""
    changed = Signal(object)
    proved = Signal(object)
    """A `Proved` event: what became of the layers of a run that freezes some."""
    saved = Signal(str)
    """A file of the user's choice was written."""
    save_failed = Signal(object)
    """A `SaveFailed` event."""
    ended = Signal(object)
    """The `Run`, with its outcome; `ending` tells how it ended, or why it could not begin."""
    twin_changed = Signal(object)
    """An `OfTwin`: what happened in one of `twins`, the first one too; or a `Parted`, or None where they are over."""
    checkpoint_loaded = Signal(object)
    """A `LoadedCheckpoint`."""
    refused = Signal(object)
    """A `Message`: what was asked for can't be done, and nothing was changed."""

    def __init__(self, bench: Workbench, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bench = bench
        self.state = State.LOADING
        self.run: Run | None = None
        self.runs: list[Run] = []
        """The runs of this session, oldest first."""
        self.ending: Finished | Failed | None = None
        """The last event of the run that ended last. One that could not begin stands as it stood before."""
        self.twins: TwinGroup | None = None
        """The runs that train side by side, or did so last; the first of them is `run` then."""
        self.pace: Callable[[Run], tuple[float, bool]] = lambda run: (0.0, False)
        """Gives the seconds that an epoch of a run that begins is to take at least, and whether to pause after each."""
        self._runner: Runner | None = None
        self._meter: ProgressMeter | None = None
        self._prepared: list[tuple[RunConfig, Any]] = []
        self._former: Run | None = None
        self._outcome_before: Finished | Failed | None = None
        self._beginning = Beginning.NEW
        self._stop_asked = False
        self._last_epoch = False
        self._saving: list[Path] = []
        self._timer = QTimer(self)
        self._timer.setInterval(PUMP_MILLISECONDS)
        self._timer.timeout.connect(self._pump)

    # --- what can be asked ---------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether a run is under way."""
        return self.state not in (State.LOADING, State.READY)

    @property
    def progress(self) -> Progress | None:
        """How far the present run is; None before its first step."""
        if self._twins_train and self.twins is not None:
            return self.twins.progress
        return self._meter.progress() if self._meter else None

    @property
    def was_stopped(self) -> bool:
        """Whether a person stopped what ended last."""
        if self.twins is not None and self.twins.over and self.run in self.twins.runs and self.twins.stopped:
            return True
        return isinstance(self.ending, Finished) and self.ending.stopped

    @property
    def _twins_train(self) -> bool:
        return self.twins is not None and not self.twins.over

    @property
    def ends_after_epoch(self) -> bool:
        """Whether the run will stop when its present epoch is done."""
        return self._last_epoch

    # --- what can be told ----------------------------------------------------------------------

    def begin(self) -> None:
        """The engine is there: runs can be started."""
        self._set_state(State.READY)

    def start(self, config: RunConfig) -> None:
        """Start a new run with these settings."""
        from engine.runs import new_run

        if self.state is not State.READY:
            return
        bench = self._bench
        run = self._new(config)
        self._launch(run, lambda report: new_run(config, bench.catalogue, bench.workspace, report), Beginning.NEW)

    def start_twins(self, configs: Sequence[RunConfig]) -> None:
        """Start new runs with these settings side by side; the first is the one that is steered and seen in front."""
        from engine.twin import twin_runs

        if self.state is not State.READY:
            return
        bench = self._bench
        self.twins = TwinGroup([self._new(config) for config in configs])
        self._launch(
            self.twins.runs[0],
            lambda report: twin_runs(configs, bench.catalogue, bench.workspace, report),
            Beginning.NEW,
        )

    def fork(self, config: RunConfig, checkpoint: Path, parent: str) -> None:
        """Start a new run with these settings where a checkpoint left another, which is called `parent`."""
        from engine.fork import fork_run

        if self.state is not State.READY:
            return
        bench = self._bench
        run = self._new(config)
        run.parent = parent
        self._launch(
            run, lambda report: fork_run(checkpoint, config, bench.catalogue, bench.workspace, report), Beginning.FORKED
        )

    def _new(self, config: RunConfig) -> Run:
        label = unique_label(label_of(config), [run.label for run in self.runs])
        return Run(label, config, monitor=config.monitor)

    def resume(self, run: Run, checkpoint: Path, *, more: int | None = None) -> None:
        """Go on with a run exactly where a checkpoint left it; `more` adds so many epochs."""
        from engine.runs import resume_run

        if self.state is not State.READY:
            return
        bench = self._bench
        self._launch(
            run,
            lambda report: resume_run(checkpoint, bench.catalogue, bench.workspace, more=more, report=report),
            Beginning.RESUMED,
        )

    def pause(self) -> None:
        """Hold, or go on after a pause or a failed save."""
        if self._runner is None:
            return
        if self.state is State.RUNNING:
            self._runner.pause()
            self._hold()
        elif self.state is State.PAUSED:
            self._runner.resume()
            self._go_on()

    def stop(self) -> None:
        """End the run, with best and last kept. Where saving fails, a second time ends it all the same."""
        if self._runner is not None and self.busy:
            self._stop_asked = True
            self._runner.stop()
            self._set_state(State.STOPPING)

    def stop_after_epoch(self, stop: bool) -> None:
        """End the run when its present epoch is done, or let it go on after all."""
        if self._runner is not None and self.busy:
            self._last_epoch = stop
            self._runner.stop_after_epoch(stop)

    def set_pace(self, seconds: float, *, by_epoch: bool = False) -> None:
        """Let each epoch of the run that trains take so many seconds at least; `by_epoch`, pause after each."""
        if self._runner is not None and self.busy:
            self._runner.set_pace(seconds, by_epoch=by_epoch)

    def change_lr(self, lr: float) -> None:
        """Let the run go on with another learning rate, recorded with it. Raises `InputError` for what is none."""
        if self._runner is not None and self.state in (State.RUNNING, State.PAUSED):
            self._runner.change_lr(lr)

    def save(self, path: Path) -> None:
        """Write a checkpoint to a file: of the present moment in a run, else the last of the run that ended."""
        ended = self.run is None or self.run.outcome is not None  # its twins may go on
        if self._runner is not None and not ended and self.state in (State.RUNNING, State.PAUSED, State.STOPPING):
            self._saving.append(path)
            self._runner.save(path)
        else:
            self._copy_last(path)

    def load(self, path: Path) -> None:
        """Read a checkpoint, in the background: `checkpoint_loaded` or `refused` follows."""
        if self.state is not State.READY:
            return
        read = partial(load_checkpoint, path, self._bench.catalogue)
        self._bench.background.ask("checkpoint", read, self._on_read, lambda trouble: self.refused.emit(trouble.text))

    # --- a run ---------------------------------------------------------------------------------

    def _launch(self, run: Run, make: Callable[[Any], Steered], beginning: Beginning) -> None:
        from engine.runner import Runner
        from engine.trainer import Trainer

        def prepare(report: Any) -> Steered:
            def tell(text: Message, fraction: float | None) -> None:
                if self._stop_asked:
                    raise InputError(NEVER_STARTED, "stopped before the first step")
                report(text, fraction)

            trainer = make(tell)
            # Copied here, before the first step: from then on the record belongs to the training thread.
            trainers = [trainer] if isinstance(trainer, Trainer) else trainer.trainers
            self._prepared = [(each.config, copy_of(each.history)) for each in trainers]
            return trainer

        self._former, self.run, self._beginning = self.run, run, beginning
        self._meter, self._prepared, self._stop_asked, self._last_epoch = None, [], False, False
        self._outcome_before, run.outcome = run.outcome, None
        self._runner = Runner(prepare)
        seconds, by_epoch = self.pace(run)
        self._runner.set_pace(seconds, by_epoch=by_epoch)
        self._set_state(State.PREPARING)  # first: whoever hears of it leaves the processors to the run
        self._runner.start()
        self._timer.start()

    @Slot()
    def _pump(self) -> None:
        """Fetch what happened since the last time."""
        runner = self._runner
        if runner is None:
            return
        ended = runner.join(0)  # asked before the queue is emptied: then nothing comes after
        for _ in range(EVENTS_PER_PUMP):
            if runner.events.empty():
                break
            self._handle(runner.events.get())
            if self._runner is None:
                return
        else:
            return
        if ended:
            text = message("run-died", "training ended without a word: see window.log in the workspace")
            self._handle(Failed(text, 0, None, ""))

    def _handle(self, event: Event | OfTwin | Parted) -> None:
        if isinstance(event, (OfTwin, Parted)):
            self._on_twin(event)
            return
        handlers: dict[type, Callable[[Any], None]] = {
            Loading: self.loading.emit,
            Started: self._on_started,
            Steps: self._on_steps,
            EpochEnded: self._on_epoch,
            Fitted: self.fitted.emit,
            Proved: self._on_proved,
            Saved: self._on_saved,
            SaveFailed: self._on_save_failed,
            Changed: self._on_changed,
            Held: self._on_held,
            Refused: lambda told: self.refused.emit(told.text),
            Finished: self._on_end,
            Failed: self._on_end,
        }
        handlers[type(event)](event)

    def _on_twin(self, told: OfTwin | Parted) -> None:
        twins = self.twins
        assert twins is not None
        twins.take(told)
        if isinstance(told, OfTwin):
            event, run = told.event, twins.runs[told.twin]
            if isinstance(event, SaveFailed) or (told.twin == 0 and not isinstance(event, (Finished, Failed))):
                self._handle(event)
            elif isinstance(event, Started):
                run.config, run.history = self._prepared[told.twin]
                self.runs.append(run)
        self.twin_changed.emit(told)
        if twins.ended and twins.first_end is not None:
            self._handle(twins.first_end)  # the run in front is busy until all have ended

    def _on_started(self, event: Started) -> None:
        assert self.run is not None
        if self._prepared:
            self.run.config, self.run.history = self._prepared[0]
        self.run.started, self.run.epochs, self.run.reason = event, event.epochs, None
        self.run.source = None
        self.run.folder = Path(event.run) if event.run else None
        self._meter = ProgressMeter(event)
        if not any(run is self.run for run in self.runs):
            self.runs.append(self.run)
        if self.state is State.PREPARING:
            self._set_state(State.RUNNING)
        self.started.emit(self.run, self._beginning)

    def _on_steps(self, event: Steps) -> None:
        assert self.run is not None and self._meter is not None
        self.run.history.add_steps(event.rows)
        self.run.looks += event.looks
        self._meter.stepped(event)
        self.stepped.emit(event)

    def _on_epoch(self, event: EpochEnded) -> None:
        assert self.run is not None
        self.run.history.add_epoch(event.row)
        self.epoch_ended.emit(event)

    def _on_proved(self, event: Proved) -> None:
        assert self.run is not None
        self.run.proof = event.proof
        self.proved.emit(event)

    def _on_held(self, event: Held) -> None:
        if self.state is State.RUNNING:
            self._hold()

    def _on_changed(self, event: Changed) -> None:
        assert self.run is not None
        self.run.changes.append(event)
        self.changed.emit(event)

    def _on_saved(self, event: Saved) -> None:
        path = Path(event.path)
        if path in self._saving:
            self._saving.remove(path)
            self.saved.emit(event.path)

    def _on_save_failed(self, event: SaveFailed) -> None:
        if event.path:
            path = Path(event.path)
            self._saving = [other for other in self._saving if other != path]
        else:
            self._hold()
        self.save_failed.emit(event)

    def _on_end(self, event: Finished | Failed) -> None:
        assert self.run is not None and self._runner is not None
        self._runner.join(10)
        self._runner = None
        self._timer.stop()
        run = self.run
        self.ending = run.outcome = event
        if isinstance(event, Finished) and not event.stopped:
            run.reason = event.reason
        if self._meter is None:  # it never started: what was seen before stays what is seen
            self.run, run.outcome = self._former, self._outcome_before
        for path in self._saving:  # asked for when the run had no step left to do it in
            self._copy_last(path)
        self._saving.clear()
        self._last_epoch = False
        ended_twins = self._twins_train
        if ended_twins and self.twins is not None:
            self.twins.end(event)
        self._set_state(State.READY)
        self.ended.emit(run)
        if ended_twins:
            self.twin_changed.emit(None)

    def _hold(self) -> None:
        for meter in self._meters():
            meter.pause()
        self._set_state(State.PAUSED)

    def _go_on(self) -> None:
        for meter in self._meters():
            meter.go_on()
        self._set_state(State.STOPPING if self._stop_asked else State.RUNNING)

    def _meters(self) -> list[ProgressMeter]:
        twins = list(self.twins.meters) if self._twins_train and self.twins is not None else []
        return [*([self._meter] if self._meter else []), *twins]

    def _set_state(self, state: State) -> None:
        if state is not self.state:
            self.state = state
            self.state_changed.emit(state)

    # --- files ---------------------------------------------------------------------------------

    def _copy_last(self, path: Path) -> None:
        source = self.run.last_checkpoint if self.run else None
        if source is None:
            self.refused.emit(message("nothing-to-save", "there is no checkpoint to save yet: start a run first"))
            return
        try:
            write_bytes(path, source.read_bytes())
        except OSError as error:
            text = message(
                "save-failed", "the checkpoint could not be saved: {reason}", reason=error.strerror or str(error)
            )
            self.save_failed.emit(SaveFailed(text, str(path)))
            return
        self.saved.emit(str(path))

    def _on_read(self, checkpoint: LoadedCheckpoint) -> None:
        if self.state is State.READY:
            self.run = checkpoint.run
            self.checkpoint_loaded.emit(checkpoint)
