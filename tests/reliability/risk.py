"""How much training a kill may cost, told by a clock that is turned on by hand."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from itertools import cycle
from types import SimpleNamespace
from typing import Any
from unittest import mock

from engine.config import RunConfig
from engine.learner import Learner
from engine.store import MemoryStore
from engine.trainer import Trainer


def training_at_risk(
    config: RunConfig,
    steps: Sequence[float],
    evaluations: Sequence[float] = (0.0,),
    saves: Sequence[float] = (0.0,),
    pauses: Sequence[float] = (0.0,),
) -> float:
    """The most seconds of training that were in no checkpoint at any moment of a run.

    Each sequence tells, again and again, how many seconds the next step, batch of an evaluation, save, or pause at a
    boundary takes.
    """
    now = at_risk = most = 0.0
    take = {name: cycle(seconds) for name, seconds in locals().items() if isinstance(seconds, (list, tuple))}

    def passes(name: str) -> float:
        nonlocal now
        seconds = next(take[name])
        now += seconds
        return seconds

    def step(self: Learner, *arguments: Any) -> Any:
        nonlocal at_risk, most
        at_risk += passes("steps")
        most = max(most, at_risk)
        return real_step(self, *arguments)

    def evaluate(self: Learner, part: Any) -> Generator[None, None, Any]:
        for _ in range(2):
            passes("evaluations")
            yield
        return (yield from real_evaluate(self, part))

    class Store(MemoryStore):
        def save(self, *arguments: Any, **options: Any) -> str:
            nonlocal at_risk
            passes("saves")
            at_risk = 0.0
            return super().save(*arguments, **options)

    def boundaries(trainer: Trainer) -> Iterator[None]:
        for _ in trainer.run():
            trainer.exclude(passes("pauses"))
            yield

    real_step, real_evaluate = Learner.step, Learner.evaluate
    clock = SimpleNamespace(perf_counter=lambda: now)
    with (
        mock.patch("engine.trainer.time", clock),
        mock.patch("engine.position.time", clock),
        mock.patch.multiple(Learner, step=step, evaluate=evaluate),
    ):
        for _ in boundaries(Trainer(config, Store)):
            pass
    return most
