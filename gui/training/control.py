"""Starts runs, steers them, lets them wait, and goes on with them: what the menu Run does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Slot

from engine.config import RunConfig
from engine.events import Failed
from engine.message import InputError
from engine.remedy import with_changes
from engine.run_records.files import trained_by
from gui.main_window import MainWindow
from gui.runs.queue import RunQueue
from gui.runs.run import Run, label_of
from gui.training.session import NEVER_STARTED, Session, State
from gui.widgets.banner import Answer
from gui.words import say

ANSWERED = ("problem", "loaded", "unfinished", "refused", "saved", "queue")
"""Messages that mean nothing any more once another run begins."""
NOT_ITS_OWN = ("cannot-write", "download-failed", "damaged-data", "bad-bundle")
"""Codes of what keeps a run from beginning that would keep the next one, too."""


class RunControl(QObject):
    """What can be asked of the run and of those that wait."""

    def __init__(self, window: MainWindow, session: Session) -> None:
        super().__init__(window)
        self.window = window
        self.session = session
        self.queue = RunQueue(window.workspace, self)
        self._closing = False
        self.may_start: Callable[[RunConfig], bool] = lambda config: True
        """Whether Start may begin a run with these settings now; whoever says no has said why."""
        self._fork: tuple[RunConfig, Path | None] | None = None
        """What the run that is being stopped goes on with, and the file from which it does; None: its last."""
        self._taken: RunConfig | None = None
        """What waited last and is to begin."""
        self.queue.changed.connect(self._show_queue)
        session.ended.connect(self._on_ended)
        act = window.actions_by_name
        for name, do in (
            ("start", self.start), ("queue", self.start), ("pause", self.pause), ("stop", session.stop),
            ("continue", self.go_on), ("more", self.train_more), ("fork", self.fork),
        ):  # fmt: skip
            act[name].triggered.connect(do)
        act["stop_after_epoch"].triggered.connect(session.stop_after_epoch)
        happening = window.happening
        happening.continue_pressed.connect(self.go_on)
        happening.more_pressed.connect(self.train_more)
        happening.fork_pressed.connect(self.fork)
        happening.what_if_pressed.connect(self.see_what_would_have_happened)
        happening.lr_entered.connect(self.change_lr)
        window.panel.fork_pressed.connect(self.fork)
        window.runs.list.continue_asked.connect(self.go_on_with)
        window.runs.waiting_removed.connect(self.remove_waiting)
        window.runs.waiting_moved.connect(self.move_waiting)
        window.runs.waiting_cleared.connect(self._clear_queue)
        window.centre.seeds_asked.connect(self.repeat)
        window.centre.runs_asked.connect(self.let_wait)
        window.centre.twins_asked.connect(self.train_twins)
        window.centre.stop_asked.connect(session.stop)
        window.centre.continue_asked.connect(self.go_on_in)
        window.bench.coming = self.coming

    # --- begin -----------------------------------------------------------------------------------

    @Slot()
    def start(self) -> None:
        """Start a run with the settings as they stand; while one trains, let it wait its turn."""
        config = self._valid_settings()
        if config is None or not self.may_start(config):
            return
        if self.session.busy:
            self.let_wait([config])
            return
        self._clear()
        self.session.start(config)

    @Slot(object)
    def let_wait(self, configs: list[RunConfig]) -> None:
        """Let runs with these settings come after those that wait already; where none trains, the first one begins."""
        try:
            self.queue.add(*configs)
        except (InputError, OSError) as error:
            self._refuse(error)
        if self.session.state is State.READY:
            self._start_next()

    @Slot(object)
    def train_twins(self, configs: list[RunConfig]) -> None:
        """Train these settings side by side, where nothing else trains."""
        from engine.twin import check_twins

        if self.session.busy:
            text = self.tr("Twins can't begin while another run trains: stop that one, or wait for its end.")
            self.window.banners.say("refused", "warning", text)
            return
        try:
            check_twins(configs)
        except InputError as error:
            self._refuse(error)
            return
        self._clear()
        self.session.start_twins(configs)

    @Slot(object, int)
    def repeat(self, run: Run, count: int) -> None:
        """Let so many runs come that differ from this one in the seed alone."""
        if run.config is None:
            return
        from engine.comparison import repetitions

        known = [*self.queue.waiting, *(other.config for other in self.window.runs.list.all_runs if other.config)]
        self.let_wait(repetitions(run.config, known, count))

    @Slot()
    def fork(self) -> None:
        """Go on with the settings as they stand, as a new run, from where the run in front is; it is stopped first."""
        config, run = self._valid_settings(), self.session.run
        if config is not None and run is not None:
            self.fork_with(run, config)

    def fork_with(self, run: Run, config: RunConfig, file: Path | None = None) -> None:
        """Go on with these settings, as a new run, from where this run is, or was last saved, or from a file of it."""
        if self.session.busy and run is self.session.run:
            self._fork = config, file
            self.session.stop()
        elif (checkpoint := self._found(run, file or run.checkpoint)) is not None:
            self._clear()
            self.session.fork(config, checkpoint, run.label)

    @Slot()
    def see_what_would_have_happened(self) -> None:
        """Go on, as a new run without stopping rules, from where one of them ended the run."""
        run = self.session.run
        if run is None or run.config is None or not run.ended_early:
            return
        config = with_changes(run.config, run.changes)
        for rule in config.stoppings:
            config = config.unticked(rule.id)
        self.fork_with(run, config.changed({"epochs": run.epochs}))

    # --- steer -----------------------------------------------------------------------------------

    @Slot()
    def pause(self) -> None:
        """Hold the run, or let it go on."""
        self.window.banners.clear("save")
        self.session.pause()

    @Slot(str)
    def change_lr(self, text: str) -> None:
        """Let the run go on with another learning rate."""
        try:
            self.session.change_lr(_number(text))
        except InputError as error:
            self.window.happening.show_lr_error(say(error.message))
        else:
            self.window.happening.show_lr_error("")

    @Slot()
    def go_on(self) -> None:
        """Go on with the run that stopped, or was loaded."""
        if self.session.run is not None:
            self.go_on_with(self.session.run)

    @Slot(object)
    def go_on_with(self, run: Run) -> None:
        """Go on with a run that was left."""
        self._resume(run, run.continue_from)

    @Slot(object)
    def go_on_in(self, folder: Path) -> None:
        """Go on with the run in this folder, which was left."""
        run = next((run for run in self.window.runs.list.all_runs if run.folder == folder), None)
        if run is not None:
            self.go_on_with(run)

    @Slot()
    def train_more(self) -> None:
        """Train the run that ended ten epochs more."""
        run = self.session.run
        if run is not None:
            self._resume(run, run.extend_from, more=10)

    def _resume(self, run: Run, file: Path | None, more: int | None = None) -> None:
        if (checkpoint := self._found(run, file)) is not None:
            self._clear()
            self.session.resume(run, checkpoint, more=more)

    def _found(self, run: Run, checkpoint: Path | None) -> Path | None:
        """The file that a run is to go on from, where it can now; else it is said why it can't."""
        if self.session.busy:
            text = self.tr("{run} can't go on while another run trains: stop that one, or wait for its end.")
        elif run.folder is not None and (held := trained_by(run.folder)) is not None:
            text = say(held.refusal(run.label).message)
        elif checkpoint is None:
            text = self.tr("{run} can't go on: it has no checkpoint to go on from.")
        else:
            return checkpoint
        self.window.banners.say("refused", "warning", text.format(run=run.label))
        return None

    # --- what waits ------------------------------------------------------------------------------

    def read_queue(self) -> None:
        """Offer what waited when the window was closed."""
        problem = self.queue.read(self.window.bench.catalogue)
        if problem is not None:
            text = self.tr("The runs that waited could not be read, and their file was put aside. {reason}")
            self.window.banners.say("queue", "warning", text.format(reason=say(problem)))
        elif self.queue.waiting:
            self._offer_queue()

    def hold(self, hold: bool = True) -> None:
        """The window closes: begin nothing more; or it stays after all."""
        self._closing = hold

    @Slot(object)
    def _on_ended(self, run: Run) -> None:
        fork, self._fork = self._fork, None
        taken, self._taken = self._taken, None
        begun = run.started is not None
        if self._closing:
            if taken is not None and not begun:  # the window closed while it read its data
                self._change_queue(lambda: self.queue.put_back(taken))
            return
        ending = self.session.ending
        held = self.session.was_stopped
        if isinstance(ending, Failed) and not begun and ending.text.code in (NEVER_STARTED, *NOT_ITS_OWN):
            held = True
            if taken is not None and ending.text.code != NEVER_STARTED:
                self._change_queue(lambda: self.queue.put_back(taken))
        if fork is not None:
            # When all have heard that the run has ended: then another one may begin.
            QTimer.singleShot(0, self, lambda: self.fork_with(run, *fork))
        elif self.queue.waiting:
            QTimer.singleShot(0, self, self._offer_queue if held else self._start_next)

    def _start_next(self) -> None:
        if self._closing or self.session.state is not State.READY:
            return
        try:
            config = self.queue.take()
        except IndexError:  # another window was quicker
            return
        except (InputError, OSError) as error:
            self._refuse(error)
            return
        self._clear(failed=False)  # whoever was away is to see what failed meanwhile
        self._taken = config
        self.session.start(config)

    def _offer_queue(self) -> None:
        """The one who stopped a run may not want the next: ask, without standing in the way."""
        self.queue.look_again()
        count = len(self.queue.waiting)
        if not count or self.session.busy:
            return
        text = self.tr("1 run waits.") if count == 1 else self.tr("{count} runs wait.").format(count=count)
        self.window.banners.say("queue", "info", text, [
            Answer(self.tr("Start the next"), self._start_next),
            Answer(self.tr("Remove them"), self._clear_queue),
        ])  # fmt: skip

    def coming(self) -> list[RunConfig]:
        """The settings of the runs that train, or are about to, and of those that wait."""
        session = self.session
        runs = [session.run, *(session.twins.runs if session.twins is not None else ())] if session.busy else []
        return [*(run.config for run in runs if run is not None and run.config is not None), *self.queue.waiting]

    def remove_waiting(self, place: int) -> None:
        """Let the run in this place not come."""
        self._change_queue(lambda: self.queue.remove(place))

    def move_waiting(self, place: int, to: int) -> None:
        """Let the run in this place come earlier or later."""
        self._change_queue(lambda: self.queue.move(place, to))

    @Slot()
    def _clear_queue(self) -> None:
        self._change_queue(self.queue.clear)

    def _change_queue(self, change: Callable[[], None]) -> None:
        try:
            change()
        except (InputError, OSError) as error:
            self._refuse(error)

    @Slot()
    def _show_queue(self) -> None:
        labels = [label_of(config) for config in self.queue.waiting]
        often = {label for label, count in Counter(labels).items() if count > 1}
        seed = self.tr("{run}, seed {seed}")
        self.window.runs.show_waiting([
            seed.format(run=label, seed=config.seed) if label in often else label
            for label, config in zip(labels, self.queue.waiting, strict=True)
        ])  # fmt: skip
        if not self.queue.waiting:
            self.window.banners.clear("queue")

    # --- within ----------------------------------------------------------------------------------

    def _valid_settings(self) -> RunConfig | None:
        """The settings, where they are such that a run can start; else what is wrong is said and shown."""
        panel = self.window.panel
        if not panel.ready:
            return None
        problem = panel.problem()
        if problem is None:
            return panel.config
        self.window.banners.say("problem", "error", problem)
        panel.reveal_problem()
        return None

    def _refuse(self, error: InputError | OSError) -> None:
        if isinstance(error, InputError):
            text = say(error.message)
        else:
            text = self.tr("{file} can't be written: {reason}")
            text = text.format(file=error.filename or self.window.workspace, reason=error.strerror or str(error))
        self.window.banners.say("refused", "error", text)

    def _clear(self, *, failed: bool = True) -> None:
        for key in (*ANSWERED, *(("failed",) if failed else ())):
            self.window.banners.clear(key)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError("no-number", "{text} is no number", text=repr(text)[:40]) from None
