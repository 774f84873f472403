"""With which other settings a run that failed may go on: what the window offers, and the command line names."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto
from math import prod
from pathlib import Path
from typing import Protocol

from engine.checkpoints.header import read_meta
from engine.config import HIGHEST_LR, RunConfig
from engine.events import Failed
from engine.history import History
from engine.message import InputError
from engine.strategy import Strategy

NO_MEMORY = frozenset(("out-of-memory", "too-little-memory"))
"""Codes of failures that a smaller batch may mend."""
NOT_FINITE = frozenset(("not-finite", "weights-not-finite"))
"""Codes of failures that a lower learning rate may mend."""
FAR = 20.0
"""An input that lies so far from 0, scaled, makes first steps that are far too long."""


class Kind(Enum):
    """What is changed."""

    WITHOUT = auto()
    """The technique that failed is left out."""
    HALF_BATCH = auto()
    LOWER_LR = auto()


@dataclass(frozen=True)
class Remedy:
    """Other settings, and what is changed in them."""

    kind: Kind
    config: RunConfig
    flags: tuple[str, ...]
    """What makes that change on the command line."""
    technique: Strategy | None = None
    """What is left out, if anything is."""


class Change(Protocol):
    """A change made in a run, as its record or an event has it."""

    @property
    def field(self) -> str: ...  # noqa: D102
    @property
    def old(self) -> float: ...  # noqa: D102
    @property
    def new(self) -> float: ...  # noqa: D102


def remedies(failed: Failed, config: RunConfig, samples: int | None = None) -> list[Remedy]:
    """What may help a run with these settings that failed so; `samples` is the size of its training part, if known."""
    code = failed.text.code
    found = [
        Remedy(Kind.WITHOUT, config.unticked(strategy.id), ("--without", strategy.id), strategy)
        for strategy in config.with_
        if strategy.id == failed.plugin
    ]
    size = min(config.batch_size, samples or config.batch_size) // 2
    if code in NO_MEMORY and size:
        half = config.changed({"batch_size": size})
        found.append(Remedy(Kind.HALF_BATCH, half, ("--batch-size", str(size))))
    if code in NOT_FINITE:
        lower = config.changed({"lr": float(f"{config.lr / 10:.3g}")})
        found.append(Remedy(Kind.LOWER_LR, lower, ("--lr", f"{lower.lr:g}")))
    return found


def last_good(run: Path, history: History) -> Path | None:
    """The newest checkpoint in a run's folder to go on from when its loss became infinite, if there is one.

    That is its last, unless the run did worse there than it had done untrained: then its weights are finite, and lost
    all the same, and it is the best.
    """
    last, best = (run / "checkpoints" / f"{name}.safetensors" for name in ("last", "best"))
    if not last.is_file():
        return None
    try:
        step = read_meta(last)["progress"]["step"]
    except InputError:
        return last
    losses = history.steps[history.steps[:, 0] <= step, 1]
    return best if len(losses) and losses[-1] > losses[0] and best.is_file() else last


def with_changes(config: RunConfig, changes: Iterable[Change]) -> RunConfig:
    """A run's settings with the learning rate that it had come to by the changes in it, as far as it can be set."""
    factors = [change.new / change.old for change in changes if change.field == "lr" and change.old]
    if not factors:
        return config
    lr = float(f"{config.lr * prod(factors):.12g}")
    return config.changed({"lr": min(max(lr, sys.float_info.min), HIGHEST_LR)})


def against_infinity(config: RunConfig, largest_input: float) -> str:
    """What may keep the loss of such a run finite, in words; `largest_input` is how far scaled inputs lie from 0."""
    hints = [f"a lower learning rate than {config.lr:.3g}"]
    if not any(scheduler.every == "step" for scheduler in config.schedulers):
        hints.append("a warm-up")
    if not config.giving("before_step"):
        hints.append("gradient clipping")
    if largest_input > FAR:
        hints.append(f"another scaling (inputs reach {largest_input:.3g})")
    if config.precision != "float32":
        hints.append("precision float32")
    return ", ".join(hints[:-1]) + " or " + hints[-1] if len(hints) > 1 else hints[0]
