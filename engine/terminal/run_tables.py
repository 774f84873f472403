"""Runs in a terminal: a list of them, and some side by side."""

from __future__ import annotations

import os
from collections.abc import Sequence

import rich.box
import rich.console
import rich.table
from rich.cells import cell_len
from rich.markup import escape

from engine.comparison import Comparison, Group
from engine.differing import Choice, Difference, Missing, Value
from engine.language import say, tr
from engine.message import Message, one_line
from engine.run_records.record import RunRecord, Status

WIDE, FILE_WIDTH = 100, 140
"""Characters of a line from which on a list has all its columns, and of one in a file."""
STARTED = 19
"""Characters of a folder's name that tell when the run was started: `2026-11-24_11-16-24`."""
NEVER = "–"
"""Stands where a figure does not apply."""
OF_GROUPS = ("best_val_accuracy", "best_val_loss", "last_val_loss", "gap", "test_accuracy")
FIGURES = {
    "best_val_accuracy": "best accuracy",
    "best_val_loss": "best loss",
    "last_val_accuracy": "last accuracy",
    "last_val_loss": "last loss",
    "gap": "gap",
    "test_accuracy": "test accuracy",
}
STATUSES = {
    Status.TRAINING: "training",
    Status.FINISHED: "finished",
    Status.STOPPED_EARLY: "stopped early",
    Status.UNFINISHED: "unfinished",
    Status.INTERRUPTED: "interrupted",
    Status.FAILED: "failed",
}
PARTS = {"training": "training", "validation": "validation", "test": "test"}
OF_PAIRS = ("best_val_accuracy", "best_val_loss", "last_val_loss", "gap")
VERDICTS = {True: "within seed noise", False: "more than seed noise", None: "no spread over seeds to judge it by"}


def print_list(records: Sequence[RunRecord]) -> None:
    """Print the runs, a line each; a narrow terminal does without their time and size."""
    console = terminal()
    columns = [tr("epochs"), tr("best"), tr("last"), tr("gap"), tr("test"), tr("time"), tr("disk")]
    shown = len(columns) if console.width >= WIDE else columns.index(tr("time"))
    table = _table(*columns[:shown])
    for record in records:
        best, last = record.best, record.last
        figures = (
            f"{len(record.rows)}/{record.epochs}",
            _either(best.val_accuracy, best.val_loss) if best else NEVER,
            _either(last.val_accuracy, last.val_loss) if last else NEVER,
            _signed(record.gap), _either(record.test_accuracy, record.test_loss), _duration(record.seconds),
            megabytes(record.bytes),
        )  # fmt: skip
        table.add_row(_started(record), _shown(record.title), tr(STATUSES[record.status]), *figures[:shown])
    console.print(table)
    told = tr(
        "{count} run, {size}. best, last, test: accuracy, or loss where there is none, validation for best and last; "
        "gap: validation loss less clean training loss"
    ) if len(records) == 1 else tr(
        "{count} runs, {size}. best, last, test: accuracy, or loss where there is none, validation for best and last; "
        "gap: validation loss less clean training loss"
    )  # fmt: skip
    size = megabytes(sum(record.bytes for record in records))
    console.print(told.format(count=len(records), size=size), highlight=False, style="dim")


def print_comparison(comparison: Comparison, records: Sequence[RunRecord]) -> None:
    """Print what the runs came to, the settings that differ, and what their seeds say."""
    console = terminal()
    console.print(_results(comparison, records))
    if comparison.differences:
        console.print(_settings(comparison.differences, len(records)))
    else:
        console.print(tr("no setting differs"))
    for line in _about_seeds(comparison):
        console.print(_shown(line), highlight=False)


def _results(comparison: Comparison, records: Sequence[RunRecord]) -> rich.table.Table:
    loss, accuracy = "\n" + tr("loss"), "\n" + tr("acc.")
    table = _table(
        tr("best\nepoch"), loss, accuracy, tr("last\nloss"), accuracy, tr("gap"), tr("epochs"), tr("time"), tr("test"),
        first=tr("run"),
    )  # fmt: skip
    for number, (record, run) in enumerate(zip(records, comparison.runs, strict=True), 1):
        table.add_row(
            str(number), _started(record), _shown(record.title), tr(STATUSES[record.status]),
            str(run.best.epoch) if run.best else NEVER, _loss(run.outcome("best_val_loss")),
            _percent(run.outcome("best_val_accuracy")), _loss(run.outcome("last_val_loss")),
            _percent(run.outcome("last_val_accuracy")), _signed(run.gap), str(len(record.rows)),
            _duration(run.seconds), _percent(record.test_accuracy),
        )  # fmt: skip
    return table


def _settings(differences: Sequence[Difference], runs: int) -> rich.table.Table:
    table = rich.table.Table(box=rich.box.SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
    table.add_column(tr("what differs"), overflow="fold")
    for number in range(1, runs + 1):
        table.add_column(tr("run {number}").format(number=number), overflow="fold")
    for difference in differences:
        named = tr("on") if difference.id else ""
        table.add_row(_shown(difference.key), *(_shown(_words(value, named)) for value in difference.values))
    return table


def _words(value: Value, named: str = "") -> str:
    """A value of a setting, as a flag writes it; a technique is `named` like this where its id stands beside it."""
    if isinstance(value, Missing):
        return tr("off") if value is Missing.OFF else NEVER
    if isinstance(value, Choice):
        return ", ".join([named or value.id, *(f"{name}={_words(each)}" for name, each in value.telling)])
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "none"
    if isinstance(value, Message):
        return say(value)
    return "+".join(map(_words, value)) if isinstance(value, tuple) else str(value)


# --- seeds ----------------------------------------------------------------------------------------


def _about_seeds(comparison: Comparison) -> list[str]:
    repeated = comparison.repeated
    if not repeated:
        return [tr("one seed each: a small difference may be noise; runs with other seeds (--seed) would tell")]
    mean = tr("{group}, mean ± standard deviation: {figures}")
    less = tr("{group} less {other}, difference of the means with its 95 % interval:")
    lines: list[str] = [mean.format(group=_name(group), figures=_spreads(group)) for group in repeated]
    for place, group in enumerate(repeated):
        for other in repeated[:place]:
            lines.append(less.format(group=_name(group), other=_name(other)))
            lines += _differences(group, other)
    return lines


def _name(group: Group) -> str:
    return tr("{title}, {seeds} seeds").format(title=group.title, seeds=len(group.seeds))


def _spreads(group: Group) -> str:
    found = [(name, group.spread(name)) for name in OF_GROUPS]
    return ", ".join(
        f"{tr(FIGURES[name])} {_value(name, spread.mean)} ± {_value(name, spread.deviation)}"
        for name, spread in found if spread is not None and spread.deviation is not None
    )  # fmt: skip


def _differences(group: Group, other: Group) -> list[str]:
    lines = []
    for name in OF_PAIRS:
        found = group.less(other, name)
        if found is None:
            continue
        difference = f"{tr(FIGURES[name])} {_value(name, found.difference, '+')}"
        if found.interval is not None:
            low, high = (_value(name, end, "+") for end in found.interval)
            difference += " (" + tr("{low} to {high}").format(low=low, high=high) + ")"
        lines.append(f"  {difference}: {tr(VERDICTS[found.within_noise])}")
    return lines


# --- figures in words -----------------------------------------------------------------------------


def _value(name: str, value: float, sign: str = "") -> str:
    return f"{100 * value:{sign}.2f} %" if name.endswith("accuracy") else f"{value:{sign}.4f}"


def _either(accuracy: float | None, loss: float | None) -> str:
    return _loss(loss) if accuracy is None else _percent(accuracy)


def _loss(value: float | None) -> str:
    return NEVER if value is None else f"{value:.4f}"


def _signed(value: float | None) -> str:
    return NEVER if value is None else f"{value:+.3f}"


def _percent(value: float | None) -> str:
    return NEVER if value is None else f"{100 * value:.1f} %"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _started(record: RunRecord) -> str:
    """When it was started, as its folder's name begins: the run can be named by it."""
    return _shown(record.folder.name[:STARTED])


def _shown(text: str) -> str:
    """A text that anyone may have written: what it says, and nothing that the terminal or `rich` would obey."""
    return escape(one_line(text))


def _table(*figures: str, first: str | None = None) -> rich.table.Table:
    """A table with a line for each run: in a narrow terminal its words are broken, its figures never."""
    table = rich.table.Table(box=rich.box.SIMPLE_HEAD, show_edge=False, pad_edge=False, collapse_padding=True)
    if first:
        table.add_column(first, justify="right", no_wrap=True)
    for heading, least in ((tr("started"), 10), (tr("name"), 10), (tr("status"), 8)):
        table.add_column(heading, min_width=least, overflow="fold")
    for name in figures:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def terminal() -> rich.console.Console:
    """The terminal; a file gets wide lines, for it can be scrolled."""
    console = rich.console.Console()
    return console if console.is_terminal or "COLUMNS" in os.environ else rich.console.Console(width=FILE_WIDTH)


def part_name(part: str) -> str:
    """A part of the data in the reader's language."""
    return tr(PARTS.get(part, part))


def ljust(text: str, width: int) -> str:
    """As `str.ljust`, by the room that a text takes: a letter of Hangul is as wide as two others."""
    return text + " " * (width - cell_len(text))


def rjust(text: str, width: int) -> str:
    """As `str.rjust`, by the room that a text takes."""
    return " " * (width - cell_len(text)) + text


def megabytes(count: int) -> str:
    """Bytes in words."""
    return f"{count / 1e6:,.1f} MB"
