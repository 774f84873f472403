"""A run on the command line: driven to its end, and what is said, and may be done, when it ends or fails."""

from __future__ import annotations

import gc
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from engine.catalogue import Catalogue
from engine.config import RunConfig
from engine.events import Event, Failed, Finished, SaveFailed
from engine.failure import RankFailed, StartFailed
from engine.fork import fork_run
from engine.history import History
from engine.language import say, tr
from engine.message import InputError, message
from engine.processes.ranks import Alone
from engine.remedy import NOT_FINITE, Kind, Remedy, last_good, remedies, with_changes
from engine.runs import new_run
from engine.terminal.interrupts import INTERRUPTED, Interrupts
from engine.terminal.progress_bar import ProgressBar
from engine.terminal.run_tables import ljust
from engine.trainer import Trainer

if TYPE_CHECKING:
    from engine.twin import Twins

DONE, FAILED = 0, 1
RETRY_SECONDS = 5.0
"""How long to wait for room before a failed save is tried again."""
START_AGAIN = {
    Kind.WITHOUT: "start again without it: the same command with {flags}",
    Kind.HALF_BATCH: "start again with half the batch: the same command with {flags} (with --halve-batch it does so by "
    "itself)",
    Kind.LOWER_LR: "start again with a tenth of the learning rate: the same command with {flags}",
}
GO_ON = {
    Kind.WITHOUT: "go on without it: tunedeck fork {run} {flags}",
    Kind.HALF_BATCH: "go on with half the batch: tunedeck fork {run} {flags} (with --halve-batch it does so by itself)",
    Kind.LOWER_LR: "go on with a tenth of the learning rate: tunedeck fork {run} {flags}",
}


@dataclass(frozen=True)
class Order:
    """A run that is to be trained, and how."""

    make: Callable[[ProgressBar], Trainer]
    config: Callable[[], RunConfig]
    """Gives its settings, as asked for."""
    catalogue: Catalogue
    workspace: Path
    origin: Path | None = None
    """The checkpoint or run that it begins at, if any."""
    ranks: Alone = field(default_factory=Alone)
    """The processes that train it together."""
    halve_batch: bool = False
    """Whether to go on with half the batch where memory runs out."""
    quiet: bool = False
    """Whether to say nothing of its end on standard output."""
    halved: tuple[int, int] | None = None
    """Where it goes on with a smaller batch: the batch that was asked for, and the steps that an epoch then had."""


@dataclass(frozen=True)
class _End:
    """How an attempt ended. Holds nothing of the network, so that the next attempt has its memory."""

    code: int
    told: dict[str, Any]
    failed: Failed | None = None
    remedies: tuple[Remedy, ...] = ()
    run: Path | None = None
    """Its folder, where it holds a checkpoint to go on from, or another file there than the last."""
    steps: int = 0
    """Of an epoch."""


def train_to_the_end(order: Order) -> tuple[int, dict[str, Any]]:
    """Make a run ready and drive it to its end; where it may, and memory runs out, on with half the batch.

    Returns the exit code and what `--json` prints. Raises `InputError`.
    """
    with Interrupts(quiet=not order.ranks.leads) as interrupts:
        end = _attempt(order, interrupts)
        while (remedy := _half_batch(end)) is not None and order.halve_batch:
            print(f"tunedeck: {say(end.failed.text) if end.failed else ''}", file=sys.stderr)
            order = _halved(order, end, remedy.config)
            end = _attempt(order, interrupts)
    if end.failed is not None:
        tell(end.failed)
        _offer(end)
    return end.code, end.told


def _attempt(order: Order, interrupts: Interrupts) -> _End:
    with ProgressBar() as bar:
        try:
            trainer = order.make(bar)
        except StartFailed as error:
            return _failed(error.failed, order.config, None, order.ranks)
        except InputError as error:
            if not order.halve_batch:
                raise
            end = _failed(Failed(error.message, 0, None, ""), order.config, None, order.ranks)
            if _half_batch(end) is None:
                raise
            return end
        interrupts.hold()
        _say_halved(order, trainer)
        last = _drive(trainer, bar, interrupts)
    if isinstance(last, Failed):
        return _failed(last, order.config, trainer, order.ranks)
    if not order.quiet:
        print(report(trainer, last, order.halved[0] if order.halved else None))
    return _End(INTERRUPTED if last.stopped else DONE, result(trainer, last, str(last.reason)))


def _failed(failed: Failed, asked_for: Callable[[], RunConfig], trainer: Trainer | None, ranks: Alone) -> _End:
    """How a run ended that could not go on, or, without a trainer, begin."""
    run, samples, steps = None, None, 0
    if trainer is not None:
        config = with_changes(trainer.config.changed({"epochs": trainer.epochs}), trainer.position.changes)
        folder, history = Path(trainer.store.where), trainer.history
        run = _last_good(ranks, folder, history)
        if run is not None and (run.stem == "last" or failed.text.code not in NOT_FINITE):
            run = folder  # which means its last
        samples, steps = len(trainer.learner.parts.training), len(trainer.learner.bounds)
    else:
        config = asked_for()
    ended = trainer is not None and trainer.position.reason is not None  # it failed in the test at the end
    found = () if ended else tuple(remedies(failed, config, samples))
    return _End(FAILED, result(trainer, None, str(failed.text)), failed, found, run, steps)


def _last_good(ranks: Alone, folder: Path, history: History) -> Path | None:
    """As the first process sees it, which alone may have the folder. None too where the others are gone."""

    def look() -> str:
        return str(last_good(folder, history) or "")

    try:
        found = ranks.lead(look)
    except RankFailed:
        found = look()
    return Path(found) if found else None


# --- with half the batch --------------------------------------------------------------------------


def _half_batch(end: _End) -> Remedy | None:
    return next((remedy for remedy in end.remedies if remedy.kind is Kind.HALF_BATCH), None)


def _halved(order: Order, end: _End, config: RunConfig) -> Order:
    """The same with half the batch: from the run's last checkpoint, else from where it began."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    origin = end.run or order.origin

    def make(bar: ProgressBar) -> Trainer:
        if origin is None:
            return new_run(config, order.catalogue, order.workspace, bar.loading, order.ranks)
        return fork_run(origin, config, order.catalogue, order.workspace, bar.loading, order.ranks)

    halved = order.halved or (order.config().batch_size, end.steps)
    return replace(order, make=make, config=lambda: config, origin=origin, halved=halved)


def _say_halved(order: Order, trainer: Trainer) -> None:
    """Say, and write down, what the smaller batch does to the run."""
    if order.halved is None:
        return
    asked, steps = order.halved
    values = {
        "step": trainer.position.step, "size": trainer.config.batch_size, "asked": asked,
        "lr": f"{trainer.config.lr:g}", "steps": len(trainer.learner.bounds),
    }  # fmt: skip
    text = message(
        "batch-halved", "going on from step {step} with a batch of {size} in place of {asked}: the learning rate stays "
        "{lr}; an epoch has {steps} steps in place of {before}, so what a schedule counts in epochs keeps its course, "
        "and what it counts in steps comes earlier", before=steps, **values,
    ) if steps else message(
        "batch-halved", "going on from step {step} with a batch of {size} in place of {asked}: the learning rate stays "
        "{lr}; an epoch has {steps} steps, so what a schedule counts in epochs keeps its course, and what it counts in "
        "steps comes earlier", **values,
    )  # fmt: skip
    trainer.store.log(str(text))
    print(f"tunedeck: {say(text)}", file=sys.stderr)


# --- the drive ------------------------------------------------------------------------------------


def _drive(trainer: Trainer, bar: ProgressBar, interrupts: Interrupts) -> Finished | Failed:
    """Run to the end. Ctrl-C, SIGTERM and a terminal that closes stop it between two steps, with everything saved."""
    last: Event | None = None
    with closing(trainer.run()) as events:
        for event in _until_the_end(trainer, events, interrupts):
            if event is not None:
                bar.show(event)
                last = event
            if isinstance(event, SaveFailed):
                wait_for_room(trainer, interrupts)
    assert isinstance(last, (Finished, Failed))
    return last


def _until_the_end(trainer: Trainer, events: Any, interrupts: Interrupts) -> Iterator[Event | None]:
    event, stopping = next(events), False
    while True:
        yield event
        if isinstance(event, (Finished, Failed)):
            return
        # Who asks again while it stops asks for nothing else, unless it can't be saved.
        if interrupts.take() and (not stopping or isinstance(event, SaveFailed)):
            stopping = True
            event = trainer.stop(events)
        else:
            event = next(events)


def wait_for_room(paused: Trainer | Twins, interrupts: Interrupts) -> None:
    """Wait a while before a failed save is tried again, or until something is asked."""
    started = time.perf_counter()
    while time.perf_counter() < started + RETRY_SECONDS and not interrupts.asked:
        time.sleep(0.1)
    paused.exclude(time.perf_counter() - started)


# --- what is said ---------------------------------------------------------------------------------


def tell(failed: Failed, name: str = "") -> None:
    """Say on standard error what failed, of several runs with the name of that one."""
    print(f"tunedeck: {name}{': ' if name else ''}{say(failed.text)}", file=sys.stderr)
    print(failed.traceback, file=sys.stderr, end="")


def tell_of_one(failed: Failed, trainer: Trainer, name: str) -> None:
    """Say what failed in one of several runs, and with which commands it may go on."""
    tell(failed, name)
    _offer(_failed(failed, lambda: trainer.config, trainer, trainer.ranks))


def _offer(end: _End) -> None:
    """Name the commands with which a run that failed may go on."""
    where = shlex.quote(str(end.run))
    for remedy in end.remedies:
        flags = " ".join(remedy.flags)
        text = tr(START_AGAIN[remedy.kind]) if end.run is None else tr(GO_ON[remedy.kind])
        print(f"tunedeck: {text.format(run=where, flags=flags)}", file=sys.stderr)
    if not end.remedies and end.run is not None:
        told = tr("go on from its last checkpoint: tunedeck resume {run}").format(run=where)
        print(f"tunedeck: {told}", file=sys.stderr)


def result(trainer: Trainer | None, finished: Finished | None, reason: str) -> dict[str, Any]:
    """The keys that `train --json` and its kin print."""
    figures = (
        "epochs", "best_epoch", "best_val_loss", "best_val_accuracy", "test_loss", "test_accuracy",
        "samples_per_second", "seconds", "checkpoint",
    )  # fmt: skip
    return {
        "run": trainer.store.where if trainer else None, "reason": reason,
        **{name: getattr(finished, name) if finished else None for name in figures},
        "batch_size": trainer.config.batch_size if trainer else None,
    }  # fmt: skip


def report(trainer: Trainer, finished: Finished, asked: int | None = None) -> str:
    """What a person reads at the end; `asked` is the batch size that was asked for, where it was halved."""
    ended = tr("{reason}, in {seconds:.1f} s").format(reason=say(finished.reason), seconds=finished.seconds)
    lines: list[str] = [ended]
    if finished.best_epoch is not None:
        figures = [f"{name} {value:.4f}" for name, value in (
            (tr("validation loss"), finished.best_val_loss), (tr("validation accuracy"), finished.best_val_accuracy),
            (tr("test loss"), finished.test_loss), (tr("test accuracy"), finished.test_accuracy),
        ) if value is not None]  # fmt: skip
        best = tr("best epoch {epoch}: {figures}")
        lines.append(best.format(epoch=finished.best_epoch, figures=", ".join(figures)))
    if asked is not None:
        halved = tr("{size}, in place of {asked}, for want of memory")
        lines.append(_row(tr("batch"), halved.format(size=trainer.config.batch_size, asked=asked)))
    if trainer.proof is not None and (proof := trainer.proof.last) is not None:
        told = [*proof.summary(), *proof.told()]
        lines += [_row(tr("layers") if not number else "", say(text)) for number, text in enumerate(told)]
    lines.append(_row(tr("run"), trainer.store.where))
    if finished.checkpoint:
        lines.append(_row(tr("checkpoint"), finished.checkpoint))
    where = shlex.quote(str(trainer.store.where))
    if finished.stopped:
        lines.append(tr("go on with: tunedeck resume {run}").format(run=where))
    elif finished.epochs < trainer.epochs:
        ids = " ".join(f"--without {stopping.id}" for stopping in trainer.config.stoppings)
        total = f" --epochs {trainer.epochs}" if trainer.epochs != trainer.config.epochs else ""
        told_on = tr("see what would have happened: tunedeck fork {run} {flags}")
        lines.append(told_on.format(run=where, flags=ids + total))
    return "\n".join(lines)


def _row(name: str, text: object) -> str:
    return f"{ljust(name, 11)} {text}"
