"""`tunedeck find-lr`: a learning-rate range test in the terminal."""

from __future__ import annotations

import argparse
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engine.catalogue import Catalogue
from engine.config import RunConfig
from engine.data import Source, split
from engine.language import say, tr
from engine.lr_range import RangeTest, Span, range_test
from engine.lr_suggestion import mean_curve
from engine.message import message
from engine.terminal.given_settings import settings
from engine.terminal.progress_bar import ProgressBar
from engine.terminal.run import DONE
from engine.terminal.run_tables import rjust

LINES = 28
"""Of the plot, at most."""
WIDTH = 40
"""Characters of its longest bar."""


def find_lr(arguments: argparse.Namespace, catalogue: Catalogue, workspace: Path) -> tuple[int, dict[str, Any]]:
    """`tunedeck find-lr`."""
    given = {name: getattr(arguments, name) for name in ("lowest", "highest", "steps", "seeds")}
    span = Span(**{name: value for name, value in given.items() if value is not None})
    config = settings(arguments, catalogue)
    before = torch.get_num_threads()
    try:
        if config.threads != "auto":
            torch.set_num_threads(int(config.threads))
        test = _drive(config, span, workspace / "data")
    finally:
        torch.set_num_threads(before)
    if not arguments.json:
        print("\n".join(report(test)))
    return DONE, test.to_dict()


def _drive(config: RunConfig, span: Span, folder: Path) -> RangeTest:
    with ProgressBar() as bar:
        parts = split(config.dataset.load(Source(folder, bar.loading)), config)
        with closing(range_test(config, parts, folder, span, bar.loading)) as test:
            done = 0
            while True:
                try:
                    tried = next(test)
                except StopIteration as end:
                    return end.value  # type: ignore[no-any-return]
                done = max(done, (tried.seed - config.seed) % 2**32 * span.steps + tried.step + 1)
                bar.loading(message("finding-lr", "looking for a learning rate"), done / span.steps / span.seeds)


def report(test: RangeTest) -> list[str]:
    """What a person reads: the mean loss over the rates as lines of bars, and what follows from it."""
    found, lines = test.found, []
    if curve := mean_curve(test.curves):
        rates, losses = np.array(curve).T
        lines += _drawn(rates, losses, found.lr)
    if found.lr is None:
        reason = say(found.reason) if found.reason is not None else ""
        return [*lines, "", tr("no learning rate can be suggested: {reason}").format(reason=reason)]
    usable = tr("the loss falls from {low:g} on, and has risen again beyond {high:g}")
    suggested = tr("suggested learning rate: --lr {lr:g}").format(lr=found.lr)
    return [*lines, "", usable.format(low=found.low, high=found.high), suggested]


def _drawn(rates: np.ndarray, losses: np.ndarray, lr: float | None) -> list[str]:
    shown = np.unique(np.linspace(0, len(rates) - 1, min(LINES, len(rates))).round().astype(int))
    marked = -1 if lr is None else int(shown[np.abs(np.log(rates[shown] / lr)).argmin()])
    most = float(np.median(losses[: max(1, len(losses) // 3)])) * 1.25  # what diverges would flatten all else
    lines = [f"{rjust(tr('rate'), 9)}  {rjust(tr('loss'), 8)}"]
    for step in shown:
        share = min(1.0, max(0.0, float(losses[step]) / most)) if most > 0 else 0.0
        beyond = "…" if losses[step] > most else ""
        mark = f"  ◀ {tr('suggested')}" if step == marked else ""
        lines.append(f"{rates[step]:>9.2g}  {losses[step]:>8.4g}  {'█' * round(WIDTH * share)}{beyond}{mark}")
    return lines
