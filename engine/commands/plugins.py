"""`tunedeck plugins`: all techniques, or one explained."""

from __future__ import annotations

import argparse
import inspect
from pathlib import Path
from typing import Any

import rich.box
import rich.console
import rich.table
from rich.markup import escape

from engine.catalogue import Catalogue, Entry, first_sentence, source_of
from engine.language import flowed, look_up, tr
from engine.terminal.run import DONE


def plugins(arguments: argparse.Namespace, catalogue: Catalogue, workspace: Path) -> tuple[int, list[Any]]:
    """`tunedeck plugins`."""
    entries = [catalogue.entry(arguments.id)] if arguments.id else list(catalogue.entries)
    if not arguments.json:
        console = rich.console.Console()
        kind = None
        for entry in entries:
            if entry.kind != kind:
                kind = entry.kind
                console.print(f"\n[bold]{kind or tr('not loaded')}[/]")
            console.print(f"  [cyan]{entry.id}[/]  {_in_short(entry)}")
            if arguments.id and entry.strategy:
                words = _explained(entry).removeprefix(first_sentence(_explained(entry))).strip()
                source = look_up(source_of(entry.strategy))
                for text in filter(None, (words, source, tr("From: {origin}").format(origin=entry.origin))):
                    console.print(f"\n{escape(text)}", highlight=False)
                console.print()
            for parameter in entry.parameters:
                default = escape(parameter.write(parameter.default))
                help = look_up(flowed(parameter.help), (f"{entry.id}.{parameter.name}",))
                console.print(f"      {parameter.name} = {default}  [dim]{escape(' '.join(help.split()))}[/]")
    return DONE, [entry.to_dict() for entry in entries]


def _in_short(entry: Entry) -> str:
    """What a technique does, or why it can't be used, as `rich` takes it."""
    if entry.strategy is not None:
        return escape(first_sentence(_explained(entry)))
    if entry.error:
        return f"[red]{escape(entry.error)}[/]"
    return tr("unavailable: {reason}").format(reason=entry.unavailable)


def _explained(entry: Entry) -> str:
    """A technique's explanation in the reader's language, its paragraphs divided by empty lines."""
    return look_up(_flowed(entry.strategy.__doc__ if entry.strategy else None), (entry.id,))


def _flowed(docstring: str | None) -> str:
    """A docstring's paragraphs, each on one line."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in inspect.cleandoc(docstring or "").split("\n\n"))
