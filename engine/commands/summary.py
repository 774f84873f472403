"""`tunedeck summary`: a network layer by layer, the memory that it needs, and the course of the learning rate."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import rich.box
import rich.console
import rich.table

from engine.catalogue import Catalogue
from engine.data import Source, batch_bounds, split
from engine.language import say, tr
from engine.preview.memory import memory_need
from engine.preview.summary import LayerRow, layer_table
from engine.schedule import Schedule
from engine.strategy_text import format_strategy
from engine.terminal.given_settings import settings
from engine.terminal.run import DONE


def summary(arguments: argparse.Namespace, catalogue: Catalogue, workspace: Path) -> tuple[int, dict[str, Any]]:
    """`tunedeck summary`."""
    config = settings(arguments, catalogue)
    parts = split(config.dataset.load(Source(workspace / "data")), config)
    rows = layer_table(config, parts.spec)
    total, trainable = sum(row.parameters for row in rows), sum(row.trainable for row in rows)
    need = memory_need(config, parts.spec, rows)
    for id, advice in config.advice(parts.spec):
        print(f"tunedeck: {id}: {say(advice.text)}", file=sys.stderr)
    course = Schedule(config, len(batch_bounds(len(parts.training), config.batch_size))).course()
    if not arguments.json:
        table = rich.table.Table(box=rich.box.SIMPLE)
        table.add_column(tr("layer"), overflow="fold")
        for heading in (tr("type"), tr("output shape")):
            table.add_column(heading)
        table.add_column(tr("parameters"), justify="right")
        table.add_column(tr("trained"))
        if config.fine_tuning is not None:
            table.add_column(tr("rate"))
        if any(row.norm for row in rows):
            table.add_column(tr("norm by"))
        for row in rows:
            cells = [row.name, row.type, str(list(row.output_shape)), f"{row.parameters:,}", _trained(row)]
            cells += [_rate(row)] if config.fine_tuning is not None else []
            table.add_row(*cells, row.norm)
        console = rich.console.Console()
        title = tr("{model} on {dataset}: input {shape}").format(
            model=format_strategy(config.model), dataset=config.dataset.id, shape=[1, *parts.spec.input_shape]
        )
        console.print(title, highlight=False)
        console.print(table)
        sizes = tr("{total:,} parameters, {trainable:,} trainable").format(total=total, trainable=trainable)
        console.print(sizes, highlight=False)
        console.print(say(need.message()), highlight=False)
        if config.schedulers:
            console.print(_drawn(course), highlight=False)
    return DONE, {
        "input_shape": [1, *parts.spec.input_shape],
        "layers": [
            {"name": r.name, "type": r.type, "output_shape": list(r.output_shape), "parameters": r.parameters,
             "trainable": r.trainable, "norm": r.norm,
             "lr_shares": [list(pair) for pair in r.shares]} for r in rows
        ],
        "parameters": total,
        "trainable": trainable,
        "lr": course,
        "memory": need.total,
    }  # fmt: skip


def _trained(row: LayerRow) -> str:
    """Whether training changes a layer, as it is in the first epoch."""
    return "" if not row.parameters else tr("frozen") if not row.trainable else tr("yes")


def _rate(row: LayerRow) -> str:
    """A layer's share of the learning rate, and the epochs from which on it is another."""
    if not row.parameters:
        return ""
    (_, first), *later = row.shares
    from_then = tr("×{share:.2g} from {epoch}")
    return "; ".join([f"×{first:.2g}", *(from_then.format(share=share, epoch=epoch + 1) for epoch, share in later)])


def _drawn(course: list[tuple[int, float]]) -> str:
    """The learning rate over the run, as a line of bars."""
    rates = [lr for _, lr in course]
    width = max(1, len(rates) // 50)
    bars = [max(rates[start : start + width]) for start in range(0, len(rates), width)]
    line = "".join("▁▂▃▄▅▆▇█"[min(7, int(8 * rate / max(rates)))] if max(rates) else "▁" for rate in bars)
    told = tr("learning rate {line}\n{first:.2e} at first, {most:.2e} at most, {last:.2e} at last")
    return told.format(line=line, first=rates[0], most=max(rates), last=rates[-1])
