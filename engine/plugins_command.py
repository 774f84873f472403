"""`tunedeck plugins`: all techniques, or one explained."""

from __future__ import annotations

import argparse
import inspect
import sys
from pathlib import Path
from typing import Any

import rich.box
import rich.console
import rich.table
from rich.markup import escape

from engine.catalogue import Catalogue
from engine.terminal_run import DONE


def plugins(arguments: argparse.Namespace, catalogue: Catalogue, workspace: Path) -> tuple[int, list[Any]]:
    """`tunedeck plugins`."""
    entries = [catalogue.entry(arguments.id)] if arguments.id else list(catalogue.entries)
    if not arguments.json:
        console = rich.console.Console()
        kind = None
        for entry in entries:
            if entry.kind != kind:
                kind = entry.kind
                console.print(f"\n[bold]{kind or 'not loaded'}[/]")
            text = entry.summary or (
                f"[red]{escape(entry.error or '')}[/]" if entry.error else f"unavailable: {entry.unavailable}"
            )
            console.print(f"  [cyan]{entry.id}[/]  {text if not entry.summary else escape(text)}")
            if arguments.id and entry.strategy:
                words = _flowed(entry.strategy.__doc__).removeprefix(entry.summary).strip()
                source = _flowed(sys.modules[entry.strategy.__module__].__doc__)
                for text in filter(None, (words, source, f"From: {entry.origin}")):
                    console.print(f"\n{escape(text)}", highlight=False)
                console.print()
            for parameter in entry.parameters:
                default = escape(parameter.write(parameter.default))
                console.print(f"      {parameter.name} = {default}  [dim]{escape(' '.join(parameter.help.split()))}[/]")
    return DONE, [entry.to_dict() for entry in entries]


def _flowed(docstring: str | None) -> str:
    """A docstring's paragraphs, each on one line."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in inspect.cleandoc(docstring or "").split("\n\n"))
