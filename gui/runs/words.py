"""A run of the list in words: how it stands, its figures, and what a search finds it by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from PySide6.QtCore import QCoreApplication, QDateTime, QLocale

from engine.config import RunConfig
from engine.events import Failed, Finished
from engine.history import EpochRow
from engine.run_records.index import RunRecord, Status
from gui import numbers
from gui.runs.run import Run
from gui.training.report import signed_loss
from gui.training.session import State
from gui.words import title


def _tr(text: str) -> str:
    return QCoreApplication.translate("Runs", text)


@dataclass(frozen=True)
class Line:
    """What stands in the row of a run."""

    title: str
    status: str
    when: str
    best: str
    last: str
    gap: str
    time: str
    failed: bool
    working: bool
    """Whether it trains, here or elsewhere."""

    def spoken(self) -> str:
        """In one line, for a screen reader."""
        words = _tr("{title}, {status}, best {best}, last {last}, gap {gap}, time {time}, {when}")
        return words.format(
            title=self.title, status=self.status, best=self.best, last=self.last, gap=self.gap, time=self.time,
            when=self.when,
        )  # fmt: skip


def line(run: Run, state: State | None, now: datetime) -> Line:
    """The row of a run; `state` is that of the session where the run is its present one."""
    word = status(run, state)
    best, last, gap = run.best, run.last, run.gap
    return Line(
        title=run.title,
        status=word,
        when=when(run.begun, now),
        best=figure(best),
        last=figure(last),
        gap=numbers.NONE if gap is None else signed_loss(gap),
        time=numbers.duration(run.seconds) if run.history.epochs else numbers.NONE,
        failed=word == _tr("failed"),
        working=word in (_tr("training"), _tr("runs elsewhere"), _tr("preparing")),
    )


def status(run: Run, state: State | None) -> str:
    """How a run stands, in a word or two."""
    words = {
        State.PREPARING: _tr("preparing"),
        State.RUNNING: _tr("training"),
        State.PAUSED: _tr("paused"),
        State.STOPPING: _tr("stopping"),
    }
    if state in words:
        return words[state]
    if run.elsewhere:
        return _tr("runs elsewhere")
    return _standing(run)


def _standing(run: Run) -> str:
    """How a run stands that nobody trains."""
    words = {
        Status.TRAINING: _tr("training"),
        Status.FINISHED: _tr("finished"),
        Status.STOPPED_EARLY: _tr("stopped early"),
        Status.UNFINISHED: _tr("unfinished"),
        Status.INTERRUPTED: _tr("interrupted"),
        Status.FAILED: _tr("failed"),
    }
    if isinstance(run.outcome, Failed):
        return words[Status.FAILED]
    if run.unfinished or (isinstance(run.outcome, Finished) and run.outcome.stopped):
        known = run.record.status if run.record and run.outcome is None else Status.UNFINISHED
        return words[known if known in (Status.INTERRUPTED, Status.FAILED) else Status.UNFINISHED]
    if run.outcome is None and run.record is not None:
        return words[run.record.status]
    if run.outcome is None and run.started is not None:  # a twin of the run in front, too new to be seen in its folder
        return words[Status.TRAINING]
    return words[Status.STOPPED_EARLY if run.ended_early else Status.FINISHED]


def figure(row: EpochRow | None) -> str:
    """The one figure that stands for an epoch: accuracy, else loss; of validation, else of training."""
    if row is None:
        return numbers.NONE
    if row.val_accuracy is not None:
        return numbers.percent(row.val_accuracy)
    return numbers.loss(row.val_loss if row.val_loss is not None else row.train_loss)


def when(begun: datetime, now: datetime) -> str:
    """When a run was begun, as briefly as it is clear: the time today, the day this year, else month and year."""
    if begun.date() == now.date():
        return f"{begun:%H:%M}"
    day = QDateTime(begun).date()
    return QLocale().toString(day, "d MMM" if begun.year == now.year else "MMM yyyy")


def size(count: int) -> str:
    """Bytes in the unit that suits them, with at most three figures: `412 MB`, `1.38 GB`."""
    value, unit = float(count), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if round(value) < 1000 or unit == "TB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if unit == "B" or value >= 99.95 else f"{value:.3g} {unit}"


def found_by(record: RunRecord, config: RunConfig | None) -> str:
    """All the words that a search finds a run by, in lower case."""
    notes = record.notes
    words = [record.title, record.folder.name, *notes.tags, notes.notes]
    if config is not None:
        for strategy in config.strategies:
            words += [strategy.id, title(type(strategy))]
    return "\n".join(words).casefold()


def summary(config: RunConfig) -> str:
    """What a run was set to, in a line: data, model, techniques."""
    parts = [title(type(config.dataset)), title(type(config.model)), *(title(type(each)) for each in config.with_)]
    return " · ".join(parts)
