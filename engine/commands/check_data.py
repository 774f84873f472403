"""`tunedeck check-data`: what is wrong with a folder of pictures, and what augmentations do to labels."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import rich.box
import rich.console
import rich.table
from rich.markup import escape

from engine.catalogue import Catalogue
from engine.config import recipe
from engine.data_checks.check import check_folder
from engine.data_checks.finding import KINDS, SEVERITIES, DataCheck, Finding
from engine.language import say, tr
from engine.message import InputError, one_line
from engine.strategy import Augmentation
from engine.strategy_text import parse_strategy
from engine.terminal.progress_bar import ProgressBar
from engine.terminal.run_tables import terminal

if TYPE_CHECKING:
    from engine.data_checks.label_safety import LabelSafety

HEADINGS = {
    "error": "To be mended, or figures will be wrong", "warning": "To be looked at", "info": "Good to know",
}  # fmt: skip
SHOWN = 10
"""Findings of one kind and gravity that are printed, at most."""


def check_data(arguments: argparse.Namespace, catalogue: Catalogue, workspace: Path) -> tuple[int, dict[str, Any]]:
    """`tunedeck check-data`. Findings are no failure."""
    told: dict[str, Any] = {}
    if arguments.folder is None and not (arguments.dataset and arguments.augmentations):
        raise InputError(
            "nothing-to-check", "name a folder of pictures, or a data set and augmentations: --dataset ID "
            "--augmentations ID"
        )  # fmt: skip
    check = labels = None
    with ProgressBar() as bar:
        if arguments.folder is not None:
            check = check_folder(arguments.folder, bar.loading)
            told = check.to_dict()
        if arguments.augmentations:
            labels = _labels(arguments, catalogue, workspace, bar)
            told["labels"] = labels.to_dict()
    if not arguments.json:
        if check is not None:
            print_check(check)
        if labels is not None:
            print_labels(labels)
    return 0, told


def _labels(arguments: argparse.Namespace, catalogue: Catalogue, workspace: Path, bar: ProgressBar) -> LabelSafety:
    """What the named augmentations do to the labels of the folder's pictures, or of the named data set."""
    from engine.data import Source, split
    from engine.data_checks.label_safety import check_labels

    if arguments.dataset:
        dataset = parse_strategy(arguments.dataset, catalogue, "dataset")
    else:
        dataset = catalogue.make("dataset", "image-folder", {"path": arguments.folder})
    augmentations = [parse_strategy(text, catalogue, "augmentation") for text in arguments.augmentations]
    config = recipe("default", catalogue).changed({"dataset": dataset})
    parts = split(config.dataset.load(Source(workspace / "data", bar.loading)), config)
    return check_labels(parts, cast(list[Augmentation], augmentations), arguments.seed, bar.loading)


def print_labels(labels: LabelSafety) -> None:
    """Print what was found about labels, each with its remedy."""
    console = terminal()
    told = tr("{images:,} images, of which the judges know {known:.1%} as they are")
    console.print(told.format(images=labels.images, known=labels.known), highlight=False)
    for finding in labels.findings:
        console.print(escape(one_line(f"{say(finding.what)}: {say(finding.remedy)}")), highlight=False)
    if labels.safe and not any(finding.kind == "weak-judge" for finding in labels.findings):
        console.print(tr("no augmentation was seen to change what an image is"), highlight=False)


def print_check(check: DataCheck) -> None:
    """Print the findings under their gravity, each with its remedy."""
    console = terminal()
    counts = ", ".join(f"{label} {count:,}" for label, count in check.classes.items())
    told = tr("{pictures:,} pictures of {classes} classes: {counts}")
    line = told.format(pictures=check.images, classes=len(check.classes), counts=counts)
    console.print(escape(one_line(line)), highlight=False)
    for severity in SEVERITIES:
        some = [finding for finding in check.findings if finding.severity == severity]
        if some:
            console.print(f"\n[bold]{tr(HEADINGS[severity])}[/]", highlight=False)
            console.print(_table(some))
            _tell_left_out(console, some)
    if not check.findings:
        console.print(tr("nothing was found that would be in the way"), highlight=False)


def _table(findings: Sequence[Finding]) -> rich.table.Table:
    table = rich.table.Table(box=rich.box.SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
    table.add_column(tr("kind"), no_wrap=True)
    table.add_column(tr("what"), overflow="fold", ratio=3)
    table.add_column(tr("what to do"), overflow="fold", ratio=2)
    printed: Counter[str] = Counter()
    for finding in findings:
        printed[finding.kind] += 1
        if printed[finding.kind] <= SHOWN:
            what, remedy = (escape(one_line(say(text))) for text in (finding.what, finding.remedy))
            table.add_row(_kind(finding.kind), what, remedy)
    return table


def _kind(kind: str) -> str:
    return tr(KINDS[kind], "DataCheck")


def _tell_left_out(console: rich.console.Console, findings: Sequence[Finding]) -> None:
    for kind, count in Counter(finding.kind for finding in findings).items():
        if count > SHOWN:
            told = tr("and {count:,} more of the kind {kind}: --json names all")
            console.print(told.format(count=count - SHOWN, kind=_kind(kind)), highlight=False)
