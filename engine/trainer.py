"""The loop. A trainer's `run` is a generator: it is suspended between steps, and only there is it paused, stopped,
saved or given another learning rate."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from engine.catalogue import Catalogue
from engine.checkpoints.checkpoint import Snapshot, history_of
from engine.checkpoints.meta import Meta
from engine.config import RunConfig
from engine.data import Parts, Report, Source, split
from engine.description import Description
from engine.evaluation import Figures
from engine.events import Changed, EpochEnded, Event, Failed, Finished, Loading, Proved, Saved, SaveFailed, Steps
from engine.failure import LossNotFinite, StartFailed, failure, is_fault
from engine.fit import fitted
from engine.frozen.freeze_proof import FreezeProof
from engine.going_on import what_applies
from engine.history import EpochRow, History
from engine.inside.look import Look
from engine.inside.record import LayerLook, is_due
from engine.learner import Learner
from engine.message import InputError, Message, message
from engine.network import check_network, check_same_data, restore_optimizer
from engine.position import Change, Parent, Position, Stopwatch, Sums, check_total
from engine.preview.memory import check_memory
from engine.process import give_back_memory
from engine.processes.advice import what_ranks_change
from engine.processes.ranks import Alone
from engine.processes.shared_store import opened
from engine.remedy import against_infinity, with_changes
from engine.run_records.result import Result
from engine.schedule import Schedule, check_lr
from engine.store import MemoryStore, Store
from engine.strategy import Stopping
from engine.workspace import workspace_folder

SAVE_SECONDS = 30.0
"""How much training a crash may cost, at most, where no step takes longer than half of that."""


class Stop(Exception):
    """Thrown into a run to end it at the present step, with everything kept."""


class Trainer:
    """One run, ready to go: data loaded, network built, or restored from a snapshot."""

    def __init__(
        self,
        config: RunConfig,
        open_store: Callable[[], Store] = MemoryStore,
        *,
        data_folder: Path | None = None,
        report: Report = lambda text, fraction: None,
        snapshot: Snapshot | None = None,
        catalogue: Catalogue | None = None,
        ranks: Alone | None = None,
        parts: Parts | None = None,
    ) -> None:
        """Raises `InputError` where the settings, the data, the device or the snapshot can't be used; `StartFailed`
        where a plugin fails.

        `open_store` is called once all else is ready, so that a run that can't start leaves nothing behind;
        `data_folder` is where data sets keep downloads (the workspace's, unless given); `catalogue` tells where the
        plugins come from, for the record; `ranks` are the processes that train it together, where there are several;
        `parts` are its data, where they are loaded already.
        """
        config.check()
        self.config = config
        self.history = History()
        self.position = Position()
        self.ranks = ranks or Alone()
        self.ranks.serve(self._wishes, self._failure)
        self._asked = False
        self._pending: list[tuple[Tensor, Tensor, int, float]] = []
        self._untold: list[tuple[int, float, float]] = []
        self._looks: list[Look] = []
        self._untold_looks: list[LayerLook] = []
        self._clock = Stopwatch()
        self._saved_at = self._started_at = time.perf_counter()
        threads = torch.get_num_threads()
        try:
            self.learner, self.threads = self._prepare(
                data_folder or workspace_folder() / "data", report, snapshot, parts
            )
        except BaseException as error:
            self.ranks.serve()
            torch.set_num_threads(threads)  # who goes on without this run is not to be slower or faster for it
            if isinstance(error, InputError) or not is_fault(error, config.strategies):
                raise
            self.ranks.tell(failed := failure(error, config.strategies, self.position.step))
            raise StartFailed(failed) from error
        kept = snapshot.meta.get("proof") if snapshot else None
        self.proof = FreezeProof.of(config, self.learner.model, self.learner.average, kept)
        self.description = Description(config, self.learner, self.threads, catalogue)
        self._schedule = Schedule(config, len(self.learner.bounds), self.position.changes)
        validated = self.learner.parts.validation is not None
        self.monitor = config.monitor if validated or not config.monitor.startswith("val") else "train_loss"
        self._saved_place = self._place()
        self._unsaved = False
        self.store = opened(self.ranks, open_store)
        try:
            if self.store.best() is None and not self._stands_at_best():
                self.position.best_since = len(self.history.epochs)
            self._describe()
        except BaseException:
            self.store.close()
            raise

    def _prepare(
        self, data_folder: Path, report: Report, snapshot: Snapshot | None, parts: Parts | None
    ) -> tuple[Learner, int]:
        """Load the data, build the network, stand where the snapshot stood, and choose the number of threads."""
        config, source, ranks = self.config, Source(data_folder, report), self.ranks
        with ranks.together(), ranks.in_turn():
            device = ranks.device(config.device)  # first: to read the data may take minutes
            torch.set_num_threads(ranks.processors())  # statistics, and weights, must not depend on the run before
            parts = parts or split(config.dataset.load(source), config)
            give_back_memory()
            config.check(parts.spec)
            if snapshot:
                check_same_data(snapshot, parts)
                check_network(config, parts.spec, snapshot.group("model"), "the checkpoint")
            check_memory(config, parts.spec, device, ranks.working(config.batch_size))
            learner = Learner(config, parts, device, source, snapshot, ranks)
            if snapshot:
                restore_optimizer(learner.optimizer, snapshot)
                self.position = Position.from_meta(snapshot.meta)
                self.history = history_of(snapshot)
        learner.unite()
        before = snapshot.meta["environment"] if snapshot else None
        if before and before.get("processes", 1) == ranks.size:
            threads = int(before["threads"])
        elif config.threads == "auto":
            threads = ranks.lead(lambda: learner.choose_threads(data_folder / "threads.json"))
        else:
            threads = int(config.threads)
        if config.compile:
            with ranks.together():
                learner.compile()
        return learner, threads

    # --- the loop --------------------------------------------------------------------------------

    def run(self) -> Generator[Event | None, None, None]:
        """Train. Yields an event or None at every step boundary and between batches of an evaluation.

        The last event is `Finished` or `Failed`. Throw `Stop` into it to end it at a boundary; closing it loses what
        came after the last checkpoint.
        """
        try:
            yield from self._train()
        except BaseException as error:  # the boundary: a plugin may raise anything
            if not is_fault(error, self.config.strategies):
                raise
            self.ranks.tell(failed := self._failure(error))
            self.store.log(f"{failed.text}\n{failed.traceback}".rstrip())
            self._keep_result(failed.text, plugin=failed.plugin, failed=True)
        else:
            return
        finally:
            self.store.close()
            self.ranks.serve()
            give_back_memory()
        yield failed

    def stop(self, run: Generator[Event | None, None, None]) -> Event | None:
        """End the run that this generator drives, with everything kept; returns what comes next.

        Of several processes it ends where all have heard of it, which is after the next step.
        """
        if not self.ranks.several:
            return run.throw(Stop())
        self._asked = True
        return next(run)

    def _train(self) -> Generator[Event | None, None, None]:
        learner, position = self.learner, self.position
        self._started_at = time.perf_counter()
        self.store.set_result(None)
        torch.set_num_threads(self.threads)
        try:
            several = f" in each of {self.ranks.size} processes" if self.ranks.several else ""
            self.store.log(
                f"training from step {position.step} with {self.threads} threads on {learner.device}{several}"
            )
            for text in learner.parts.log:
                self.store.log(str(text))
            told = what_applies(self.config, self._schedule, position, self.epochs, self.history)
            told += what_ranks_change(self.config, learner)
            for id, text in told:
                self.store.log(f"{id}: {text}")
            yield self.description.started(position, self.epochs, self.store.where, told)
            if self._unsaved or self._best_is_stale():
                yield from self._save()
            while position.reason is None:
                order = learner.order(position.epoch)
                self._clock.start(position.sums.seconds)
                yield from self._begin_epoch()
                for start, end in learner.bounds[position.batch :]:
                    lr = self._schedule.lr(position.step, self.history)
                    look = self._look()
                    loss, correct = learner.step(order[start:end], position.epoch, position.batch, lr, look)
                    position.batch += 1
                    position.step += 1
                    if learner.averages:
                        learner.update_average(self._schedule.progress(position.step))
                    self._pending.append((loss, correct, end - start, lr))
                    flush, save, stop = self.ranks.agreed or self._wishes()
                    if stop:
                        raise Stop
                    due = flush or position.batch == len(learner.bounds)
                    yield self._flush() if due else None
                    if save or self._is_kept():
                        yield from self._save()
                    if due and self._ends_within_epoch():
                        break
                yield from self._end_epoch() if position.reason is None else self._save()
            yield from self._finish()
        except Stop:
            yield from self._stop()

    def _look(self) -> Look | None:
        """A look inside the next step, where one is due; of several processes the first one looks."""
        step = self.position.step + 1
        if not (self.ranks.leads and is_due(step, self.config.look_inside)):
            return None
        self._looks.append(self.learner.look(step))
        return self._looks[-1]

    def _wishes(self) -> tuple[bool, bool, bool]:
        """Whether to flush, to save and to stop after this step. Of several processes the first one's clock counts."""
        timed = self.ranks.leads
        return timed and self._clock.flush_is_due(), timed and self._save_is_due(), self._asked

    def _begin_epoch(self) -> Generator[Event | None, None, None]:
        """Let the learner get ready for the epoch, and tell what takes long."""
        told: Message | None = None
        with self.ranks.together():
            for text, fraction in self.learner.begin(self.position.epoch):
                if text != told:
                    self.store.log(str(text))
                told = text
                yield Loading(text, fraction)
        if self.proof is not None:
            self.proof.begin(self.position.epoch, self.learner.average)

    def _flush(self) -> Steps | None:
        """The steps that no event has told of yet, as one."""
        self._settle()
        position, rows, looks = self.position, tuple(self._untold), tuple(self._untold_looks)
        self._untold.clear()
        self._untold_looks.clear()
        speed = position.sums.samples / max(position.sums.seconds, 1e-9)
        return Steps(rows, position.epoch + 1, position.batch, speed, looks) if rows else None

    def _settle(self) -> None:
        """Bring the losses of the last steps over from the device, check and record them."""
        if not self._pending:
            return
        sums = self.position.sums
        losses, corrects, sizes, lrs = zip(*self._pending, strict=True)
        first = self.position.step - len(losses) + 1
        rows = list(zip(range(first, self.position.step + 1), torch.stack(losses).tolist(), lrs, strict=True))
        for step, loss, _ in rows:
            if not math.isfinite(loss):
                raise LossNotFinite(step)
        self._pending.clear()
        for (_, loss, _), correct, size in zip(rows, torch.stack(corrects).tolist(), sizes, strict=True):
            sums.loss += loss * size
            sums.correct += correct
            sums.samples += size
        sums.lr = lrs[-1]
        sums.seconds = self.ranks.lead(self._clock.seconds)
        self.history.add_steps(rows)
        self.store.add_steps(rows)
        self._untold += rows
        looks = [row for look in self._looks for row in look.rows()]
        self._looks.clear()
        if looks:
            self.store.add_looks(looks)
            self._untold_looks += looks

    def _end_epoch(self) -> Generator[Event | None, None, None]:
        """Evaluate, append to the record, ask the stoppers, save."""
        learner, position, sums = self.learner, self.position, self.position.sums
        started = time.perf_counter()
        yield from learner.measure_average()
        clean = yield from learner.evaluate(learner.clean)
        validation = None
        if learner.parts.validation is not None:
            validation = yield from learner.evaluate(learner.parts.validation)
        if not all(math.isfinite(figures.loss) for figures in (clean, validation) if figures):
            raise LossNotFinite(position.step)
        row = EpochRow(
            epoch=position.epoch + 1,
            train_loss=sums.loss / sums.samples,
            train_accuracy=None if clean.accuracy is None else sums.correct / sums.samples,
            clean_train_loss=clean.loss,
            clean_train_accuracy=clean.accuracy,
            val_loss=validation.loss if validation else None,
            val_accuracy=validation.accuracy if validation else None,
            lr=sums.lr,
            train_seconds=sums.seconds,
            train_samples=sums.samples,
            val_seconds=self.ranks.lead(lambda: time.perf_counter() - started),
        )
        self.history.add_epoch(row)
        self.store.add_epoch(row)
        position.seconds += row.train_seconds + row.val_seconds
        position.epoch, position.batch, position.sums = position.epoch + 1, 0, Sums()
        position.reason = self._reason_to_end()
        # At once: a run that is stopped at the next yield has this epoch behind it, and its proof too.
        proved = self._proved(self.proof.check(position.epoch, learner.average)) if self.proof is not None else None
        yield EpochEnded(row, self._stands_at_best())
        yield fitted(learner, position.epoch)
        yield proved
        yield from self._save()

    def _proved(self, proved: Proved) -> Proved:
        """The same, kept with the run."""
        for text in proved.alarms:
            self.store.log(str(text))
        self.store.set_proof(proved.proof)
        return proved

    def _reason_to_end(self) -> Message | None:
        """Why the run should end at the end of an epoch."""
        if self.position.epoch >= self.epochs:
            return message("all-epochs", "all epochs done ({epochs} of {epochs})", epochs=self.epochs)
        return self._reason_to_stop(self.config.stoppings)

    def _ends_within_epoch(self) -> bool:
        """Whether a stopping that is asked between steps ends the run before its epoch is over."""
        if self.position.batch < len(self.learner.bounds):
            self.position.reason = self._reason_to_stop([s for s in self.config.stoppings if s.every == "step"])
        return self.position.reason is not None

    def _reason_to_stop(self, stoppings: Sequence[Stopping]) -> Message | None:
        if not stoppings:
            return None
        seconds = self.position.seconds + self.position.sums.seconds
        progress = replace(self._schedule.progress(self.position.step), epochs=self.epochs, seconds=seconds)
        reasons = (stopping.reason(progress, self.history) for stopping in stoppings)
        return next((reason for reason in reasons if reason is not None), None)

    def _best(self) -> EpochRow | None:
        """The best epoch whose weights are kept: a run continued from a lone file has only those since."""
        return self.history.best(self.monitor, self.position.best_since)

    def _stands_at_best(self) -> bool:
        """Whether the run stands at the end of its best epoch so far."""
        best = self._best()
        return self.position.batch == 0 and best is not None and best.epoch == self.position.epoch

    def _place(self) -> tuple[int, int]:
        """Epochs completed, and steps: of the same step, the end of its epoch is another place."""
        return self.position.epoch, self.position.step

    # --- saving ----------------------------------------------------------------------------------

    def _save_is_due(self) -> bool:
        return time.perf_counter() - self._saved_at > SAVE_SECONDS / 2  # the next step may take the rest

    def _is_kept(self) -> bool:
        """Whether a checkpoint of this step is kept."""
        return bool(self.config.keep_every) and self.position.step % self.config.keep_every == 0

    def _save(self) -> Generator[Event, None, None]:
        """Save, and where that fails say so and try again when the run goes on: nothing is lost for want of room."""
        snapshot = self.snapshot()
        keep = self.position.step if self._is_kept() else None
        while True:
            started = time.perf_counter()
            try:
                path = self.store.save(snapshot, best=self._stands_at_best(), keep=keep)
                break
            except OSError as error:
                reason = error.strerror or str(error)
                failed = SaveFailed(
                    message("save-failed", "the checkpoint could not be saved: {reason}", reason=reason)
                )
            finally:
                self._saved_at = time.perf_counter()
                self._clock.exclude(self._saved_at - started)
            yield failed
            if self.ranks.any(self._asked):
                self._asked = False
                raise Stop
        self._saved_place = self._place()
        yield Saved(path, self.position.epoch, self.position.step)

    def _best_is_stale(self) -> bool:
        """Whether a crash came between the saves of last and best, or best lies in another run's folder."""
        best = self.store.best()
        return self._stands_at_best() and (best is None or best.meta["progress"]["step"] != self.position.step)

    def snapshot(self) -> Snapshot:
        """All there is to the run at this moment. Raises `LossNotFinite`."""
        self._settle()
        tensors, told = self.learner.tensors()
        tensors["history.epochs"] = torch.from_numpy(self.history.table())
        tensors["history.steps"] = torch.from_numpy(self.history.kept_steps())
        meta = {
            **self.description.meta(),
            **self.position.to_meta(),
            "epochs": self.epochs,
            "marks": self.history.marks,
            **told,
            **({"proof": self.proof.to_meta()} if self.proof is not None else {}),
        }
        return Snapshot(tensors, cast(Meta, meta))

    # --- the ends --------------------------------------------------------------------------------

    def _finish(self) -> Generator[Event | None, None, None]:
        """Restore the best weights and measure them, once, on the test part."""
        best = self.store.best()
        if best is not None:
            self.learner.restore(best, self.store.best_path or "the best checkpoint")
            if self.proof is not None:
                done = best.meta["progress"]["epoch"]
                yield self._proved(self.proof.check_best(self.position.epoch, done, self.learner.average))
        test = None
        if self.learner.parts.test is not None:
            test = yield from self.learner.evaluate(self.learner.parts.test)
            if not math.isfinite(test.loss):
                raise LossNotFinite(self.position.step)
        yield self._finished(test, stopped=False)

    def _stop(self) -> Generator[Event | None, None, None]:
        """Keep everything and end. A second `Stop`, while the save fails, gives up what came after the last one."""
        # Once the end is saved, the network may hold the best weights: only the test is left undone.
        if self.position.reason is None or self._saved_place != self._place():
            with contextlib.suppress(Stop):
                yield self._flush()
            try:
                yield from self._save()
            except Stop:
                self.store.log("stopped without saving")
        yield self._finished(None, stopped=True)

    def _finished(self, test: Figures | None, *, stopped: bool) -> Finished:
        position = self.position
        reason = message("stopped", "stopped at step {step}", step=position.step)
        if position.reason is not None and not stopped:
            reason = position.reason
        self.store.log(str(reason) + (f"; test accuracy {test.accuracy}, test loss {test.loss}" if test else ""))
        result = self._keep_result(reason, test, stopped=stopped)
        return result.finished(position.step, self.history.epochs, self.store.best_path)

    def _keep_result(self, reason: Message, test: Figures | None = None, **ended: Any) -> Result:
        """How the run ended (`stopped`, `failed`, `plugin`) and what it came to, kept with it."""
        best = self._best()
        result = Result(
            reason,
            epochs=self.position.epoch,
            best_epoch=best.epoch if best else None,
            best_val_loss=best.val_loss if best else None,
            best_val_accuracy=best.val_accuracy if best else None,
            test_loss=test.loss if test else None,
            test_accuracy=test.accuracy if test else None,
            seconds=time.perf_counter() - self._started_at,
            **ended,
        )
        self.store.set_result(result)
        return result

    def _failure(self, error: BaseException) -> Failed:
        return failure(error, self.config.strategies, self.position.step, self._hints)

    def _hints(self) -> str:
        """What may keep this run's loss finite, with the learning rate that it has come to."""
        return against_infinity(with_changes(self.config, self.position.changes), self.learner.largest_input())

    # --- what may be done while the run is suspended ---------------------------------------------

    def exclude(self, seconds: float) -> None:
        """Leave a pause out of the epoch's time."""
        self._clock.exclude(seconds)

    def change_lr(self, lr: float) -> Changed:
        """Train on with another learning rate, recorded with the run. Raises `InputError` where it could not act."""
        check_lr(lr)
        old = self._schedule.lr(self.position.step, self.history)
        if old == 0:
            raise InputError(
                "schedule-at-zero", "{ids} holds the learning rate at 0 here, and any other would be multiplied by "
                "that: fork without it", ids=", ".join(scheduler.id for scheduler in self.config.schedulers),
            )  # fmt: skip
        self.position.changes.append(Change(self.position.step, "lr", old, lr))
        try:
            self._describe()
        except InputError as error:  # a full disk is no failure: the checkpoints hold the change
            self.store.log(str(error))
        return Changed(self.position.step, "lr", old, lr)

    def name_parent(self, parent: Parent) -> None:
        """Record what this run has of another one, before its first step. Raises `InputError`."""
        self.position.parent = parent
        self._describe()

    def extend(self, epochs: int, *, reschedule: bool = False) -> None:
        """Go on to this total of epochs; a run that had ended is judged afresh from here. To be called before `run`.

        Raises `InputError` where so many epochs are done already.
        """
        position = self.position
        check_total(epochs, position.epoch)
        position.changes.append(Change(position.step, "epochs", self.epochs, epochs))
        if reschedule:
            position.changes.append(Change(position.step, "schedule", self._schedule.planned_epochs, epochs))
        if position.reason is not None:
            self.history.marks.append(position.epoch)
            position.seconds = -position.sums.seconds
            position.reason = None
        self._unsaved = True
        self._describe()

    @property
    def epochs(self) -> int:
        """The total of epochs, as extended."""
        extended = [int(change.new) for change in self.position.changes if change.field == "epochs"]
        return extended[-1] if extended else self.config.epochs

    def _describe(self) -> None:
        """Keep the settings with their changes, and what the run runs on. Raises `InputError`."""
        self.store.describe(self.description.settings(self.position), self.description.environment())
