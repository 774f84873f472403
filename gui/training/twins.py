"""Twins as the window knows them: runs that train side by side, of which the first is the session's run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from engine.events import Changed, EpochEnded, Failed, Finished, Fitted, OfTwin, Parted, Proved, Started, Steps
from gui.runs.run import Run
from gui.training.progress import Progress, ProgressMeter


class TwinGroup:
    """What has happened in each of them. What happens in the first one is told to the session besides."""

    def __init__(self, runs: list[Run]) -> None:
        self.runs = runs
        self.fits: list[Fitted | None] = [None] * len(runs)
        """What each has learnt by now, where it is a regression of one input."""
        self.parted: int | None = None
        """The first step at which their losses differ."""
        self.over = False
        """Whether all have ended, or could not begin."""
        self._meters: list[ProgressMeter | None] = [None] * len(runs)
        self._ends: list[Finished | Failed | None] = [None] * len(runs)

    @property
    def ended(self) -> bool:
        """Whether each has told its last event."""
        return all(self._ends)

    @property
    def first_end(self) -> Finished | Failed | None:
        """How the first one ended."""
        return self._ends[0]

    @property
    def stopped(self) -> bool:
        """Whether a person stopped any."""
        return any(isinstance(end, Finished) and end.stopped for end in self._ends)

    @property
    def progress(self) -> Progress | None:
        """How far the one is that has furthest to go."""
        meters = [meter for meter, end in zip(self._meters, self._ends, strict=True) if meter and end is None]
        return min((meter.progress() for meter in meters), key=lambda each: each.fraction, default=None)

    @property
    def meters(self) -> Iterator[ProgressMeter]:
        """Of those that have begun."""
        return (meter for meter in self._meters if meter is not None)

    def take(self, told: OfTwin | Parted) -> None:
        """Something happened."""
        if isinstance(told, Parted):
            self.parted = told.step
            return
        run, event, first = self.runs[told.twin], told.event, told.twin == 0
        if isinstance(event, (Finished, Failed)):
            self._ends[told.twin] = run.outcome = event
            if isinstance(event, Finished) and not event.stopped:
                run.reason = event.reason
        elif isinstance(event, Started):
            self._meters[told.twin] = ProgressMeter(event)
            run.started, run.epochs = event, event.epochs
            run.folder = Path(event.run) if event.run else None
        elif isinstance(event, Fitted):
            self.fits[told.twin] = event
        elif isinstance(event, Steps):
            meter = self._meters[told.twin]
            if meter is not None:
                meter.stepped(event)
            if not first:
                run.history.add_steps(event.rows)
                run.looks += event.looks
        elif isinstance(event, EpochEnded) and not first:
            run.history.add_epoch(event.row)
        elif isinstance(event, Changed) and not first:
            run.changes.append(event)
        elif isinstance(event, Proved) and not first:
            run.proof = event.proof

    def end(self, last: Finished | Failed) -> None:
        """All have ended: what has told no last event, as nothing more is heard, shares this one."""
        self.over = True
        for run in self.runs:
            if run.started is not None and run.outcome is None:
                run.outcome = last
