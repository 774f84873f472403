"""Studies whose trials nobody trained."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from engine.catalogue import Catalogue
from engine.config import RunConfig, recipe
from engine.searches.search import open_study
from engine.searches.space import parse_space
from engine.searches.study import Plan, Study

SPACE = ("lr=1e-3..1e-1:log", "optimizer=adam+sgd", "dropout=on+off", "dropout.p=0.1..0.6")


def plan_of(catalogue: Catalogue, space: Sequence[str] = SPACE, **values: object) -> Plan:
    """A plan over the bundled sample; the seed of its sampler is always the same."""
    config: RunConfig = recipe("default", catalogue).changed({"epochs": 3, **values})
    return Plan(config, parse_space(space, config, catalogue), "random", "none")


@contextlib.contextmanager
def study_of(name: str, plan: Plan | None, catalogue: Catalogue, workspace: Path) -> Iterator[Study]:
    """A study that this process leads, or takes part in."""
    (workspace / "search").mkdir(parents=True, exist_ok=True)
    with open_study(name, plan, catalogue, workspace) as study:
        yield study


def train(study: Study, *losses: float | None, end: str = "complete") -> None:
    """Tell of a trial for each loss, which has it in its second epoch; None is one that fails."""
    for loss in losses:
        asked = study.ask(None)
        assert asked is not None
        if loss is None:
            study.fail(asked, "it broke")
            continue
        for epoch, value in enumerate((2 * loss, loss, 1.5 * loss), 1):
            study.report(asked, epoch, value)
        study.complete(asked) if end == "complete" else study.prune(asked)
