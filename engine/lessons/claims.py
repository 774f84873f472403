"""What may be claimed of the runs of a lesson: that a figure of one is below, above or about that of another.

The figures are these and no others, so that a stranger's lesson can be checked and never runs anything of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Any

from engine.catalogue import nearest
from engine.history import EpochRow, best_of
from engine.message import InputError, Message, message

RELATIONS = ("below", "above", "about")
Rows = Sequence[EpochRow]


@dataclass(frozen=True)
class Figure:
    """A figure of a run."""

    of: Callable[[Rows, float | None], float | None]
    """From its epochs, and the target where it takes one; None where the run has no such figure."""
    name: Message
    percent: bool = False
    targeted: bool = False
    """Whether it needs a target."""

    def told(self, target: float | None) -> Message:
        """What it is called, with the target that it is asked for."""
        shown = (
            ""
            if target is None
            else f"{target:.0%}"
            if 0 < target < 1 and "accuracy" in self.name.code
            else f"{target:g}"
        )
        return message(self.name.code, self.name.template, target=shown)


@dataclass(frozen=True)
class Claim:
    """That `figure` of `run` is below, above or about `factor` times what it is compared with."""

    run: str
    figure: str
    relation: str
    than: str | float
    """Another run of the lesson, or a number."""
    than_figure: str
    """The figure of that run."""
    factor: float = 1.0
    target: float | None = None

    @property
    def runs(self) -> tuple[str, ...]:
        """The runs that it speaks of."""
        return (self.run, self.than) if isinstance(self.than, str) else (self.run,)


def claim_from(data: Mapping[str, Any], runs: Sequence[str]) -> Claim:
    """A claim as a lesson's file has it, about these runs. Raises `InputError`."""
    fields = ("run", "figure", "is", "than", "than_figure", "factor", "target")
    for name in data:
        if name not in fields:
            raise InputError(
                "claim-field", "a claim has no {name}{nearest}", name=repr(name)[:60], nearest=nearest(name, fields)
            )
    figure = _one_of(data.get("figure"), tuple(FIGURES), "figure")
    other = _one_of(data.get("than_figure", figure), tuple(FIGURES), "than_figure")
    than = data.get("than")
    if isinstance(than, bool) or not isinstance(than, (int, float)):
        than = _one_of(than, runs, "than")
    target = data.get("target")
    targeted = FIGURES[figure].targeted or FIGURES[other].targeted
    if targeted is (target is None):
        text = "{figure} needs a target, a number" if targeted else "{figure} takes no target: leave it out"
        raise InputError("claim-target", text, figure=figure)
    return Claim(
        run=_one_of(data.get("run"), runs, "run"), figure=figure, relation=_one_of(data.get("is"), RELATIONS, "is"),
        than=than if isinstance(than, str) else float(than), than_figure=other,
        factor=_number(data.get("factor", 1.0), "factor"),
        target=None if target is None else _number(target, "target"),
    )  # fmt: skip


def figure_of(name: str, rows: Rows, target: float | None = None) -> float | None:
    """A figure of a run with these epochs; None where it has none. It may be infinite: never reached."""
    return FIGURES[name].of(rows, target) if rows else None


# --- the figures ----------------------------------------------------------------------------------


def _last(column: str) -> Callable[[Rows, float | None], float | None]:
    return lambda rows, target: getattr(rows[-1], column)


def _best(column: str) -> Callable[[Rows, float | None], float | None]:
    def of(rows: Rows, target: float | None) -> float | None:
        row = best_of(rows, column)
        return None if row is None else getattr(row, column)

    return of


def _best_epoch(rows: Rows, target: float | None) -> float | None:
    row = best_of(rows, "val_loss")
    return None if row is None else float(row.epoch)


def _rise(rows: Rows, target: float | None) -> float | None:
    best, last = _best("val_loss")(rows, None), rows[-1].val_loss
    return None if not best or last is None else last / best


def _reaches(column: str, sign: int) -> Callable[[Rows, float | None], float | None]:
    """The first epoch in which a column is as good as the target; infinite where there is none."""

    def of(rows: Rows, target: float | None) -> float | None:
        for row in rows:
            value = getattr(row, column)
            if value is not None and target is not None and sign * value <= sign * target:
                return float(row.epoch)
        return math.inf

    return of


def _crossing(rows: Rows, target: float | None) -> float | None:
    """The epoch from which on the validation loss lies above the training loss; infinite: it does not.

    The training loss is that which a run shows while it trains, as in the mark of the graph and in the diagnosis: the
    clean one lies below from the first epoch on, and crosses nothing.
    """
    for place in range(len(rows) - 1, -1, -1):
        shown, validation = rows[place].train_loss, rows[place].val_loss
        if shown is None or validation is None:
            return None
        if validation <= shown:
            return float(rows[place + 1].epoch) if place + 1 < len(rows) else math.inf
    return float(rows[0].epoch)


def _drops(rows: Rows, target: float | None) -> float | None:
    rates = [row.lr for row in rows if row.lr is not None]
    return float(sum(after < before * (1 - 1e-9) for before, after in pairwise(rates)))


def _seconds(rows: Rows, target: float | None) -> float | None:
    """The middle of them, as the first epoch warms up."""
    return median(row.train_seconds for row in rows)


FIGURES: dict[str, Figure] = {
    "best_val_loss": Figure(_best("val_loss"), message("figure-best-val-loss", "best validation loss")),
    "best_val_accuracy": Figure(
        _best("val_accuracy"), message("figure-best-val-accuracy", "best validation accuracy"), percent=True
    ),
    "best_epoch": Figure(_best_epoch, message("figure-best-epoch", "epoch of the best validation loss")),
    "last_val_loss": Figure(_last("val_loss"), message("figure-last-val-loss", "validation loss of the last epoch")),
    "last_val_accuracy": Figure(
        _last("val_accuracy"), message("figure-last-val-accuracy", "validation accuracy of the last epoch"),
        percent=True,
    ),
    "last_train_loss": Figure(
        _last("clean_train_loss"), message("figure-last-train-loss", "clean training loss of the last epoch")
    ),
    "last_train_accuracy": Figure(
        _last("clean_train_accuracy"),
        message("figure-last-train-accuracy", "clean training accuracy of the last epoch"), percent=True,
    ),
    "last_gap": Figure(_last("gap"), message("figure-last-gap", "gap of the last epoch")),
    "rise": Figure(_rise, message("figure-rise", "last validation loss divided by the best")),
    "epochs": Figure(_last("epoch"), message("figure-epochs", "epochs trained")),
    "reaches_accuracy": Figure(
        _reaches("val_accuracy", -1), message("figure-reaches-accuracy", "epoch that reaches the accuracy {target}"),
        targeted=True,
    ),
    "reaches_loss": Figure(
        _reaches("val_loss", 1), message("figure-reaches-loss", "epoch that reaches the validation loss {target}"),
        targeted=True,
    ),
    "crossing_epoch": Figure(
        _crossing, message("figure-crossing", "epoch from which validation lies above training")
    ),
    "lr_drops": Figure(_drops, message("figure-lr-drops", "drops of the learning rate")),
    "seconds": Figure(_seconds, message("figure-seconds", "seconds of training per epoch")),
}  # fmt: skip
"""All that can be claimed something of, by name."""


def _one_of(value: Any, known: Sequence[str], where: str) -> str:
    if value not in known or not isinstance(value, str):
        raise InputError(
            "claim-word", "in a claim, {where} is {value}: write one of {known}",
            where=where, value=repr(value)[:60], known=", ".join(known),
        )  # fmt: skip
    return value


def _number(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise InputError("claim-number", "in a claim, {where} is no number", where=where)
    return float(value)
