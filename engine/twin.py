"""Twins: two to four runs in lockstep, from the same initial weights and on the same batches.

Initial weights, the order of the samples and every step's random numbers are functions of the seed and the place, so
runs that share them agree of themselves, and taking turns changes none of them: each is an ordinary run in a folder of
its own, bit for bit what it is alone. From the step at which their losses first differ it is their settings that are
seen, and nothing else.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Generator, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path

import torch

from engine.catalogue import Catalogue
from engine.checkpoints.checkpoint import Snapshot
from engine.config import RunConfig
from engine.data import Report
from engine.differing import Choice, Difference, Missing, Value, differences
from engine.events import Changed, EpochEnded, Event, Failed, Finished, OfTwin, Parted, Saved, Steps
from engine.fork import BATCHES
from engine.message import InputError
from engine.position import Parent, Position
from engine.runs import Creating, check_writable
from engine.trainer import Stop, Trainer

MOST = 4
"""Twins, at most: more curves are hard to tell apart, and each takes its share of the machine."""


def check_twins(configs: Sequence[RunConfig]) -> None:
    """Raise `InputError` unless these are two to four valid settings that make the same batches."""
    if not 2 <= len(configs) <= MOST:
        raise InputError(
            "twins-count", "twins are two to {most} runs, and here is {count}: name as many settings",
            most=MOST, count=len(configs),
        )  # fmt: skip
    for config in configs:
        config.check()
    ordering = {regularizer.id for config in configs for regularizer in config.giving("order")}
    found = [
        each
        for each in differences([(config, {}) for config in configs])
        if each.key in BATCHES or each.kind == "dataset" or each.id in ordering
    ]
    if found:
        raise InputError(
            "twins-other-batches", "twins train on the same batches, and these differ in {what}: make that the same in "
            "all of them", what=", ".join(map(_told, found)),
        )  # fmt: skip


def twin_runs(
    configs: Sequence[RunConfig], catalogue: Catalogue, workspace: Path, report: Report = lambda text, done: None
) -> Twins:
    """Runs with these settings, each in a new folder of the workspace; none is made where one of them can't start.

    Raises `InputError` where the settings or the data can't be used, or are no twins'; `StartFailed` where a plugin
    fails.
    """
    check_twins(configs)
    check_writable(workspace)
    with ExitStack() as made:
        trainers = [
            Trainer(
                config,
                made.enter_context(Creating(workspace, config)),
                data_folder=workspace / "data",
                report=report,
                catalogue=catalogue,
            )
            for config in configs
        ]
        return Twins(trainers)


def share_weights(first: Trainer, other: Trainer) -> list[str]:
    """Let one run begin with the other's initial weights where name and shape agree; returns what had to be copied.

    Layers of another width shift what is drawn for all that come after them. A run that took anything is, as a fork
    of the first before its first step, no longer a function of its settings alone, and names it. Where the two have
    other initializers nothing is copied: then the initial weights are what is compared.
    """
    if first.config.initializer != other.config.initializer:
        return []
    theirs, copied = first.learner.model.state_dict(), []
    for name, tensor in other.learner.model.state_dict().items():
        source = theirs.get(name)
        if source is None or (source.shape, source.dtype) != (tensor.shape, tensor.dtype):
            continue
        if not torch.equal(source, tensor.to(source.device)):
            tensor.copy_(source)
            copied.append(name)
    if copied:
        other.name_parent(Parent(Path(first.store.where).name, 0, 0))
        other.store.log(f"begins with these initial weights of {first.store.where}: {', '.join(copied)}")
    return copied


class Twins:
    """Runs that train side by side. Like a trainer's, `run` is suspended between steps, and only there steered."""

    def __init__(self, trainers: Sequence[Trainer]) -> None:
        """Of new runs that are ready to go; those after the first begin with its initial weights where they fit."""
        for other in trainers[1:]:
            share_weights(trainers[0], other)
        self.trainers = tuple(trainers)
        self.last_epoch = False
        """Whether each is to end when its present epoch is done."""
        self._sides = [_Side(number, trainer) for number, trainer in enumerate(trainers)]
        self._present = self._sides[0]
        self._parting = _Parting(len(trainers))

    @property
    def ends(self) -> list[Finished | Failed | None]:
        """How each ended; None as long as it trains."""
        return [side.end for side in self._sides]

    @property
    def first_difference(self) -> int | None:
        """The first step at which their losses differ; None as long as there is none."""
        return self._parting.step

    def run(self) -> Generator[OfTwin | Parted | None, None, None]:
        """Train all, a step of each in turn. Yields what happens in each, and None wherever nothing did.

        The last event of each is `Finished` or `Failed`; the others then go on without it. Throw `Stop` to end all,
        with everything kept; a second one, while a save fails, gives up what came after that run's last checkpoint.
        Closing it loses what came after the last checkpoints.
        """
        stopping = False
        try:
            while living := [side for side in self._sides if side.end is None]:
                last_epoch = self.last_epoch  # asked once: all end with the same epoch
                for side in living:
                    self._present = side
                    side.take_turn(stop=stopping)
                    while not side.turn_is_over:
                        for told in self._told(side, side.advance(last_epoch)):
                            try:
                                yield told
                            except Stop:
                                stopping = True
                                side.stop()
                    side.leave_turn()
        finally:
            for side in self._sides:
                side.close()

    def _told(self, side: _Side, event: Event | None) -> list[OfTwin | Parted | None]:
        """What is told of an event of one of them."""
        told: list[OfTwin | Parted | None] = [OfTwin(side.number, event) if event is not None else None]
        if isinstance(event, Steps):
            self._parting.add(side.number, event.rows)
        if side.end is not None:
            self._parting.leave(side.number)
        if self._parting.found():
            told.append(Parted(self._parting.step or 0))
        return told

    # --- what a runner asks of a trainer -----------------------------------------------------------

    @property
    def position(self) -> Position:
        """Where the first one stands."""
        return self.trainers[0].position

    def snapshot(self) -> Snapshot:
        """All there is to the first one at this moment. Raises `LossNotFinite`."""
        return self.trainers[0].snapshot()

    def exclude(self, seconds: float) -> None:
        """Leave a pause out of the time of the one whose turn it is: that of the others stands still."""
        self._present.trainer.exclude(seconds)

    def change_lr(self, lr: float) -> Changed:
        """Raises `InputError`: what twins differ in is laid down before they begin."""
        raise InputError(
            "twins-lr", "the learning rate of twins stays as it is set: a change in mid-run would be another difference"
        )


class _Side:
    """One of several runs, driven a step at a time."""

    def __init__(self, number: int, trainer: Trainer) -> None:
        self.number = number
        self.trainer = trainer
        self.end: Finished | Failed | None = None
        self.turn_is_over = True
        self._events = trainer.run()
        self._begun = self._stop = self._stopped = self._epoch_told = False
        self._step = 0
        self._left_at: float | None = None

    def take_turn(self, *, stop: bool) -> None:
        """It goes on from where it was left; with `stop` it is to end, unless it has heard so already."""
        if self._left_at is not None:
            self.trainer.exclude(time.perf_counter() - self._left_at)
        torch.set_num_threads(self.trainer.threads)  # the last bits of a result depend on their number
        self.turn_is_over = False
        self._step = self.trainer.position.step
        if stop and not self._stopped:
            self.stop()

    def leave_turn(self) -> None:
        """The others' turn: what they take is none of its time."""
        self._left_at = time.perf_counter()

    def stop(self) -> None:
        """It is to end here, with everything kept."""
        self._stop = self._stopped = True

    def advance(self, last_epoch: bool) -> Event | None:
        """The next thing that happens in it. Its turn is over after a step, at the end of an epoch when that is saved,
        and when it has ended; with `last_epoch` it ends with its epoch."""
        trainer, position = self.trainer, self.trainer.position
        stop = self._stop and self._begun  # what has not begun can't end
        self._stop, self._begun = self._stop and not stop, True
        event = self._events.throw(Stop()) if stop else next(self._events)
        if isinstance(event, (Finished, Failed)):
            self.end = event
            self.turn_is_over = True
        elif not self._stopped and position.step > self._step:
            within = 0 < position.batch < len(trainer.learner.bounds)
            self.turn_is_over = within or (position.batch == 0 and isinstance(event, Saved))
        if isinstance(event, EpochEnded):
            self._epoch_told = position.reason is None
        elif self._epoch_told and last_epoch:  # once the fit of the epoch is told, too
            self.stop()
            self.turn_is_over = self.end is not None
        elif self.turn_is_over:
            self._epoch_told = False
        return event

    def close(self) -> None:
        """Give it up, where it has not ended."""
        self._events.close()


class _Parting:
    """Finds the first step at which losses differ, whenever each run tells of its steps."""

    def __init__(self, count: int) -> None:
        self.step: int | None = None
        self._untold: dict[int, deque[tuple[int, float]]] = {number: deque() for number in range(count)}
        self._ended: set[int] = set()

    def add(self, number: int, rows: Iterable[tuple[int, float, float]]) -> None:
        """Steps of a run: step, loss, lr."""
        if self.step is None:
            self._untold[number] += [(step, loss) for step, loss, _ in rows]

    def leave(self, number: int) -> None:
        """This run has ended: beyond what it told of, the others are compared without it."""
        self._ended.add(number)

    def found(self) -> bool:
        """Compare what all have told of; whether it shows, for the first time, where the losses part."""
        while self.step is None:
            compared = [told for number, told in self._untold.items() if told or number not in self._ended]
            if len(compared) < 2 or not all(compared):
                return False
            heads = [told.popleft() for told in compared]
            if len(set(heads)) > 1:
                self.step = heads[0][0]
                return True
        return False


def _told(difference: Difference) -> str:
    """A setting with what each has for it."""
    return f"{difference.key} ({', '.join(map(_word, difference.values))})"


def _word(value: Value) -> str:
    if isinstance(value, Choice):
        return value.id
    return str(value.value) if isinstance(value, Missing) else str(value)
