"""What happens in the window when something is pressed, and when something happens in a run."""

from __future__ import annotations

import time
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtWidgets import QFileDialog

from engine.config import RunConfig
from engine.events import EpochEnded, SaveFailed
from engine.message import InputError, Message
from gui.drops import FolderDrops
from gui.engine_loader import Found, Loaded
from gui.lessons.guide import LessonGuide
from gui.main_window import MainWindow
from gui.runs.run import Run
from gui.settings.estimate import Estimator
from gui.submissions.opening import Submissions
from gui.training.checkpoint_file import LoadedCheckpoint, offer
from gui.training.control import RunControl
from gui.training.diagnosing import Diagnosing
from gui.training.endings import Endings
from gui.training.exports import Exports
from gui.training.pacing import Pacing
from gui.training.session import Session, State
from gui.training.view import RunView
from gui.widgets.banner import Answer
from gui.widgets.text_window import TextWindow
from gui.words import say

KEEP_MILLISECONDS = 800
"""How long after the last change of the settings they are written down."""
LOOK_MILLISECONDS = 2000
"""How often it is looked whether another window has changed what waits."""
FILES = "*.safetensors"


class Conductor(QObject):
    """Connects a window with its session."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.window = window
        self.session = Session(window.bench, self)
        window.bench.busy = lambda: self.session.busy
        self._closing = False
        self._offered: dict[str, Run] = {}
        """The runs that messages offer to go on with, by the message."""
        self._unsaved: SaveFailed | None = None
        """Why the run could not be saved last, while it waits."""
        self._keep = QTimer(self)
        self._keep.setInterval(KEEP_MILLISECONDS)
        self._keep.setSingleShot(True)
        self._keep.timeout.connect(self.keep_settings)
        self._share = QTimer(self)
        self._share.setInterval(LOOK_MILLISECONDS)
        self.estimator = Estimator(window.bench, window.panel, lambda: self.session.busy, self)
        self.folders = FolderDrops(window, lambda: self.session.busy, self)
        self.view = RunView(window, self.session)
        self.control = RunControl(window, self.session)
        self.diagnosing = Diagnosing(window, self.session, self.control)
        self.view.drawn.connect(self.diagnosing.look_soon)
        self.exports = Exports(window, lambda: self.view.run, lambda *asked: self.ask_save(*asked))
        self.endings = Endings(window, self.session, self.control)
        self.pacing = Pacing(window, self.session)
        self.lessons = LessonGuide(window, self.session, self.control, self.pacing)
        self.submissions = Submissions(window, self.lessons)
        self._share.timeout.connect(self.control.queue.look_again)
        self._connect_session()
        self._connect_window()

    def _connect_session(self) -> None:
        session = self.session
        session.saved.connect(self._on_saved)
        session.save_failed.connect(self._on_save_failed)
        session.epoch_ended.connect(self._on_epoch)
        session.state_changed.connect(self.estimator.look_again)
        session.ended.connect(self._on_ended)
        session.checkpoint_loaded.connect(self._on_checkpoint)
        session.refused.connect(self._on_refused)

    def _connect_window(self) -> None:
        window, act = self.window, self.window.actions_by_name
        act["save"].triggered.connect(self.save)
        act["load"].triggered.connect(self.load)
        act["open_folder"].triggered.connect(self.open_folder)
        act["save_picture"].triggered.connect(self.save_picture)
        act["save_figures"].triggered.connect(self.save_figures)
        graph = window.graph
        act["log"].toggled.connect(graph.set_log)
        act["reset_view"].triggered.connect(graph.reset_view)
        act["overlays"].toggled.connect(graph.set_overlays_visible)
        graph.header.log_toggled.connect(act["log"].setChecked)
        graph.picture_asked.connect(self.save_picture)
        graph.figures_asked.connect(self.save_figures)
        window.runs.list.opened.connect(self._open_run)
        window.runs.list.runs_changed.connect(self._on_runs_changed)
        window.dropped.connect(self._on_dropped)
        window.panel.changed.connect(self._on_settings)
        window.panel.find_lr_asked.connect(self._on_find_lr)
        window.centre.settings_asked.connect(window.panel.set_config)
        window.centre.data_changed.connect(self.estimator.look_again)
        window.closing.connect(self._on_closing)

    # --- the engine is there ---------------------------------------------------------------------

    @Slot(object)
    def on_loaded(self, loaded: Loaded) -> None:
        """Show the forms and let runs be started."""
        self.window.bench.catalogue = loaded.catalogue
        self.window.panel.begin(loaded.catalogue, loaded.config)
        self.session.begin()
        self.window.runs.begin(self.window.bench)
        self.control.read_queue()
        self.lessons.begin()
        self._share.start()
        if loaded.problem is not None:
            text = self.tr("The settings of last time could not be read, so the first lesson is shown. {reason}")
            self.window.banners.say("settings", "warning", text.format(reason=say(loaded.problem)))

    @Slot(object)
    def on_found(self, found: Found) -> None:
        """Offer to go on with the run that was left."""
        unfinished = found.unfinished
        if unfinished is None or self.session.run is not None:
            return
        dismissed = self.window.memory.word("dismissed")
        if unfinished.run.folder is None or unfinished.run.folder.name == dismissed:
            return
        text = self.tr("“{run}” was left in epoch {epoch} of {epochs}.").format(
            run=unfinished.run.label, epoch=min(unfinished.epoch + 1, unfinished.epochs), epochs=unfinished.epochs
        )
        name = unfinished.run.folder.name
        self._offered["unfinished"] = unfinished.run
        self.window.banners.say("unfinished", "info", text, [
            Answer(self.tr("Continue"), lambda: self._continue_found(unfinished)),
            Answer(self.tr("Not now"), lambda: self.window.memory.keep_word("dismissed", name)),
        ])  # fmt: skip

    @Slot(str)
    def on_load_failed(self, trace: str) -> None:
        """The engine could not be loaded: nothing can be trained."""
        text = self.tr("The trainer could not be loaded. Install Tunedeck again; the details say what is missing.")
        self.window.banners.say("engine", "error", text, [self._details(trace)])

    @Slot(str)
    def on_crash(self, trace: str) -> None:
        """A mistake in the window itself."""
        text = self.tr("Something went wrong in the window ({error}). A run goes on; it is written down in {file}.")
        error = trace.strip().rsplit("\n", 1)[-1][:200]
        text = text.format(error=error, file=self.window.workspace / "window.log")
        self.window.banners.say("crash", "error", text, [self._details(trace)])

    def _details(self, trace: str) -> Answer:
        heading = self.tr("Details")
        return Answer(heading, lambda: TextWindow(heading, trace, self.window).show(), keeps=True)

    # --- what is pressed -------------------------------------------------------------------------

    @Slot()
    def save(self) -> None:
        """Save a checkpoint where the user says."""
        run = self.session.run
        if run is None:
            return
        name = f"{run.folder.name if run.folder else run.label}-{time.strftime('%H-%M-%S')}.safetensors"
        path = self.ask_save(
            self.tr("Save checkpoint"), self.window.workspace / name, f"{self.tr('Checkpoints')} ({FILES})"
        )
        if path:
            self.session.save(path if path.suffix else path.with_suffix(".safetensors"))

    @Slot()
    def load(self) -> None:
        """Load a checkpoint that the user chooses."""
        runs = self.window.workspace / "runs"
        path = self.ask_open(
            self.tr("Load checkpoint"),
            runs if runs.is_dir() else self.window.workspace,
            f"{self.tr('Checkpoints')} ({FILES})",
        )
        if path:
            self.load_file(path)

    def load_file(self, path: Path) -> None:
        """Load a checkpoint."""
        self.window.banners.clear("refused")
        self.session.load(path)

    @Slot()
    def save_picture(self) -> None:
        """Save the graph as a picture."""
        self._save_graph(self.tr("Save picture of the graph"), ".png", "*.png *.svg")

    @Slot()
    def save_figures(self) -> None:
        """Save the figures that the graph draws."""
        self._save_graph(self.tr("Save figures of the graph"), ".csv", "*.csv")

    def _save_graph(self, title: str, suffix: str, files: str) -> None:
        name = f"{self.view.run.label if self.view.run else 'graph'}{suffix}"
        path = self.ask_save(title, self.window.workspace / name, files)
        if path is None:
            return
        path = path if path.suffix else path.with_suffix(suffix)
        try:
            self.window.graph.save(path)
        except InputError as error:
            self.window.banners.say("saved", "error", say(error.message))
        except OSError as error:
            text = self.tr("{path} could not be saved: {reason}")
            text = text.format(path=path, reason=error.strerror or str(error))
            self.window.banners.say("saved", "error", text)
        else:
            self._on_saved(str(path))

    @Slot(list)
    def _on_dropped(self, paths: list[Path]) -> None:
        """A checkpoint that is dropped is loaded, submissions are opened; all else is taken for pictures."""
        if self.submissions.take(paths):
            return
        checkpoints = [path for path in paths if path.suffix == ".safetensors"]
        if checkpoints and self.session.busy:
            text = self.tr("A checkpoint can't be loaded while a run trains: stop it, or wait for its end.")
            self.window.banners.say("refused", "warning", text)
        elif checkpoints and self.session.state is State.READY:
            self.load_file(checkpoints[0])
        elif paths and not checkpoints:
            self.folders.take(paths)

    @Slot()
    def open_folder(self) -> None:
        """Choose a folder of pictures, to train on them."""
        name = QFileDialog.getExistingDirectory(self.window, self.tr("Open folder of pictures"))
        if name:
            self.folders.consider(Path(name))

    def ask_save(self, title: str, suggestion: Path, files: str) -> Path | None:
        """Ask for a file to write."""
        name, _ = QFileDialog.getSaveFileName(self.window, title, str(suggestion), files)
        return Path(name) if name else None

    def ask_open(self, title: str, folder: Path, files: str) -> Path | None:
        """Ask for a file to read."""
        name, _ = QFileDialog.getOpenFileName(self.window, title, str(folder), files)
        return Path(name) if name else None

    def _open_run(self, run: Run) -> None:
        if run is not self.session.run and run.checkpoint is not None and self.session.state is State.READY:
            self.load_file(run.checkpoint)

    def _continue_found(self, checkpoint: LoadedCheckpoint) -> None:
        if self.session.state is State.READY:
            self.session.run = checkpoint.run
            self._on_checkpoint(checkpoint)
            self.control.go_on()

    # --- settings --------------------------------------------------------------------------------

    @Slot(object)
    def _on_settings(self, config: RunConfig) -> None:
        self._keep.start()
        self.window.centre.show_settings(config)
        if self.window.panel.problem() is None:
            self.window.banners.clear("problem")
        self.window.show_undo()

    @Slot()
    def _on_find_lr(self) -> None:
        self.window.centre.bring_forward("tune")
        self.window.centre.tune.bring_forward("learning-rate").setFocus()

    @Slot()
    def keep_settings(self) -> None:
        """Write the settings down."""
        self._keep.stop()
        if not self.window.panel.ready:
            return
        try:
            self.window.memory.keep_config(self.window.panel.config)
            self.window.banners.clear("workspace")
        except OSError as error:
            text = self.tr("{folder} can't be written ({reason}): nothing is kept. Choose another folder: --workspace.")
            reason = error.strerror or str(error)
            self.window.banners.say("workspace", "error", text.format(folder=self.window.workspace, reason=reason))

    @Slot(object)
    def _on_epoch(self, event: EpochEnded) -> None:
        if self.session.run is not None and self.session.run.config is not None:
            self.estimator.learn(self.session.run.config, event.row)

    # --- what happens in a run -------------------------------------------------------------------

    @Slot(str)
    def _on_saved(self, path: str) -> None:
        self.window.banners.say("saved", "info", self.tr("Saved to {path}").format(path=path))

    @Slot(object)
    def _on_save_failed(self, event: SaveFailed) -> None:
        text = say(event.text)
        if event.path:
            text = self.tr("{path}: {reason}").format(path=event.path, reason=text)
            self.window.banners.say("saved", "error", text, [Answer(self.tr("Save elsewhere…"), self.save)])
            return
        self._unsaved = event
        answers = [Answer(self.tr("Try again"), self.session.pause)]
        if self._closing:
            answers.append(Answer(self.tr("Close without saving"), self.session.stop))
        waits = self.tr("{reason}. The run waits; what was saved before is whole. Make room and try again.")
        self.window.banners.say("save", "error", waits.format(reason=text.rstrip(".")), answers)

    @Slot()
    def _on_runs_changed(self) -> None:
        """A run that is offered may have gone to the bin."""
        for key, run in list(self._offered.items()):
            if run.checkpoint is None:
                self.window.banners.clear(key)
                del self._offered[key]

    @Slot(object)
    def _on_ended(self, run: Run) -> None:
        self._unsaved = None
        if self._closing:
            self.window.close()

    # --- checkpoints -----------------------------------------------------------------------------

    @Slot(object)
    def _on_checkpoint(self, checkpoint: LoadedCheckpoint) -> None:
        self.window.banners.clear("unfinished")
        self._offered = {"loaded": checkpoint.run}
        checkpoint.run.label = self.window.runs.list.label_for(checkpoint.run)
        present = self.window.panel.config
        offered = [s for s in (*present.with_, *present.offered) if s.id not in {t.id for t in checkpoint.config.with_}]
        self.window.panel.set_config(checkpoint.config.changed({"offered": tuple(offered)}))
        self.view.show_checkpoint(checkpoint)
        self.diagnosing.look()
        template = (
            self.tr("Loaded {run}. It ended after {epoch} of {epochs} epochs.")
            if checkpoint.ended
            else self.tr("Loaded {run}. {epoch} of {epochs} epochs are done.")
        )
        text = template.format(run=checkpoint.run.label, epoch=checkpoint.epoch, epochs=checkpoint.epochs)
        answer = (
            Answer(self.tr("10 more epochs"), self.control.train_more)
            if checkpoint.ended
            else Answer(self.tr("Continue"), self.control.go_on)
        )
        self.window.banners.say("loaded", "info", text, [answer])

    @Slot(object)
    def _on_refused(self, text: Message) -> None:
        self.window.banners.say("refused", "error", say(text), offer(text, self.load_file))

    # --- closing ---------------------------------------------------------------------------------

    @Slot()
    def _on_closing(self) -> None:
        """Save and stop; the window closes when the run has ended. Where that can't be saved, it is asked again."""
        if self._closing and self.session.state is State.PAUSED and self._unsaved is not None:
            self._on_save_failed(self._unsaved)
        if not self._closing:
            self._closing = True
            self.control.hold()
            self.window.banners.say("closing", "info", self.tr("Saving the run, then closing…"))
            self.session.stop()
