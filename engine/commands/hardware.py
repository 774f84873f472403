"""`tunedeck hardware`: what there is to train with, what is missing, and how fast each device is."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import rich.box
import rich.console
import rich.table
from rich.markup import escape

from engine.catalogue import Catalogue
from engine.config import RunConfig
from engine.data import Source, split
from engine.hardware import is_busy
from engine.language import say, tr
from engine.machine.look import gather
from engine.machine.measure import Measured, conclusion, fastest, measure
from engine.machine.report import Report, report, summary_lines
from engine.terminal.given_settings import settings
from engine.terminal.progress_bar import ProgressBar
from engine.terminal.run_tables import ljust

SIGNS = {"done": "[green]✓[/]", "not-needed": "[dim]–[/]", "missing": "[yellow]✗[/]"}


def hardware(arguments: argparse.Namespace, catalogue: Catalogue, workspace: Path) -> tuple[int, dict[str, Any]]:
    """`tunedeck hardware`."""
    config = settings(arguments, catalogue)
    found = report(gather())
    if not arguments.json:
        print_report(found)
    result = found.to_dict() | {"measured": None, "best": None}
    if arguments.measure:
        made = _measure(config, workspace, found)
        best = fastest(made)
        result["measured"] = [each.to_dict() for each in made]
        result["best"] = best and {"device": best.device, "precision": best.precision}
        if not arguments.json:
            print_measured(config, made)
    return 0, result


def _measure(config: RunConfig, workspace: Path, found: Report) -> list[Measured]:
    if is_busy():
        told = tr("other programs keep the processor busy: the figures will be too low")
        print(f"tunedeck: {told}", file=sys.stderr)
    folder = workspace / "data"
    with ProgressBar() as bar:
        parts = split(config.dataset.load(Source(folder, bar.loading)), config)
        return measure(config, parts, folder, found.devices, report=bar.loading)


def print_report(found: Report) -> None:
    """Print what was found."""
    console = rich.console.Console(highlight=False)
    for name, text in summary_lines(found.facts):
        console.print(f"[dim]{ljust(tr(FACTS.get(name, name)), 10)}[/] {escape(say(text))}", soft_wrap=True)
    console.print("\n" + tr("The steps that install a GPU, and what is left of them:"), style="bold")
    for step in found.steps:
        number = f"{step.number}." if step.number else "  "
        console.print(
            f" {SIGNS[step.state]} {number} {escape(tr(TITLES[step.id]))}: {escape(say(step.text))}", soft_wrap=True
        )
    if found.problems:
        console.print("\n" + tr("What is missing:"), style="bold")
    for problem in found.problems:
        console.print(f" • {escape(say(problem.text))}", soft_wrap=True)
        if problem.command:
            console.print(f"     [cyan]{escape(problem.command)}[/]", soft_wrap=True)
        if problem.page:
            console.print(f"     {escape(problem.page)}", soft_wrap=True)
    told = tr("Devices that can be used: {devices}. `tunedeck hardware --measure` says which is fastest.")
    console.print("\n" + told.format(devices=escape(", ".join(found.devices))))


TITLES = {
    "gpu": "a GPU", "driver": "NVIDIA's driver", "cuda-toolkit": "the CUDA toolkit", "cudnn": "cuDNN",
    "check": "checking the installation", "pytorch": "PyTorch for GPUs",
}  # fmt: skip
"""What each step is about."""
FACTS = {"system": "system", "memory": "memory", "gpu": "gpu", "driver": "driver", "processor": "processor"}
"""What a line of facts is of."""


def print_measured(config: RunConfig, made: list[Measured]) -> None:
    """Print the figures, and what they say."""
    console = rich.console.Console(highlight=False)
    table = rich.table.Table(
        box=rich.box.SIMPLE,
    )
    for heading in (tr("device"), tr("precision")):
        table.add_column(heading)
    table.add_column(tr("samples/s"), justify="right")
    table.add_column("")
    for each in made:
        figure = f"{each.samples_per_second:,.0f}" if each.samples_per_second else "–"
        table.add_row(each.device, each.precision, figure, escape(say(each.reason) if each.reason else ""))
    title = tr("{model} on {dataset}, trained here:").format(model=config.model.id, dataset=config.dataset.id)
    console.print(f"\n{title}", style="bold")
    console.print(table)
    for text in conclusion(made):
        console.print(say(text), soft_wrap=True)
