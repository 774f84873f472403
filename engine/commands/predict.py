"""`tunedeck predict`."""

from __future__ import annotations

import argparse
import csv
import io
import sys
from pathlib import Path
from typing import Any

from rich.cells import cell_len

from engine.catalogue import Catalogue
from engine.commands.export import chosen_checkpoint
from engine.config import RunConfig
from engine.csv_file import table_file, write_table
from engine.data import Parts, Source, split
from engine.language import say, tr
from engine.message import HALVES, InputError, Message, Phrase, one_line
from engine.terminal.run import DONE
from engine.terminal.run_tables import ljust
from engine.trained.classify import Refused, picture_files
from engine.trained.predictions import open_network
from engine.trained.tell_apart import Called, form_for, tell_apart

COLUMNS = ("file", "class", "probability", "error")
WIDEST = 40
"""Characters of a class's name that the table makes room for."""


def predict(arguments: argparse.Namespace, catalogue: Catalogue, workspace: Path) -> tuple[int, dict[str, Any]]:
    """Carry it out; returns the exit code and what `--json` prints."""
    table = table_file("--csv", arguments.csv)
    path = chosen_checkpoint(arguments.checkpoint)
    network = open_network(path, catalogue)
    form = form_for(network, lambda config: _parts_here(config, workspace))
    files, refused = picture_files(map(Path, arguments.path), deep=True)
    for each in refused:
        print(f"tunedeck: {one_line(say(each.reason))}", file=sys.stderr)
    width = min(WIDEST, max(map(cell_len, network.class_names)))
    rows, inverted, reasons = [], 0, []
    for found in tell_apart(network, form, files):
        rows.append(_row(found))
        if isinstance(found, Called):
            inverted += found.inverted
            if not arguments.json:
                sure = f"{found.probability:7.2%}" if network.gives_probabilities else f"{found.probability:7.3f}"
                print(f"{sure}  {ljust(one_line(found.name), width)}  {one_line(str(found.path))}")
        else:
            reasons.append(found.reason)
            print(f"tunedeck: {one_line(f'{found.name}: {say(found.reason)}')}", file=sys.stderr)
    reasons += [each.reason for each in refused]
    rows += [_row(each) for each in refused]
    unread = [row for row in rows if row["error"] is not None]
    if len(unread) == len(rows):
        if unread:
            raise InputError("no-pictures", "no picture could be read, such as: {first}", first=Phrase(reasons[0]))
        raise InputError("no-pictures", "no picture could be read")
    if table is not None:
        _write_table(table, rows)
    if inverted:
        words = tr("{count:,} pictures with a light border were inverted: the training images are light on dark")
        print(f"tunedeck: {words.format(count=inverted)}", file=sys.stderr)
    told = [{name: row[name] for name in COLUMNS[:3]} for row in rows if row["error"] is None]
    return DONE, {
        "checkpoint": str(path), "pictures": len(told), "inverted": inverted, "predictions": told,
        "refused": [{"file": row["file"], "reason": row["error"]} for row in unread],
        "csv": str(table.absolute()) if table else None,
    }  # fmt: skip


def _row(found: Called | Refused) -> dict[str, Any]:
    if isinstance(found, Refused):
        return {"file": _text(found.name), "class": None, "probability": None, "error": _text(str(found.reason))}
    return {"file": _text(str(found.path)), "class": found.name, "probability": found.probability, "error": None}


def _text(text: str) -> str:
    """A name as JSON and CSV can hold it."""
    return HALVES.sub("\N{REPLACEMENT CHARACTER}", text)


def _write_table(path: Path, rows: list[dict[str, Any]]) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_table(path, text.getvalue())


def _parts_here(config: RunConfig, workspace: Path) -> Parts:
    """The data of a run, if they are here: nothing is downloaded to look at a picture."""
    return split(config.dataset.load(Source(workspace / "data", _refuse_to_fetch)), config)


def _refuse_to_fetch(text: Message, fraction: float | None) -> None:
    raise InputError("not-here-yet", "the data are not here")
