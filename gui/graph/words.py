"""What the graph says in words: on its marks, and to those who hear it."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from engine.history import EpochRow
from gui import numbers


def _tr(text: str) -> str:
    return QCoreApplication.translate("LiveGraph", text)


def best(epoch: int) -> str:
    """On the best epoch."""
    return _tr("best, epoch {epoch}").format(epoch=epoch)


def crossing() -> str:
    """Where the validation loss crosses the training loss."""
    return _tr("validation crosses training")


def least() -> str:
    """Where the validation loss is least, where that is not the best epoch."""
    return _tr("least validation loss")


def jumped(factor: float) -> str:
    """Where the learning rate jumped by itself."""
    return _tr("lr {factor}").format(factor=numbers.factor(factor))


def changed(old: float, new: float) -> str:
    """Where the learning rate was changed by hand."""
    return _tr("lr {old} → {new}").format(old=numbers.learning_rate(old), new=numbers.learning_rate(new))


def extended(more: int) -> str:
    """Where epochs were added."""
    return _tr("1 more epoch") if more == 1 else _tr("{count} more epochs").format(count=more)


def forked(parent: str, x: float) -> str:
    """Where a run left its parent, x in epochs."""
    epoch = f"{x:.4g}"
    if not parent:
        return _tr("forked, epoch {epoch}").format(epoch=epoch)
    return _tr("forked from {run}, epoch {epoch}").format(run=parent, epoch=epoch)


def figures(label: str, row: EpochRow | None, epochs: int) -> str:
    """The latest figures of a run, as a sentence."""
    if row is None:
        return _tr("{run}: no epoch is done yet").format(run=label)
    known = [
        (_tr("training loss"), numbers.loss(row.train_loss)),
        (_tr("validation loss"), numbers.loss(row.val_loss)),
        (_tr("training accuracy"), numbers.percent(row.train_accuracy)),
        (_tr("validation accuracy"), numbers.percent(row.val_accuracy)),
        (_tr("learning rate"), numbers.learning_rate(row.lr)),
    ]
    said = ", ".join(f"{name} {value}" for name, value in known if value != numbers.NONE)
    where = _tr("{run}, epoch {epoch} of {epochs}").format(run=label, epoch=row.epoch, epochs=epochs)
    return f"{where}: {said}"
