"""`tunedeck caches`: the decoded pictures of a workspace, and their removal. Does without PyTorch and plugins."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import rich.box
import rich.table
from rich.markup import escape

from engine.catalogue import nearest
from engine.language import say, tr
from engine.message import InputError, one_line
from engine.pictures.kept import Kept, Removed, list_kept, remove_kept
from engine.terminal.run_tables import megabytes, terminal
from engine.terminal.standard_streams import print_json
from engine.workspace import workspace_folder

SHOWN = 8
"""Characters of a name that are printed: its beginning will do."""


def run(arguments: argparse.Namespace) -> int:
    """Carry out `tunedeck caches`; returns the exit code. Raises `InputError`."""
    kept = list_kept(workspace_folder(arguments.workspace))
    removed = None
    if arguments.remove or arguments.remove_all:
        removed = _remove(kept if arguments.remove_all else find_kept(arguments.remove, kept), arguments.remove_all)
        kept = tuple(each for each in kept if each.name not in removed.names)
    if arguments.json:
        print_json(_to_dict(kept, removed))
    elif removed is not None:
        told = tr("{count} removed, {size} freed: a run decodes them again when it starts")
        print(told.format(count=len(removed.names), size=megabytes(removed.bytes)))
    else:
        _print(kept)
    return 0


def find_kept(names: Sequence[str], kept: Sequence[Kept]) -> list[Kept]:
    """Those of these names, or beginnings of them, each once. Raises `InputError` where one is none, or several."""
    found: dict[str, Kept] = {}
    for name in names:
        some = [each for each in kept if name and each.name.startswith(name)]
        if not some:
            raise InputError(
                "no-such-cache", "there are no decoded pictures of the name {name}{nearest}: `tunedeck caches` lists "
                "them", name=name, nearest=nearest(name, [each.name for each in kept]),
            )  # fmt: skip
        if len(some) > 1:
            raise InputError(
                "many-caches", "{count} names begin with {name}: give more of it", count=len(some), name=name
            )
        found[some[0].name] = some[0]
    return list(found.values())


def _remove(chosen: Sequence[Kept], everything: bool) -> Removed:
    """Remove these; where they were named, one that stays is an error."""
    removed = remove_kept(chosen)
    for text in removed.left:
        if not everything:
            raise InputError(text.code, text.template, **text.values)
        print(one_line(f"tunedeck: {say(text)}"), file=sys.stderr)
    return removed


def _print(kept: Sequence[Kept]) -> None:
    if not kept:
        print(tr("no decoded pictures are kept: a run on a folder of pictures makes them"))
        return
    table = rich.table.Table(box=rich.box.SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
    table.add_column(tr("name"), no_wrap=True)
    table.add_column(tr("folder"), overflow="fold")
    for heading in (tr("form"), tr("pictures"), tr("last used"), tr("disk")):
        table.add_column(heading, justify="right")
    for each in kept:
        done = (tr("{count:,} (not all)") if each.complete is False else "{count:,}").format(count=each.pictures)
        table.add_row(
            each.name[:SHOWN], escape(one_line(str(each.folder))), _form(each), done, _when(each)[:16],
            megabytes(each.bytes),
        )  # fmt: skip
    console = terminal()
    console.print(table)
    total = megabytes(sum(each.bytes for each in kept))
    told = tr("{size} in all; to remove them costs only decoding them again").format(size=total)
    console.print(told, highlight=False, style="dim")


def _form(kept: Kept) -> str:
    if kept.shape is None:
        return "–"
    colours = tr("grey") if kept.shape[0] == 1 else tr("colour")
    return ", ".join([f"{kept.shape[2]} × {kept.shape[1]}", colours, *([kept.about.resize] if kept.about else [])])


def _when(kept: Kept) -> str:
    return datetime.fromtimestamp(kept.used).astimezone().isoformat(" ", "seconds")


def _to_dict(kept: Sequence[Kept], removed: Removed | None) -> dict[str, Any]:
    """In the user guide: what stays, and what was removed where that was asked."""
    data: dict[str, Any] = {"bytes": sum(each.bytes for each in kept), "caches": [_one(each) for each in kept]}
    if removed is not None:
        data["removed"] = {"names": list(removed.names), "bytes": removed.bytes, "left": list(map(str, removed.left))}
    return data


def _one(kept: Kept) -> dict[str, Any]:
    about = kept.about
    return {
        "name": kept.name,
        "folder": about.folder if about else None,
        "size": kept.shape[1] if kept.shape else None,
        "channels": kept.shape[0] if kept.shape else None,
        "resize": about.resize if about else None,
        "colour": about.colour if about else None,
        "pictures": kept.pictures,
        "left_out": kept.refused,
        "complete": kept.complete,
        "bytes": kept.bytes,
        "used": _when(kept).replace(" ", "T", 1),
    }
