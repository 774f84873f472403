"""`tunedeck ensemble`: checkpoints together, by the mean of their probabilities."""

from __future__ import annotations

import argparse
import itertools
import sys
from pathlib import Path
from typing import Any

import rich.box
import rich.console
import rich.table
from rich.markup import escape

from engine.catalogue import Catalogue
from engine.commands.export import chosen_checkpoint
from engine.config import RunConfig
from engine.data import Parts, Source, split
from engine.ensembles.ensemble import Figures
from engine.ensembles.export import export_ensemble
from engine.ensembles.members import Ensemble, measure_ensemble, name_of
from engine.exports.export import Exported, check_out
from engine.failure import StartFailed
from engine.language import say, tr
from engine.terminal.progress_bar import ProgressBar
from engine.terminal.run import DONE, FAILED, tell
from engine.terminal.run_tables import part_name


def ensemble(arguments: argparse.Namespace, catalogue: Catalogue, workspace: Path) -> tuple[int, dict[str, Any]]:
    """Carry it out; returns the exit code and what `--json` prints."""
    paths = [chosen_checkpoint(text) for text in arguments.checkpoint]
    out = Path(arguments.export) if arguments.export else None
    if out is not None:  # before the work is done, not after
        for path in paths:
            check_out(path, out)

    def parts_of(config: RunConfig) -> Parts:
        return split(config.dataset.load(Source(workspace / "data")), config)

    try:
        with ProgressBar() as bar:
            found = measure_ensemble(
                paths, catalogue, parts_of, weights=arguments.weights, part=arguments.part, report=bar.loading
            )
    except StartFailed as error:
        tell(error.failed)
        return FAILED, {"reason": str(error.failed.text)}
    for note in found.notes:
        print(f"tunedeck: {say(note)}", file=sys.stderr)
    made = export_ensemble(paths, found.weights, out, catalogue, parts_of) if out is not None else None
    for note in made.notes if made else ():
        print(f"tunedeck: {say(note)}", file=sys.stderr)
    if not arguments.json:
        _print(found, made)
    return DONE, to_dict(found) | {"file": str(made.file.absolute()) if made else None}


def to_dict(found: Ensemble) -> dict[str, Any]:
    """The keys that `--json` prints."""
    return {
        "part": found.part, "samples": found.samples, "weights": list(found.weights),
        "members": [{"checkpoint": str(each.checkpoint), **_figures(each.figures)} for each in found.members],
        "ensemble": _figures(found.figures), "best": found.best, "disagreement": found.disagreement,
        "pairs": [
            {"members": [one, other], "disagreement": float(found.pairs[one, other])}
            for one, other in itertools.combinations(range(len(found.members)), 2)
        ],
        "gain": {"accuracy": found.gain.accuracy, "interval": list(found.gain.interval)},
        "notes": [str(note) for note in found.notes],
    }  # fmt: skip


def _figures(figures: Figures) -> dict[str, Any]:
    return {"loss": figures.loss, "accuracy": figures.accuracy, "interval": list(figures.interval)}


def _titled(name: str, is_best: bool) -> str:
    return tr("{name} (best)").format(name=name) if is_best else name


def _print(found: Ensemble, made: Exported | None) -> None:
    console = rich.console.Console(highlight=False)
    table = rich.table.Table(box=rich.box.SIMPLE)
    table.add_column("", overflow="fold")
    for heading in (tr("weight"), tr("loss"), tr("accuracy"), tr("95 % interval")):
        table.add_column(heading, justify="right")
    rows = [
        (_titled(name_of(each.checkpoint), place == found.best), f"{weight:.2f}", each.figures)
        for place, (each, weight) in enumerate(zip(found.members, found.weights, strict=True))
    ]
    for name, weight, figures in (*rows, (tr("together"), "", found.figures)):
        low, high = figures.interval
        interval = tr("{low:.2%} to {high:.2%}").format(low=low, high=high)
        table.add_row(escape(name), weight, f"{figures.loss:.4f}", f"{figures.accuracy:.2%}", interval)
    console.print(tr("{part} part, {samples:,} samples").format(part=part_name(found.part), samples=found.samples))
    console.print(table)
    told = tr("{share:.1%} of the samples are not called the same by all members")
    console.print(told.format(share=found.disagreement))
    console.print(say(found.gain.verdict()), soft_wrap=True)
    if made is not None:
        console.print(f"{escape(str(made.file))}: {say(made.proof.text)}", soft_wrap=True)
