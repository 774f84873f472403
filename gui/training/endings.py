"""What is said and offered when a run could not go on."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Slot

from engine.config import RunConfig
from engine.events import Failed, OfTwin
from engine.remedy import NOT_FINITE, Kind, Remedy, last_good, remedies, with_changes
from gui.main_window import MainWindow
from gui.runs.run import Run
from gui.training.checkpoint_file import offer
from gui.training.control import RunControl
from gui.training.session import NEVER_STARTED, Session
from gui.widgets.banner import Answer
from gui.widgets.text_window import TextWindow
from gui.words import say, title


class Endings(QObject):
    """Tells of failures: what happened, what to do, and the buttons that do it."""

    def __init__(self, window: MainWindow, session: Session, control: RunControl) -> None:
        super().__init__(window)
        self.window = window
        self.session = session
        self.control = control
        session.twin_changed.connect(self._on_twin)
        session.ended.connect(self._on_ended)

    @Slot(object)
    def _on_twin(self, told: object) -> None:
        """One of several that train side by side has failed: the others go on."""
        twins = self.session.twins
        if twins is None or not isinstance(told, OfTwin) or not isinstance(told.event, Failed):
            return
        failed, text = told.event, self.tr("{run}: {reason}")
        text = text.format(run=twins.runs[told.twin].label, reason=say(failed.text))
        details = Answer(self.tr("Details"), lambda: self._show(failed.traceback), keeps=True)
        self.window.banners.say("failed", "error", text, [details] if failed.traceback else [])

    @Slot(object)
    def _on_ended(self, run: Run) -> None:
        self.window.banners.clear("save")
        ending = self.session.ending
        if isinstance(ending, Failed) and ending.text.code != NEVER_STARTED:
            self.window.banners.say("failed", "error", say(ending.text), self._answers(run, ending))

    def _answers(self, run: Run, outcome: Failed) -> list[Answer]:
        config = with_changes(run.config or self.window.panel.config, run.changes)
        goes_on = run.started is not None and run.continue_from is not None
        found = remedies(outcome, config, run.started.parts[0] if run.started is not None else None)
        answers = [self._answer(run, remedy, goes_on) for remedy in found]
        instead = offer(outcome.text, self.session.load)
        if goes_on and not instead and outcome.text.code not in NOT_FINITE:  # else it would only fail again
            # This run, whichever is in front when it is pressed.
            answers.append(Answer(self.tr("Continue from the last checkpoint"), lambda: self.control.go_on_with(run)))
        answers += instead
        if outcome.traceback:
            answers.append(Answer(self.tr("Details"), lambda: self._show(outcome.traceback), keeps=True))
        return answers

    def _answer(self, run: Run, remedy: Remedy, goes_on: bool) -> Answer:
        """The button that goes on with other settings."""
        if remedy.kind is Kind.WITHOUT:
            text = self.tr("Disable {name} and continue") if goes_on else self.tr("Disable {name} and start again")
            text = text.format(name=title(type(remedy.technique)))
        elif remedy.kind is Kind.HALF_BATCH:
            text = self.tr("Half the batch: {size}").format(size=remedy.config.batch_size)
        else:
            text = self.tr("Go on with learning rate {lr}").format(lr=f"{remedy.config.lr:.3g}")
        good = remedy.kind is Kind.LOWER_LR and run.folder is not None
        checkpoint = last_good(run.folder, run.history) if good else None
        return Answer(text, lambda: self._again(run, remedy.config, goes_on, checkpoint))

    def _show(self, trace: str) -> None:
        TextWindow(self.tr("Details"), trace, self.window).show()

    def _again(self, run: Run, config: RunConfig, goes_on: bool, checkpoint: Path | None = None) -> None:
        """Show other settings, and go on with them from the last or this checkpoint, else from the beginning."""
        self.window.panel.set_config(config)
        if goes_on:
            epochs = run.started.epochs if run.started is not None else config.epochs
            self.control.fork_with(run, config.changed({"epochs": epochs}), checkpoint)
        else:
            self.control.start()
