"""The thread around the generator: commands in, events out.

The trainer is suspended between steps whenever it yields; only there does the runner pause it, stop it, save it
or change its learning rate. So the loop needs no locks and no flags.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

from engine.checkpoints.checkpoint import NotFinite, write_checkpoint
from engine.data import Report
from engine.events import (
    EpochEnded,
    Event,
    Failed,
    Finished,
    Held,
    Loading,
    OfTwin,
    Parted,
    Refused,
    Saved,
    SaveFailed,
)  # fmt: skip
from engine.failure import LossNotFinite, StartFailed, failure
from engine.message import InputError, message
from engine.schedule import check_lr
from engine.trainer import Stop, Trainer
from engine.twin import Twins

Steered = Trainer | Twins


class Runner:
    """Drives one run, or twins, in a thread of its own.

    `make` builds the trainer inside the thread, so that reading data and timing threads hold nobody up; it is given
    a function to report progress with. Events arrive in `events`, the last of them `Finished` or `Failed`. Of twins,
    once they have begun, they arrive as `OfTwin`, each with such a last event, and `Parted`.
    """

    def __init__(self, make: Callable[[Report], Steered]) -> None:
        self.events: queue.SimpleQueue[Event | OfTwin | Parted] = queue.SimpleQueue()
        self._make = make
        self._commands: queue.SimpleQueue[Callable[[Steered], None]] = queue.SimpleQueue()
        self._paused = False
        self._stopping = False
        self._last_epoch = False
        self._by_epoch = False
        self._pace = 0.0
        self._thread = threading.Thread(target=self._work, name="training")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def pause(self) -> None:
        """Hold before the next step."""
        self._commands.put(lambda trainer: self._hold(True))

    def resume(self) -> None:
        """Go on after a pause, or try a failed save again."""
        self._commands.put(lambda trainer: self._hold(False))

    def stop(self) -> None:
        """End before the next step, with best and last kept. A second time: also where saving fails."""
        self._commands.put(lambda trainer: self._end())

    def stop_after_epoch(self, stop: bool = True) -> None:
        """End when the present epoch is done, with best and last kept; or go on after all."""
        self._commands.put(lambda trainer: self._end_after_epoch(stop))

    def set_pace(self, seconds: float, *, by_epoch: bool = False) -> None:
        """Let an epoch take so many seconds at least, so that it can be watched; 0 is as fast as it goes.

        With `by_epoch` the run pauses after every epoch but the last: `Held` follows, and `resume` goes on.
        """
        self._commands.put(lambda trainer: self._set_pace(seconds, by_epoch))

    def save(self, path: Path) -> None:
        """Write a checkpoint of the present moment to a file of the user's choice: `Saved` or `SaveFailed` follows."""
        self._commands.put(lambda trainer: self._save(trainer, path))

    def change_lr(self, lr: float) -> None:
        """Go on with another learning rate, recorded with the run: `Changed` or `Refused` follows.

        Raises `InputError` for what is no learning rate.
        """
        check_lr(lr)
        self._commands.put(lambda trainer: self._change_lr(trainer, lr))

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the end; whether it came in time."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    # --- in the thread ---------------------------------------------------------------------------

    def _work(self) -> None:
        try:
            trainer = self._make(lambda text, fraction: self.events.put(Loading(text, fraction)))
            if isinstance(trainer, Twins):
                self._drive_twins(trainer)
            else:
                self._drive(trainer)
        except InputError as error:
            self.events.put(Failed(error.message, 0, None, ""))
        except StartFailed as error:
            self.events.put(error.failed)
        except BaseException as error:  # noqa: BLE001 the boundary: what fails in the thread must be told outside
            self.events.put(failure(error, (), 0))

    def _drive(self, trainer: Trainer) -> None:
        with closing(trainer.run()) as run:
            event, epoch_told = next(run), False
            began = time.perf_counter()
            while True:
                if event is not None:
                    self.events.put(event)
                if isinstance(event, (Finished, Failed)):
                    return
                self._paused = self._paused or isinstance(event, SaveFailed)
                self._obey(trainer)
                if epoch_told and not self._stopping and not self._last_epoch:
                    self._let_watch(trainer, began)
                    began = time.perf_counter()
                # An epoch ends with what follows its figures at once, such as the curve of a fit.
                if self._stopping or (self._last_epoch and epoch_told):
                    self._stopping = epoch_told = False
                    event = run.throw(Stop())
                else:
                    epoch_told = isinstance(event, EpochEnded) and trainer.position.reason is None
                    event = next(run)

    def _drive_twins(self, twins: Twins) -> None:
        with closing(twins.run()) as running, suppress(StopIteration):
            told = next(running)
            while True:
                if told is not None:
                    self.events.put(told)
                self._paused = self._paused or (isinstance(told, OfTwin) and isinstance(told.event, SaveFailed))
                self._obey(twins)
                twins.last_epoch = self._last_epoch
                stopping, self._stopping = self._stopping, False
                told = running.throw(Stop()) if stopping else next(running)

    def _obey(self, trainer: Steered) -> None:
        """Carry out the commands that wait; in a pause, wait for the one that ends it."""
        while self._paused or not self._commands.empty():
            started = time.perf_counter()
            command = self._commands.get()
            trainer.exclude(time.perf_counter() - started)
            command(trainer)

    def _let_watch(self, trainer: Trainer, began: float) -> None:
        """Wait, obeying, until the epoch that began then has taken its time, or until the run is to go on."""
        while not (self._stopping or self._paused) and (left := began + self._pace - time.perf_counter()) > 0:
            waiting = time.perf_counter()
            with suppress(queue.Empty):
                command = self._commands.get(timeout=left)
                trainer.exclude(time.perf_counter() - waiting)
                command(trainer)
                continue
            trainer.exclude(time.perf_counter() - waiting)
        if self._by_epoch and not self._stopping and not self._paused:
            self._paused = True
            self.events.put(Held())
        self._obey(trainer)

    def _set_pace(self, seconds: float, by_epoch: bool) -> None:
        self._pace, self._by_epoch = seconds, by_epoch

    def _hold(self, paused: bool) -> None:
        self._paused = paused

    def _end(self) -> None:
        self._stopping, self._paused = True, False

    def _end_after_epoch(self, stop: bool) -> None:
        self._last_epoch = stop

    def _change_lr(self, trainer: Steered, lr: float) -> None:
        try:
            self.events.put(trainer.change_lr(lr))
        except InputError as error:
            self.events.put(Refused(error.message))

    def _save(self, trainer: Steered, path: Path) -> None:
        started = time.perf_counter()
        try:
            write_checkpoint(path, trainer.snapshot())
        except (OSError, NotFinite, LossNotFinite) as error:
            reason = getattr(error, "strerror", None) or str(error)
            text = message("save-failed", "the checkpoint could not be saved: {reason}", reason=reason)
            self.events.put(SaveFailed(text, str(path)))
        else:
            self.events.put(Saved(str(path), trainer.position.epoch, trainer.position.step))
        trainer.exclude(time.perf_counter() - started)
