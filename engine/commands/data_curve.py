"""`tunedeck data-curve`: accuracy against the amount of training data, in the terminal."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import rich.box
import rich.table

from engine.catalogue import Catalogue
from engine.language import say, tr
from engine.sweeps.data_curve import Accuracy, DataCurve, data_curve, parse_shares, plan
from engine.sweeps.sweep import State
from engine.terminal.given_settings import settings
from engine.terminal.run_tables import part_name, terminal
from engine.terminal.sweep import conclude, done_already, train_sweep

WIDTH = 40
"""Characters of a bar from 0 to 100 %."""
NEVER = "–"


def run(arguments: argparse.Namespace, catalogue: Catalogue, workspace: Path) -> tuple[int, dict[str, Any]]:
    """`tunedeck data-curve`."""
    planned = plan(settings(arguments, catalogue), parse_shares(arguments.shares), arguments.seeds)
    members = planned.members
    words = tr("{shares} shares, {seeds} seeds: {runs} runs{already}").format(
        shares=len(planned.shares), seeds=len(planned.seeds), runs=len(members),
        already=done_already(members, workspace),
    )  # fmt: skip
    print(words, file=sys.stderr)
    code, found = train_sweep(members, catalogue, workspace)
    curve = data_curve(planned, found)
    code = conclude(code, found)
    if not arguments.json:
        _print(curve)
    return code, told(curve)


def told(curve: DataCurve) -> dict[str, Any]:
    """What `--json` prints."""
    return {
        "runs": len(curve.standings), "seeds": list(curve.plan.seeds), "part": curve.part,
        "curve": [
            {"share": each.share, "samples": each.samples, "validation": _to_dict(each.validation),
             "test": _to_dict(each.test)}
            for each in curve.amounts
        ],
        "twice": None if curve.estimate is None else asdict(curve.estimate),
        "reason": None if curve.reason is None else str(curve.reason),
        "not_done": [
            {"run": each.member.label, "state": str(each.state)}
            for each in curve.standings if each.state is not State.DONE
        ],
    }  # fmt: skip


def _to_dict(accuracy: Accuracy | None) -> dict[str, Any] | None:
    if accuracy is None:
        return None
    interval = None if accuracy.interval is None else list(accuracy.interval)
    return {"mean": accuracy.mean, "interval": interval, "values": list(accuracy.values)}


def _print(curve: DataCurve) -> None:
    console = terminal()
    table = rich.table.Table(box=rich.box.SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
    for heading in (tr("data"), tr("samples"), tr("validation"), tr("test")):
        table.add_column(heading, justify="right", no_wrap=True)
    part = part_name(curve.part)
    table.add_column(tr("{part} accuracy, 0 to 100 %").format(part=part), no_wrap=True)
    for each in curve.amounts:
        shown = each.of(curve.part)
        bar = "█" * round(WIDTH * shown.mean) if shown is not None else ""
        samples = NEVER if each.samples is None else f"{each.samples:,}"
        table.add_row(f"{each.share:g} %", samples, _figure(each.validation), _figure(each.test), bar)
    console.print(table)
    if curve.estimate is not None:
        found = curve.estimate
        console.print(
            tr("with twice the data about {accuracy:.1%} on the {part} part ({low:.1%} to {high:.1%})").format(
                accuracy=found.accuracy, part=part, low=found.low, high=found.high
            ), highlight=False,
        )  # fmt: skip
    elif curve.reason is not None:
        words = tr("what twice the data would bring can't be told: {reason}").format(reason=say(curve.reason))
        console.print(words, highlight=False)
    console.print(
        tr(
            "Means over the seeds with 95 % intervals. Every run has the same epochs, so more data means more steps "
            "too."
        ), highlight=False, style="dim",
    )  # fmt: skip


def _figure(accuracy: Accuracy | None) -> str:
    if accuracy is None:
        return NEVER
    if accuracy.interval is None:
        return f"{accuracy.mean:.1%}"
    return f"{accuracy.mean:.1%} ±{100 * (accuracy.interval[1] - accuracy.interval[0]) / 2:.1f}"
