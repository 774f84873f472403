"""What a run comes to, in words: for the panel "What is happening" and the list of runs."""

from __future__ import annotations

import math

from PySide6.QtCore import QCoreApplication

from engine.events import Failed, Finished
from engine.history import EpochRow
from gui import numbers
from gui.runs.run import Run
from gui.training.session import State
from gui.words import say

NO_GAIN = 3
"""After so many epochs without a better validation loss, it is said."""


def _tr(text: str) -> str:
    return QCoreApplication.translate("Report", text)


def headline(run: Run | None, state: State) -> str:
    """What the run does now, in one line."""
    if run is None:
        return _tr("Loading…") if state is State.LOADING else _tr("Ready")
    texts = {
        State.PREPARING: _tr("Preparing {run}"),
        State.RUNNING: _tr("Training {run}"),
        State.PAUSED: _tr("Paused: {run}"),
        State.STOPPING: _tr("Saving and stopping {run}"),
    }
    if state in (State.RUNNING, State.PAUSED) and run.outcome is not None:
        return _tr("{run} has ended; what trains beside it goes on").format(run=run.label)
    if state in texts:
        return texts[state].format(run=run.label)
    if isinstance(run.outcome, Failed):
        return _tr("Failed: {run}").format(run=run.label)
    if run.outcome is None:
        return _tr("Loaded: {run}").format(run=run.label)
    return (_tr("Stopped: {run}") if run.outcome.stopped else _tr("Finished: {run}")).format(run=run.label)


def invitation() -> str:
    """What stands where there is no run yet."""
    return _tr("Press Start (F5). The curves are drawn while the network trains, and what they mean is said here.")


def facts(run: Run) -> list[str]:
    """What is known of the run, a line each."""
    lines = []
    if isinstance(run.outcome, Failed):
        lines.append(say(run.outcome.text))
    elif isinstance(run.outcome, Finished):
        lines += [say(run.outcome.reason), *_test_lines(run, run.outcome)]
    if run.parent and run.forked_epoch == 0:
        lines.append(_tr("Begins with the initial weights of {run}, as far as they fit.").format(run=run.parent))
    elif run.parent:
        lines.append(_tr("A fork of {run}: the past up to there is shared.").format(run=run.parent))
    lines += _epoch_lines(run)
    lines += [say(text) for text in run.proof.summary()] if run.proof is not None else []
    if run.started is not None:
        lines += _set_up(run)
    return lines


def _test_lines(run: Run, outcome: Finished) -> list[str]:
    if outcome.test_loss is None:
        return []
    count = run.started.parts[2] if run.started else 0
    if outcome.test_accuracy is None:
        return [_tr("Test loss {loss}, with the weights of epoch {epoch}").format(
            loss=numbers.loss(outcome.test_loss), epoch=outcome.best_epoch)]  # fmt: skip
    text = _tr("Test accuracy {accuracy} (95 % interval ±{margin}), loss {loss}, with the weights of epoch {epoch}")
    accuracy = outcome.test_accuracy
    return [text.format(
        accuracy=numbers.percent(accuracy), margin=numbers.percent(margin(accuracy, count)),
        loss=numbers.loss(outcome.test_loss), epoch=outcome.best_epoch,
    )]  # fmt: skip


def _epoch_lines(run: Run) -> list[str]:
    best, last = run.best, run.last
    if best is None or last is None:
        return []
    lines = [_tr("Best so far: epoch {epoch}, {figures}").format(epoch=best.epoch, figures=_figures(best))]
    if last.epoch - best.epoch >= NO_GAIN and last.val_loss is not None:
        lines.append(_tr("No better epoch for {count} epochs.").format(count=last.epoch - best.epoch))
    gap = run.gap
    if gap is not None:
        lines.append(_tr("Gap {gap}: validation loss less clean training loss, in epoch {epoch}.").format(
            gap=signed_loss(gap), epoch=last.epoch))  # fmt: skip
    return lines


def _set_up(run: Run) -> list[str]:
    started = run.started
    assert started is not None
    training, validation, test = map(numbers.count, started.parts)
    device = started.device.upper() if started.device in ("cpu", "mps") else started.device
    threads = _tr("1 thread") if started.threads == 1 else _tr("{count} threads").format(count=started.threads)
    return [
        _tr("{training} training, {validation} validation and {test} test samples").format(
            training=training, validation=validation, test=test
        ),
        _tr("{parameters} parameters on {device}, {threads}").format(
            parameters=numbers.count(started.parameters), device=device, threads=threads
        ),
    ]


def warnings(run: Run) -> list[str]:
    """What there is to consider about the run's settings, and about layers that are not as they should be."""
    told = [f"{owner}: {say(text)}" for owner, text in run.started.warnings] if run.started else []
    return [*([say(text) for text in run.proof.told()] if run.proof is not None else []), *told]


def signed_loss(value: float) -> str:
    """A difference of losses with its sign."""
    return ("\N{MINUS SIGN}" if value < 0 else "+") + numbers.loss(abs(value))


def margin(share: float, count: int) -> float:
    """Half the width of the 95 % interval of a share measured on so many samples (Wilson's)."""
    if count == 0:
        return math.nan
    z = 1.96
    return z / (1 + z * z / count) * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))


def _figures(row: EpochRow) -> str:
    if row.val_loss is None:
        return _tr("training loss {loss}").format(loss=numbers.loss(row.train_loss))
    if row.val_accuracy is None:
        return _tr("validation loss {loss}").format(loss=numbers.loss(row.val_loss))
    return _tr("validation loss {loss}, accuracy {accuracy}").format(
        loss=numbers.loss(row.val_loss), accuracy=numbers.percent(row.val_accuracy)
    )
