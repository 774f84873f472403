"""What is said and offered when a run could not go on."""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot

from engine.config import RunConfig
from engine.events import Failed
from gui.main_window import MainWindow
from gui.runs.run import Run
from gui.training.control import RunControl
from gui.training.session import NEVER_STARTED, Session
from gui.widgets.banner import Answer
from gui.widgets.text_window import TextWindow
from gui.words import say, title

NO_MEMORY = ("out-of-memory", "too-little-memory")
"""Codes of failures that a smaller batch may mend."""


class Endings(QObject):
    """Tells of failures: what happened, what to do, and the buttons that do it."""

    def __init__(self, window: MainWindow, session: Session, control: RunControl) -> None:
        super().__init__(window)
        self.window = window
        self.session = session
        self.control = control
        session.ended.connect(self._on_ended)

    @Slot(object)
    def _on_ended(self, run: Run) -> None:
        self.window.banners.clear("save")
        ending = self.session.ending
        if isinstance(ending, Failed) and ending.text.code != NEVER_STARTED:
            self.window.banners.say("failed", "error", say(ending.text), self._answers(run, ending))

    def _answers(self, run: Run, outcome: Failed) -> list[Answer]:
        config = run.config or self.window.panel.config
        goes_on = run.started is not None and run.continue_from is not None
        answers = [self._without(run, config, outcome.plugin, goes_on)] if outcome.plugin else []
        if outcome.text.code in NO_MEMORY and config.batch_size > 1:
            half = config.changed({"batch_size": config.batch_size // 2})
            text = self.tr("Half the batch: {size}").format(size=half.batch_size)
            answers.append(Answer(text, lambda: self._again(run, half, goes_on)))
        if outcome.text.code == "not-finite":
            lower = config.changed({"lr": float(f"{config.lr / 10:.3g}")})
            text = self.tr("Go on with learning rate {lr}").format(lr=f"{lower.lr:.3g}")
            answers.append(Answer(text, lambda: self._again(run, lower, goes_on)))
        elif goes_on:
            # This run, whichever is in front when it is pressed.
            go_on = Answer(self.tr("Continue from the last checkpoint"), lambda: self.control.go_on_with(run))
            answers.append(go_on)
        if outcome.traceback:
            answers.append(Answer(self.tr("Details"), lambda: self._show(outcome.traceback), keeps=True))
        return [answer for answer in answers if answer is not None]

    def _without(self, run: Run, config: RunConfig, plugin: str, goes_on: bool) -> Answer | None:
        """Leave the plugin out that failed, where a run can be without it."""
        ticked = next((strategy for strategy in config.with_ if strategy.id == plugin), None)
        if ticked is None:
            return None
        text = self.tr("Disable {name} and continue") if goes_on else self.tr("Disable {name} and start again")
        without = config.unticked(plugin)
        return Answer(text.format(name=title(type(ticked))), lambda: self._again(run, without, goes_on))

    def _show(self, trace: str) -> None:
        TextWindow(self.tr("Details"), trace, self.window).show()

    def _again(self, run: Run, config: RunConfig, goes_on: bool) -> None:
        """Show other settings, and go on with them from the last checkpoint, else from the beginning."""
        self.window.panel.set_config(config)
        if goes_on:
            epochs = run.started.epochs if run.started is not None else config.epochs
            self.control.fork_with(run, config.changed({"epochs": epochs}))
        else:
            self.control.start()
