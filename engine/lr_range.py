"""The learning-rate range test: a throw-away network learns while the rate rises from step to step."""

from __future__ import annotations

import itertools
import math
from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torch import Tensor

from engine.config import RunConfig
from engine.data import Parts, Report, Source
from engine.differing import ASIDE
from engine.failure import failure, out_of_memory
from engine.hardware import resolve_device
from engine.learner import Learner
from engine.lr_suggestion import Suggestion, suggest
from engine.message import InputError
from engine.preview.memory import check_memory
from engine.randomness import undisturbed_generators

DIVERGED = 3.0
"""So many times the first losses' level is no noise: the loss has diverged."""
LEVEL_OF = 5
"""Steps whose middle loss is the level, at the beginning and now."""
WITHOUT_EFFECT = ("lr", "epochs", "seed", "monitor", "offered", *ASIDE)
"""Settings that change nothing in what is looked for."""
NOT_ASKED = ("scheduler", "stopping")
"""Kinds of techniques that have no part in a test."""


@dataclass(frozen=True)
class Span:
    """Over which rates it goes, in how many steps, and with how many seeds."""

    lowest: float = 1e-6
    highest: float = 10.0
    steps: int = 120
    seeds: int = 2

    def __post_init__(self) -> None:
        """Raises `InputError` where that is no span."""
        if not 0 < self.lowest < self.highest <= 1e4:
            raise InputError(
                "bad-span", "the rates must rise from a lowest above 0 to a highest of at most 10000, not from "
                "{lowest} to {highest}", lowest=self.lowest, highest=self.highest,
            )  # fmt: skip
        if not 20 <= self.steps <= 10_000:
            raise InputError("bad-steps", "a range test takes 20 to 10000 steps, not {steps}", steps=self.steps)
        if not 1 <= self.seeds <= 20:
            raise InputError("bad-seeds", "a range test takes 1 to 20 seeds, not {seeds}", seeds=self.seeds)

    def lr(self, step: int) -> float:
        """The rate of this step: each is by the same factor higher than the one before."""
        return float(self.lowest * (self.highest / self.lowest) ** (step / (self.steps - 1)))


@dataclass(frozen=True)
class Tried:
    """One step of a test."""

    seed: int
    step: int
    """From 0."""
    lr: float
    loss: float
    """Before the update, without penalties."""


@dataclass(frozen=True)
class RangeTest:
    """A whole test."""

    seeds: tuple[int, ...]
    curves: tuple[tuple[tuple[float, float], ...], ...]
    """Rate and loss of each step, of each seed, until the loss diverged."""
    found: Suggestion

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        found = self.found
        return {
            "suggestion": found.lr, "low": found.low, "high": found.high, "seeds": list(self.seeds),
            "reason": None if found.reason is None else str(found.reason),
            "curve": [[list(point) for point in curve] for curve in self.curves],
        }  # fmt: skip


def essence(config: RunConfig) -> RunConfig:
    """The settings as far as they make a difference to a test: others with the same essence need no other."""
    usual = {name: RunConfig.model_fields[name].default for name in WITHOUT_EFFECT}
    return config.model_copy(
        update={**usual, "with_": tuple(each for each in config.with_ if each.kind not in NOT_ASKED)}
    )


def range_test(
    config: RunConfig, parts: Parts, folder: Path, span: Span, report: Report = lambda text, fraction: None
) -> Generator[Tried, None, RangeTest]:
    """Train a network with these settings on these parts, the rate rising; once for each seed, each from its beginning.

    Yields every step, and may be closed at any. The rate is that of the whole network: schedules have no part in it,
    fine-tuning has. Nothing is left behind: no run, no file but what `config.model` downloads into the data folder
    (which `report` is told of, and may refuse), and the generators of random numbers stand as they stood.

    Raises `InputError` where the settings can't be used, or the loss is not finite before any rate has acted. The
    method is that of L. N. Smith, "Cyclical Learning Rates for Training Neural Networks" (2015, arXiv:1506.01186),
    with a rate that rises exponentially.
    """
    config.check(parts.spec)
    device = resolve_device(config.device)
    check_memory(config, parts.spec, device)
    few = replace(parts, validation=None, test=None)
    seeds = tuple((config.seed + count) % 2**32 for count in range(span.seeds))
    curves = []
    for seed in seeds:
        seeded = config.changed({"seed": seed})
        with undisturbed_generators():
            learner = Learner(seeded, few, device, Source(folder, report))
        curves.append((yield from _sweep(learner, span)))
        del learner
    return RangeTest(seeds, tuple(curves), suggest(curves))


def _sweep(learner: Learner, span: Span) -> Generator[Tried, None, tuple[tuple[float, float], ...]]:
    """One network from its beginning, until its loss diverges."""
    curve: list[tuple[float, float]] = []
    for number, (rows, epoch, batch) in enumerate(itertools.islice(_batches(learner), span.steps)):
        lr = span.lr(number)
        loss = _step(learner, rows, epoch, batch, lr)
        if number == 0 and not math.isfinite(loss):
            raise InputError(
                "not-finite-at-first", "the loss is not finite at the first step, before any learning rate has acted: "
                "look at the data and their scaling, the loss and the initial weights"
            )  # fmt: skip
        if not math.isfinite(loss):
            break
        curve.append((lr, loss))
        yield Tried(learner.config.seed, number, lr, loss)
        if _diverged([loss for _, loss in curve]):
            break
    return tuple(curve)


def _step(learner: Learner, rows: Tensor, epoch: int, batch: int, lr: float) -> float:
    """One update, and its loss."""
    try:
        with undisturbed_generators():
            loss, _ = learner.step(rows, epoch, batch, lr)
        return float(loss)
    except Exception as error:
        if not out_of_memory(error):
            raise
        text = failure(error, learner.config.strategies, batch).text
        raise InputError(text.code, text.template, **text.values) from error


def _batches(learner: Learner) -> Generator[tuple[Tensor, int, int], None, None]:
    """The batches of a run, in its order: their rows, with their epoch and number."""
    for epoch in itertools.count():
        order = learner.order(epoch)
        for batch, (start, end) in enumerate(learner.bounds):
            yield order[start:end], epoch, batch


def _diverged(losses: list[float]) -> bool:
    level = sorted(losses[:LEVEL_OF])[len(losses[:LEVEL_OF]) // 2]
    now = sorted(losses[-LEVEL_OF:])[len(losses[-LEVEL_OF:]) // 2]
    return len(losses) > LEVEL_OF and now > DIVERGED * abs(level)
