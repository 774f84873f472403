"""What happens in a run, as frozen values: numbers, strings and tuples, never a tensor, a module or an exception.

A run is a sequence of them: perhaps `Loading`, then `Started`, many `Steps`, an `EpochEnded` per epoch, `Saved`
after each save, and exactly one last event, `Finished` or `Failed`.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.frozen.proof import Finding, Proof
from engine.history import EpochRow
from engine.inside.record import LayerLook
from engine.message import Message, message


@dataclass(frozen=True)
class Loading:
    """The run is being prepared: data are read or downloaded; or, between steps, features of a body are computed, or
    the network is compiled."""

    text: Message
    fraction: float | None = None
    """How much is done, 0 to 1; None where it can't be told."""


@dataclass(frozen=True)
class Started:
    """Everything is ready; the first step comes next."""

    run: str
    """The run's folder; empty for a run that is kept in memory."""
    epoch: int
    """Epochs already completed: 0 unless the run is resumed."""
    step: int
    epochs: int
    steps_per_epoch: int
    parts: tuple[int, int, int]
    """Samples for training, validation and test."""
    parameters: int
    device: str
    threads: int
    lr: float
    batch_size: int = 0
    """Samples of a step, at most; 0 where it is not told."""
    images: bool = False
    """Whether the samples are images."""
    warnings: tuple[tuple[str, Message], ...] = ()
    """What to consider about the settings on these data, and what applies where the run goes on, each with the id of
    the strategy concerned."""


@dataclass(frozen=True)
class Steps:
    """Some steps were taken."""

    rows: tuple[tuple[int, float, float], ...]
    """Step, loss, lr of each."""
    epoch: int
    """The epoch that they belong to, counted from 1."""
    batch: int
    """Batches of that epoch that are done."""
    samples_per_second: float
    """Of this epoch so far."""
    looks: tuple[LayerLook, ...] = ()
    """What was seen inside the network at those of them that were looked at, layer by layer."""


@dataclass(frozen=True)
class EpochEnded:
    """An epoch was trained and evaluated."""

    row: EpochRow
    best: bool
    """Whether it is the best so far."""


@dataclass(frozen=True)
class Fitted:
    """What the network gives over the whole range of a regression's only input: a curve to be drawn."""

    epoch: int
    x: tuple[float, ...]
    """Evenly spaced, in ascending order."""
    y: tuple[float, ...]


@dataclass(frozen=True)
class Proved:
    """The layers of a run that freezes some were hashed, and compared with what they were."""

    proof: Proof
    new: tuple[Finding, ...]
    """What was not found after an earlier epoch."""

    @property
    def alarms(self) -> list[Message]:
        """Frozen layers that are not what they were, as far as that is news."""
        return self.proof.told(finding for finding in self.new if finding.violates)


@dataclass(frozen=True)
class Saved:
    """A checkpoint was written, whole."""

    path: str
    epoch: int
    step: int


@dataclass(frozen=True)
class SaveFailed:
    """A checkpoint could not be written; the one before it is intact. Going on tries again."""

    text: Message
    path: str = ""
    """The file that the user had chosen; empty for the run's own checkpoint, for which the run then waits."""


@dataclass(frozen=True)
class Changed:
    """A setting was changed in the run."""

    step: int
    field: str
    old: float
    new: float


@dataclass(frozen=True)
class Held:
    """The run has paused after an epoch, as it was asked to after each: it waits until it is to go on."""


@dataclass(frozen=True)
class Refused:
    """What was asked of the run can't be done; it goes on as it was."""

    text: Message


@dataclass(frozen=True)
class Finished:
    """The last event of a run that ended: all epochs done, or stopped for a reason."""

    reason: Message
    stopped: bool
    """Whether a person stopped it, so that it can be continued; then the test part was not touched."""
    epochs: int
    step: int
    best_epoch: int | None
    best_val_loss: float | None
    best_val_accuracy: float | None
    test_loss: float | None
    test_accuracy: float | None
    samples_per_second: float | None
    seconds: float
    checkpoint: str | None
    """The best checkpoint; None for a run kept in memory."""


@dataclass(frozen=True)
class Failed:
    """The last event of a run that could not go on. Its last checkpoint is whole."""

    text: Message
    step: int
    plugin: str | None
    """The id of the strategy in whose code it happened."""
    traceback: str


Event = (
    Loading | Started | Steps | EpochEnded | Fitted | Proved | Saved | SaveFailed | Changed | Held | Refused
    | Finished | Failed
)  # fmt: skip


@dataclass(frozen=True)
class OfTwin:
    """An event of one of several runs that train side by side."""

    twin: int
    """Which of them, counted from 0."""
    event: Event


@dataclass(frozen=True)
class Parted:
    """The losses of runs that train side by side differ for the first time."""

    step: int

    @property
    def text(self) -> Message:
        """The same in words."""
        return message("twins-parted", "the losses differ from step {step} on", step=self.step)
