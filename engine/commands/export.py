"""`tunedeck export`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from engine.catalogue import Catalogue
from engine.config import RunConfig
from engine.data import Parts, Source, split
from engine.exports.export import export as export_checkpoint
from engine.language import say, tr
from engine.runs import best_checkpoint
from engine.terminal.run import DONE


def export(arguments: argparse.Namespace, catalogue: Catalogue, workspace: Path) -> tuple[int, dict[str, Any]]:
    """Carry it out; returns the exit code and what `--json` prints."""

    def parts_of(config: RunConfig) -> Parts:
        return split(config.dataset.load(Source(workspace / "data")), config)

    path = chosen_checkpoint(arguments.checkpoint)
    made = export_checkpoint(path, Path(arguments.out), catalogue, parts_of)
    for note in made.notes:
        print(f"tunedeck: {say(note)}", file=sys.stderr)
    if not arguments.json:
        print(f"{made.file}: {say(made.proof.text)}")
        if made.script is not None:
            told = tr("{script} tells pictures apart with it: python {name} {file} PICTURE...")
            print(told.format(script=made.script, name=made.script.name, file=made.file.name))
    return DONE, {
        "checkpoint": str(path), "file": str(made.file.absolute()), "format": made.file.suffix[1:].lower(),
        "script": str(made.script.absolute()) if made.script else None, "epoch": made.epoch,
        "averaged": made.averaged, "part": made.proof.part, "samples": made.proof.samples,
        "largest_difference": made.proof.difference, "tied": made.proof.tied, "proof": str(made.proof.text),
        "notes": [str(note) for note in made.notes],
    }  # fmt: skip


def chosen_checkpoint(text: str) -> Path:
    """The checkpoint that a text stands for: a file, or the best of a run's folder."""
    path = Path(text).absolute()
    return best_checkpoint(path) if path.is_dir() else path
