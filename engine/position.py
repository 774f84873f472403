"""Where a run stands: what a checkpoint must hold besides tensors and history."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from typing import Any

from engine.checkpoints.meta import MAX_EPOCHS, Meta
from engine.message import InputError, Message

FLUSH_SECONDS = 0.1
"""How long losses stay on the device before they come over together."""


def check_total(epochs: int, done: int) -> None:
    """Raise `InputError` where a new total of epochs is not above what is done, or beyond all bounds."""
    if epochs <= done:
        raise InputError(
            "nothing-to-add", "{done} epochs are done already: give a total above that, or --more", done=done
        )
    if epochs > MAX_EPOCHS:
        raise InputError(
            "too-many-epochs", "{epochs} epochs are too many: at most {most}", epochs=epochs, most=MAX_EPOCHS
        )


@dataclass(frozen=True)
class Change:
    """A setting changed in mid-run: kept, in order, with the run's settings."""

    step: int
    field: str
    """`lr`: another learning rate; `epochs`: another total of epochs, under the schedule as it was planned; `schedule`:
    the schedule planned anew for so many epochs."""
    old: float
    new: float


@dataclass(frozen=True)
class Parent:
    """Where a fork came from."""

    run: str
    """The name of the run's folder, or of the checkpoint's file."""
    epoch: int
    step: int


@dataclass
class Sums:
    """The sums of the present epoch so far."""

    loss: float = 0.0
    correct: int = 0
    samples: int = 0
    seconds: float = 0.0
    lr: float = 0.0
    """No sum: the learning rate of its last step."""


@dataclass
class Position:
    """Where a run stands."""

    epoch: int = 0
    """Epochs completed."""
    batch: int = 0
    """Batches completed in the present epoch."""
    step: int = 0
    seconds: float = 0.0
    """Seconds of the epochs completed since the last start, less what the present one had taken before it."""
    sums: Sums = field(default_factory=Sums)
    changes: list[Change] = field(default_factory=list)
    reason: Message | None = None
    """Why the run ended; None as long as it goes on."""
    parent: Parent | None = None
    """The run that this one is a fork of."""
    best_since: int = 0
    """Epochs that don't count for the best: their weights were not kept, or they were judged otherwise."""

    def to_meta(self) -> dict[str, Any]:
        """As a checkpoint's metadata holds it."""
        return {
            "changes": [asdict(change) for change in self.changes],
            "progress": {
                "epoch": self.epoch, "batch": self.batch, "step": self.step, "seconds": self.seconds,
                "reason": self.reason.to_dict() if self.reason else None, "best_since": self.best_since,
            },
            "sums": asdict(self.sums),
            **({"parent": asdict(self.parent)} if self.parent else {}),
        }  # fmt: skip

    @classmethod
    def from_meta(cls, meta: Meta) -> Position:
        """From a checkpoint's metadata."""
        progress = meta["progress"]
        return cls(
            epoch=progress["epoch"],
            batch=progress["batch"],
            step=progress["step"],
            seconds=progress["seconds"],
            sums=Sums(**meta["sums"]),
            changes=[Change(**change) for change in meta["changes"]],
            reason=Message.from_dict({**progress["reason"]}) if progress["reason"] else None,
            parent=Parent(**meta["parent"]) if "parent" in meta else None,
            best_since=progress.get("best_since", 0),
        )


class Stopwatch:
    """The time of an epoch's training, without pauses, saves and evaluations; and when to flush."""

    def __init__(self) -> None:
        self._start = self._flushed = time.perf_counter()

    def start(self, seconds: float) -> None:
        """Begin an epoch that has taken so many seconds already."""
        self._flushed = time.perf_counter()
        self._start = self._flushed - seconds

    def exclude(self, seconds: float) -> None:
        """Don't count the last so many seconds."""
        self._start += seconds

    def seconds(self) -> float:
        """Seconds of the epoch so far."""
        return time.perf_counter() - self._start

    def flush_is_due(self) -> bool:
        """Whether it is time to flush; if so, the next time is counted from now."""
        now = time.perf_counter()
        due = now - self._flushed > FLUSH_SECONDS
        if due:
            self._flushed = now
        return due
