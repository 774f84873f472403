"""`tunedeck check-data`: what is wrong with a folder of pictures, as a table or as JSON."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import rich.box
import rich.console
import rich.table
from rich.markup import escape

from engine.catalogue import Catalogue
from engine.data_check import check_folder
from engine.finding import SEVERITIES, DataCheck, Finding
from engine.message import one_line
from engine.progress_bar import ProgressBar
from engine.run_tables import terminal

HEADINGS = {
    "error": "To be mended, or figures will be wrong", "warning": "To be looked at", "info": "Good to know",
}  # fmt: skip
SHOWN = 10
"""Findings of one kind and gravity that are printed, at most."""


def check_data(arguments: argparse.Namespace, catalogue: Catalogue, workspace: Path) -> tuple[int, dict[str, Any]]:
    """`tunedeck check-data`. Findings are no failure."""
    with ProgressBar() as bar:
        check = check_folder(arguments.folder, bar.loading)
    if not arguments.json:
        print_check(check)
    return 0, check.to_dict()


def print_check(check: DataCheck) -> None:
    """Print the findings under their gravity, each with its remedy."""
    console = terminal()
    counts = ", ".join(f"{label} {count:,}" for label, count in check.classes.items())
    console.print(
        escape(one_line(f"{check.images:,} pictures of {len(check.classes)} classes: {counts}")), highlight=False
    )
    for severity in SEVERITIES:
        some = [finding for finding in check.findings if finding.severity == severity]
        if some:
            console.print(f"\n[bold]{HEADINGS[severity]}[/]", highlight=False)
            console.print(_table(some))
            _tell_left_out(console, some)
    if not check.findings:
        console.print("nothing was found that would be in the way", highlight=False)


def _table(findings: Sequence[Finding]) -> rich.table.Table:
    table = rich.table.Table(box=rich.box.SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
    table.add_column("kind", no_wrap=True)
    table.add_column("what", overflow="fold", ratio=3)
    table.add_column("what to do", overflow="fold", ratio=2)
    printed: Counter[str] = Counter()
    for finding in findings:
        printed[finding.kind] += 1
        if printed[finding.kind] <= SHOWN:
            table.add_row(finding.kind, escape(one_line(str(finding.what))), escape(one_line(str(finding.remedy))))
    return table


def _tell_left_out(console: rich.console.Console, findings: Sequence[Finding]) -> None:
    for kind, count in Counter(finding.kind for finding in findings).items():
        if count > SHOWN:
            console.print(f"and {count - SHOWN:,} more of the kind {kind}: --json names all", highlight=False)
