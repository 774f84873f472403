"""A run in the terminal: a bar where there is one, a line per epoch where there is not."""

from __future__ import annotations

import sys
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from engine.events import EpochEnded, Event, Failed, Finished, Loading, Proved, SaveFailed, Started, Steps
from engine.language import say, tr
from engine.message import Message


class ProgressBar:
    """Shows events on standard error. Use as a context."""

    def __init__(self, name: str = "", beside: ProgressBar | None = None) -> None:
        """Of runs that train side by side each has a bar with its name, `beside` the first one's."""
        console = Console(stderr=True, highlight=False)
        self._live = console.is_terminal
        self._name = f"{name}: " if name else ""
        self._progress: Progress = beside._progress if beside is not None else Progress(
            TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.fields[figures]}"),
            TimeRemainingColumn(), console=console, transient=True, disable=not self._live,
        )  # fmt: skip
        self._task: TaskID | None = None
        self._epochs = 0
        self._last = self._told = ""

    def __enter__(self) -> ProgressBar:
        self._progress.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.__exit__(kind, error, trace)

    def loading(self, text: Message, fraction: float | None) -> None:
        """Show how far the data are."""
        words = say(text)
        if not self._live:
            if words != self._last:
                print(words, file=sys.stderr)
            self._last = words
            return
        if self._task is None:
            self._task = self._progress.add_task(words, total=1.0, figures="")
        self._progress.update(
            self._task, description=words, completed=fraction, total=None if fraction is None else 1.0
        )

    def show(self, event: Event) -> None:
        """Show an event of a run."""
        if isinstance(event, Started):
            for owner, text in event.warnings:
                print(f"tunedeck: {self._name}{owner}: {say(text)}", file=sys.stderr)
            self._start(event)
        elif isinstance(event, Loading):
            self._between_steps(event)
        elif isinstance(event, Steps) and self._task is not None:
            rate = tr("{rate:,.0f} samples/s").format(rate=event.samples_per_second)
            self._progress.update(
                self._task, completed=event.rows[-1][0],
                description=self._name + self._epoch_of(event.epoch), figures=f"{self._last} · {rate}",
            )  # fmt: skip
        elif isinstance(event, EpochEnded):
            self._epoch(event)
        elif isinstance(event, Proved):
            for text in event.alarms:
                print(f"tunedeck: {self._name}{say(text)}", file=sys.stderr)
        elif isinstance(event, SaveFailed):
            told = tr("{reason}; trying again until there is room (Ctrl-C ends it)").format(reason=say(event.text))
            print(f"tunedeck: {self._name}{told}", file=sys.stderr)
        elif isinstance(event, (Finished, Failed)) and not self._name:
            self._progress.stop()
        elif isinstance(event, (Finished, Failed)) and self._task is not None:  # the others' bars stay
            text = event.text if isinstance(event, Failed) else event.reason
            self._progress.update(self._task, description=f"{self._name}{say(text)}", figures=self._last)

    def _between_steps(self, event: Loading) -> None:
        """What keeps the run from its next step: in place of the epoch's number, the bar stays."""
        words = f"{self._name}{say(event.text)}"
        if self._live and self._task is not None:
            done = "" if event.fraction is None else f" {event.fraction:.0%}"
            self._progress.update(self._task, description=words + done)
        elif words != self._told:
            print(words, file=sys.stderr)
        self._told = words

    def _start(self, event: Started) -> None:
        self._epochs = event.epochs
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._last = tr("{count:,} parameters").format(count=event.parameters)
        total = event.epochs * event.steps_per_epoch
        self._task = self._progress.add_task(
            self._name + tr("starting"), total=total, completed=event.step, figures=self._last
        )

    def _epoch(self, event: EpochEnded) -> None:
        row = event.row
        figures = [
            (tr("train"), row.train_loss, ".3f"),
            (tr("validation"), row.val_loss, ".3f"),
            (tr("accuracy"), row.val_accuracy, ".1%"),
        ]
        self._last = " · ".join(f"{name} {value:{form}}" for name, value, form in figures if value is not None)
        if not self._live:
            told = [self._epoch_of(row.epoch), self._last, *([tr("best")] if event.best else [])]
            print(self._name + " · ".join(told), file=sys.stderr)

    def _epoch_of(self, number: int) -> str:
        return tr("epoch {epoch} of {epochs}").format(epoch=number, epochs=self._epochs)
