"""What each verb of the command line does."""

from __future__ import annotations

import argparse
import contextlib
import inspect
import json
import math
import os
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import rich.box
import rich.console
import rich.table
from rich.markup import escape

from engine import export_command, predict_command
from engine.catalogue import Catalogue, discover, nearest
from engine.check_command import check_data
from engine.config import ONE_CHOICE, RECORDED, RunConfig, recipe, run_parameters
from engine.csv_file import table_file, write_table
from engine.data import Source, batch_bounds, split
from engine.ended import Ended, ended_run
from engine.failure import StartFailed, failure, is_fault
from engine.fork import fork_run, settings_of
from engine.hardware_commands import hardware
from engine.memory import memory_need
from engine.message import InputError
from engine.progress_bar import ProgressBar
from engine.runs import new_run, resume_run
from engine.schedule import Schedule
from engine.standard_streams import Unfailing
from engine.strategy import Augmentation, Dataset, Strategy
from engine.strategy_text import format_strategy, parse_strategy
from engine.summary import LayerRow, layer_table
from engine.suspects import suspects_csv
from engine.terminal_run import DONE, FAILED, Order, result, tell, train_to_the_end
from engine.trained import evaluate_checkpoint
from engine.trainer import Trainer
from engine.workspace import workspace_folder
from engine.yaml_file import read_yaml


def run(arguments: argparse.Namespace, unknown: list[str]) -> int:
    """Carry out the verb of a parsed command line; `unknown` may hold plugins' own flags. Returns the exit code."""
    errors = Unfailing(sys.stderr)
    # What a plugin prints must not stand between a script and the JSON.
    output = errors if arguments.json else Unfailing(sys.stdout)
    aside = _led_aside() if arguments.json else contextlib.nullcontext()
    with aside, contextlib.redirect_stderr(errors), contextlib.redirect_stdout(output):
        workspace = workspace_folder(arguments.workspace)
        catalogue = discover(workspace / "plugins")
        if unknown:
            _take_plugin_flags(arguments, unknown, catalogue)
        code, result = _carry_out(arguments, catalogue, workspace)
    if arguments.json:
        if isinstance(result, dict):  # JSON has no word for a figure that is not finite
            result = {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in result.items()}
        output = Unfailing(sys.stdout)
        print(json.dumps(result, allow_nan=False, ensure_ascii=False), file=output, flush=True)
    if arguments.json and output.error is not None and code == DONE:
        print(f"tunedeck: the result could not be written: {output.error.strerror}", file=sys.stderr)
        return FAILED
    return code


def _carry_out(
    arguments: argparse.Namespace, catalogue: Catalogue, workspace: Path
) -> tuple[int, dict[str, Any] | list[Any]]:
    verbs: dict[str, Callable[[argparse.Namespace, Catalogue, Path], tuple[int, dict[str, Any] | list[Any]]]] = {
        "train": train, "resume": resume, "fork": fork, "evaluate": evaluate, "plugins": plugins, "summary": summary,
        "hardware": lambda given, known, folder: hardware(given, folder, lambda: settings(given, known)),
        "check-data": check_data,
        "export": export_command.export, "predict": predict_command.predict,
    }  # fmt: skip
    try:
        return verbs[arguments.verb](arguments, catalogue, workspace)
    except InputError:
        raise
    except BaseException as error:
        if not is_fault(error, ()) or (failed := failure(error, (), 0)).plugin is None:
            raise  # no plugin's: a mistake of the program itself, or what is meant to end it
        tell(failed)
        return FAILED, {"reason": str(failed.text)}


@contextlib.contextmanager
def _led_aside() -> Iterator[None]:
    """Lead the process's own standard output to standard error: plugins may print past Python, or start programs."""
    sys.stdout.flush()
    try:
        kept = os.dup(1)
        os.dup2(2, 1)
    except OSError:  # there is none
        yield
        return
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def _take_plugin_flags(arguments: argparse.Namespace, unknown: list[str], catalogue: Catalogue) -> None:
    """A flag such as `--early-stopping` stands for `--with early-stopping`, where a plugin declares it."""
    flags = catalogue.flags()
    for word in unknown:
        if word not in flags:
            known = [
                *flags,
                *(f"--{p.name.replace('_', '-')}" for p in run_parameters()),
                *(f"--{k}" for k in ONE_CHOICE),
            ]
            raise InputError("unknown-flag", "unknown: {word}{nearest}", word=word, nearest=nearest(word, known))
        arguments.changes = [*arguments.changes, ("with", flags[word])]


# --- settings -------------------------------------------------------------------------------------


def settings(arguments: argparse.Namespace, catalogue: Catalogue, base: RunConfig | None = None) -> RunConfig:
    """The settings: the recipe (else `base`), over it the settings file, over it the flags. Raises `InputError`."""
    config = base
    if config is None or arguments.recipe:
        config = recipe(arguments.recipe or "default", catalogue)
    if arguments.config:
        data = read_yaml(Path(arguments.config))
        recorded = [name for name in RECORDED if data.pop(name, None)]
        if recorded:
            print("tunedeck: the changes made in that run, and its past, are not repeated", file=sys.stderr)
        config = RunConfig.from_dict(data, catalogue, config)
    given = {p.name: value for p in run_parameters() if (value := getattr(arguments, p.name)) is not None}
    for kind in ONE_CHOICE:
        if (text := getattr(arguments, kind)) is not None:
            given[kind] = parse_strategy(text, catalogue, kind, config)
    config = config.changed(given)
    for action, text in arguments.changes:
        if action == "with":
            config = config.ticked(_many(parse_strategy(text, catalogue, None, config)))
        elif text in {strategy.id for strategy in config.with_}:
            config = config.unticked(text)
        else:
            catalogue.entry(text)
    config.check()
    return config


def _many(strategy: Any) -> Any:
    if not strategy.many:
        raise InputError(
            "not-ticked", "{id} is chosen, not ticked: give it as --{kind}", id=strategy.id, kind=strategy.kind
        )
    return strategy


# --- training -------------------------------------------------------------------------------------


def train(arguments: argparse.Namespace, catalogue: Catalogue, workspace: Path) -> tuple[int, dict[str, Any]]:
    """`tunedeck train`."""
    config = settings(arguments, catalogue)
    return _train(
        arguments, catalogue, workspace, lambda: config, lambda bar: new_run(config, catalogue, workspace, bar.loading)
    )


def resume(arguments: argparse.Namespace, catalogue: Catalogue, workspace: Path) -> tuple[int, dict[str, Any]]:
    """`tunedeck resume`."""
    if arguments.reschedule and arguments.epochs is None and arguments.more is None:
        raise InputError("nothing-to-reschedule", "--reschedule plans for a new total: give --epochs or --more too")
    path = Path(arguments.checkpoint)
    if arguments.epochs is None and arguments.more is None and (ended := ended_run(path)) is not None:
        return DONE, _tell_ended(path, ended, arguments.json)
    return _train(
        arguments, catalogue, workspace, lambda: settings_of(path, catalogue),
        lambda bar: resume_run(
            path, catalogue, workspace, epochs=arguments.epochs, more=arguments.more, reschedule=arguments.reschedule,
            report=bar.loading,
        ), path,
    )  # fmt: skip


def _tell_ended(path: Path, ended: Ended, quiet: bool) -> dict[str, Any]:
    """Say that a run has come to its end, and how it may go on all the same; gives what `--json` prints."""
    reason = str(ended.finished.reason)
    if not quiet:
        print(f"nothing is left to be done, and nothing was changed: {reason}")
        print(f"train on with: tunedeck resume {shlex.quote(str(path))} --more 10")
    folder = str(ended.folder) if ended.folder else None
    return {**result(None, ended.finished, reason), "run": folder, "batch_size": ended.batch_size}


def fork(arguments: argparse.Namespace, catalogue: Catalogue, workspace: Path) -> tuple[int, dict[str, Any]]:
    """`tunedeck fork`."""
    path = Path(arguments.checkpoint)
    config = settings(arguments, catalogue, settings_of(path, catalogue))
    return _train(
        arguments, catalogue, workspace, lambda: config,
        lambda bar: fork_run(path, config, catalogue, workspace, bar.loading), path,
    )  # fmt: skip


def _train(
    arguments: argparse.Namespace, catalogue: Catalogue, workspace: Path, config: Callable[[], RunConfig],
    make: Callable[[ProgressBar], Trainer], origin: Path | None = None,
) -> tuple[int, dict[str, Any]]:  # fmt: skip
    """Train what `make` makes ready, with these settings, from a checkpoint where one is given."""
    return train_to_the_end(
        Order(make, config, catalogue, workspace, origin, halve_batch=arguments.halve_batch, quiet=arguments.json)
    )


# --- the other verbs ------------------------------------------------------------------------------


def evaluate(arguments: argparse.Namespace, catalogue: Catalogue, workspace: Path) -> tuple[int, dict[str, Any]]:
    """`tunedeck evaluate`."""
    path = export_command.chosen_checkpoint(arguments.checkpoint)
    table = table_file("--suspects", arguments.suspects)
    dataset = None
    if arguments.dataset:  # what it leaves out is as in the run
        chosen = parse_strategy(arguments.dataset, catalogue, "dataset", settings_of(path, catalogue))
        assert isinstance(chosen, Dataset)
        dataset = chosen
    augmentations = [_augmentation(parse_strategy(text, catalogue)) for _, text in arguments.changes]
    if arguments.views < 1 or (augmentations and arguments.views == 1):
        raise InputError("bad-views", "--views is a number from 1 on, and above 1 with --with: such as --views 8")
    try:
        found = evaluate_checkpoint(
            path, catalogue, workspace, part=arguments.part, dataset=dataset, views=arguments.views,
            augmentations=augmentations, suspects=table is not None,
        )  # fmt: skip
    except StartFailed as error:
        tell(error.failed)
        return FAILED, {"checkpoint": str(path), "reason": str(error.failed.text)}
    for note in found.notes:
        print(f"tunedeck: {note}", file=sys.stderr)
    if table is not None and found.suspects is not None:
        write_table(table, suspects_csv(found.suspects))
    if not arguments.json:
        print(f"{found.part} part, {found.samples:,} samples: loss {found.loss:.4f}", end="")
        if found.accuracy is not None and found.interval is not None:
            low, high = found.interval
            print(f", accuracy {found.accuracy:.2%} (95 % interval {low:.2%} to {high:.2%})", end="")
        print()
        if found.suspects is not None:
            print(f"{len(found.suspects):,} samples may bear a wrong label: {table}")
    return DONE, {
        "checkpoint": str(path), "part": found.part, "samples": found.samples,
        "views": arguments.views, "loss": found.loss, "accuracy": found.accuracy, "interval": found.interval,
        "notes": [str(note) for note in found.notes],
        "suspects": len(found.suspects) if found.suspects is not None else None,
        "suspects_file": str(table.absolute()) if table else None,
    }  # fmt: skip


def _augmentation(strategy: Strategy) -> Augmentation:
    if not isinstance(strategy, Augmentation):
        raise InputError("no-augmentation", "{id} is no augmentation: views are made by one", id=strategy.id)
    return strategy


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


def summary(arguments: argparse.Namespace, catalogue: Catalogue, workspace: Path) -> tuple[int, dict[str, Any]]:
    """`tunedeck summary`."""
    config = settings(arguments, catalogue)
    parts = split(config.dataset.load(Source(workspace / "data")), config)
    rows = layer_table(config, parts.spec)
    total, trainable = sum(row.parameters for row in rows), sum(row.trainable for row in rows)
    need = memory_need(config, parts.spec, rows)
    for id, advice in config.advice(parts.spec):
        print(f"tunedeck: {id}: {advice.text}", file=sys.stderr)
    course = Schedule(config, len(batch_bounds(len(parts.training), config.batch_size))).course()
    if not arguments.json:
        table = rich.table.Table(box=rich.box.SIMPLE)
        table.add_column("layer", overflow="fold")
        for heading in ("type", "output shape"):
            table.add_column(heading)
        table.add_column("parameters", justify="right")
        table.add_column("trained")
        for row in rows:
            table.add_row(row.name, row.type, str(list(row.output_shape)), f"{row.parameters:,}", _trained(row))
        console = rich.console.Console()
        console.print(
            f"{format_strategy(config.model)} on {config.dataset.id}: input {[1, *parts.spec.input_shape]}",
            highlight=False,
        )
        console.print(table)
        console.print(f"{total:,} parameters, {trainable:,} trainable", highlight=False)
        console.print(str(need.message()), highlight=False)
        if config.schedulers:
            console.print(_drawn(course), highlight=False)
    return DONE, {
        "input_shape": [1, *parts.spec.input_shape],
        "layers": [
            {"name": r.name, "type": r.type, "output_shape": list(r.output_shape), "parameters": r.parameters,
             "trainable": r.trainable, "norm": r.norm} for r in rows
        ],
        "parameters": total,
        "trainable": trainable,
        "lr": course,
        "memory": need.total,
    }  # fmt: skip


def _trained(row: LayerRow) -> str:
    """Whether training changes a layer, and whose statistics its batch norm uses."""
    words = "" if not row.parameters else "frozen" if not row.trainable else "yes"
    return words + {"running": ", by its running statistics", "batch": ", by those of the batch"}.get(row.norm, "")


def _drawn(course: list[tuple[int, float]]) -> str:
    """The learning rate over the run, as a line of bars."""
    rates = [lr for _, lr in course]
    width = max(1, len(rates) // 50)
    bars = [max(rates[start : start + width]) for start in range(0, len(rates), width)]
    line = "".join("▁▂▃▄▅▆▇█"[min(7, int(8 * rate / max(rates)))] if max(rates) else "▁" for rate in bars)
    return f"learning rate {line}\n{rates[0]:.2e} at first, {max(rates):.2e} at most, {rates[-1]:.2e} at last"
