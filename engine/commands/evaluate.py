"""`tunedeck evaluate`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from engine.catalogue import Catalogue
from engine.commands import export as export_command
from engine.csv_file import table_file, write_table
from engine.failure import StartFailed
from engine.fork import settings_of
from engine.language import say, tr
from engine.message import InputError
from engine.strategy import Augmentation, Dataset, Strategy
from engine.strategy_text import parse_strategy
from engine.terminal.run import DONE, FAILED, tell
from engine.terminal.run_tables import part_name
from engine.trained.network import Evaluation, evaluate_checkpoint
from engine.trained.suspects import suspects_csv


def evaluate(arguments: argparse.Namespace, catalogue: Catalogue, workspace: Path) -> tuple[int, dict[str, Any]]:
    """`tunedeck evaluate`."""
    path = export_command.chosen_checkpoint(arguments.checkpoint)
    table = table_file("--suspects", arguments.suspects)
    dataset = None
    if arguments.dataset:  # what it leaves out is as in the run
        chosen = parse_strategy(arguments.dataset, catalogue, "dataset", settings_of(path, catalogue))
        assert isinstance(chosen, Dataset)
        dataset = chosen
    augmentations = [_augmentation(parse_strategy(text, catalogue)) for _, text in arguments.changes]
    if arguments.views < 1 or (augmentations and arguments.views == 1):
        raise InputError("bad-views", "--views is a number from 1 on, and above 1 with --with: such as --views 8")
    try:
        found = evaluate_checkpoint(
            path, catalogue, workspace, part=arguments.part, dataset=dataset, views=arguments.views,
            augmentations=augmentations, suspects=table is not None,
        )  # fmt: skip
    except StartFailed as error:
        tell(error.failed)
        return FAILED, {"checkpoint": str(path), "reason": str(error.failed.text)}
    for note in found.notes:
        print(f"tunedeck: {say(note)}", file=sys.stderr)
    if table is not None and found.suspects is not None:
        write_table(table, suspects_csv(found.suspects))
    if not arguments.json:
        print(_figures(found))
        if found.suspects is not None:
            told = tr("{count:,} samples may bear a wrong label: {file}")
            print(told.format(count=len(found.suspects), file=table))
    return DONE, {
        "checkpoint": str(path), "part": found.part, "samples": found.samples,
        "views": arguments.views, "loss": found.loss, "accuracy": found.accuracy, "interval": found.interval,
        "notes": [str(note) for note in found.notes],
        "suspects": len(found.suspects) if found.suspects is not None else None,
        "suspects_file": str(table.absolute()) if table else None,
    }  # fmt: skip


def _figures(found: Evaluation) -> str:
    """What a person reads."""
    part, samples, loss = part_name(found.part), found.samples, found.loss
    if found.accuracy is None or found.interval is None:
        return tr("{part} part, {samples:,} samples: loss {loss:.4f}").format(part=part, samples=samples, loss=loss)
    low, high = found.interval
    return tr(
        "{part} part, {samples:,} samples: loss {loss:.4f}, accuracy {accuracy:.2%} (95 % interval {low:.2%} to "
        "{high:.2%})"
    ).format(part=part, samples=samples, loss=loss, accuracy=found.accuracy, low=low, high=high)


def _augmentation(strategy: Strategy) -> Augmentation:
    if not isinstance(strategy, Augmentation):
        raise InputError("no-augmentation", "{id} is no augmentation: views are made by one", id=strategy.id)
    return strategy
