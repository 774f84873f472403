"""`tunedeck twin`: runs side by side in the terminal."""

from __future__ import annotations

import argparse
import copy
import shlex
import sys
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from engine.catalogue import Catalogue
from engine.config import RunConfig
from engine.events import Failed, Finished, OfTwin, Parted, SaveFailed
from engine.failure import StartFailed
from engine.language import say, tr
from engine.message import InputError, message
from engine.strategy_text import format_strategy
from engine.terminal.carry_out import take_plugin_flags
from engine.terminal.common_arguments import settings_parser
from engine.terminal.given_settings import settings
from engine.terminal.interrupts import INTERRUPTED, Interrupts
from engine.terminal.progress_bar import ProgressBar
from engine.terminal.run import DONE, FAILED, report, result, tell, tell_of_one, wait_for_room
from engine.trainer import Stop
from engine.twin import Twins, check_twins, twin_runs

ALIKE = message("twins-alike", "the losses are the same at every step that both have taken")


def twin(arguments: argparse.Namespace, catalogue: Catalogue, workspace: Path) -> tuple[int, dict[str, Any]]:
    """`tunedeck twin`."""
    named = _named(arguments, catalogue)
    check_twins([config for _, config in named])
    names = [name for name, _ in named]
    with Interrupts() as interrupts, ExitStack() as shown:
        first = shown.enter_context(ProgressBar(names[0]))
        bars = [first, *(ProgressBar(name, first) for name in names[1:])]
        try:
            twins = twin_runs([config for _, config in named], catalogue, workspace, first.loading)
        except StartFailed as error:
            tell(error.failed)
            return FAILED, _told(names, None)
        interrupts.hold()
        _drive(twins, bars, interrupts)
    for name, trainer, end in zip(names, twins.trainers, twins.ends, strict=True):
        if isinstance(end, Failed):
            tell_of_one(end, trainer, name)
    if not arguments.json:
        print("\n\n".join(_reports(names, twins)))
    stopped = any(isinstance(end, Finished) and end.stopped for end in twins.ends)
    failed = any(isinstance(end, Failed) for end in twins.ends)
    return INTERRUPTED if stopped else FAILED if failed else DONE, _told(names, twins)


# --- what is to be trained ------------------------------------------------------------------------


def _named(arguments: argparse.Namespace, catalogue: Catalogue) -> list[tuple[str, RunConfig]]:
    """The settings with what each is called: of each file, else of the flags alone, and of each `--against`."""
    found: list[tuple[str, RunConfig]] = []
    if arguments.settings and arguments.config:
        raise InputError(
            "two-settings", "--config names a settings file too: name it beside the others, without a flag"
        )
    for path in arguments.settings or [arguments.config]:
        over = copy.copy(arguments)
        over.config = path
        found.append((Path(path).stem if path else "", settings(over, catalogue)))
    for flags in arguments.against:
        other = _against(flags, catalogue)
        config = settings(other, catalogue, found[0][1])
        found.append((_words_of(found[0][1], config), config))
    if len(found) < 2:
        raise InputError(
            "one-twin", 'twins are two or more: name settings files, or add --against "--with dropout", say, for the '
            "same settings with another flag",
        )  # fmt: skip
    return _apart([(config.name or name or tr("first"), config) for name, config in found])


def _against(text: str, catalogue: Catalogue) -> argparse.Namespace:
    """The flags of one `--against`. Raises `InputError` for what can't be read."""
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise InputError("bad-quotes", "--against {text}: {reason}", text=repr(text)[:80], reason=str(error)) from None
    arguments, unknown = settings_parser().parse_known_args(words)
    if unknown:
        take_plugin_flags(arguments, unknown, catalogue)
    return arguments


def _words_of(first: RunConfig, other: RunConfig) -> str:
    """What tells settings from the first ones: the techniques that they have besides, or lack."""
    known, own = set(map(format_strategy, first.strategies)), set(map(format_strategy, other.strategies))
    more = [format_strategy(each) for each in other.strategies if format_strategy(each) not in known]
    gone = {each.id for each in other.with_}
    less = [tr("no {id}").format(id=each.id) for each in first.with_ if each.id not in gone]
    return " + ".join([*more, *less]) if own != known else tr("second")


def _apart(named: list[tuple[str, RunConfig]]) -> list[tuple[str, RunConfig]]:
    """The same with numbers where names would not tell them apart."""
    names = [name for name, _ in named]
    return [
        (name if names.count(name) == 1 else f"{name} ({names[: place + 1].count(name)})", config)
        for place, (name, config) in enumerate(named)
    ]


# --- the drive ------------------------------------------------------------------------------------


def _drive(twins: Twins, bars: list[ProgressBar], interrupts: Interrupts) -> None:
    """To the end of all. Ctrl-C, SIGTERM and a terminal that closes stop them between steps, with everything saved."""
    stopping = False
    with closing(twins.run()) as running:
        told = next(running, None)
        while True:
            event = told.event if isinstance(told, OfTwin) else None
            if isinstance(told, OfTwin):
                bars[told.twin].show(told.event)
            elif isinstance(told, Parted):
                print(f"tunedeck: {say(told.text)}", file=sys.stderr)
            if isinstance(event, SaveFailed):
                wait_for_room(twins, interrupts)
            try:
                # Who asks again while they stop asks for nothing else, unless one can't be saved.
                if interrupts.take() and (not stopping or isinstance(event, SaveFailed)):
                    stopping = True
                    told = running.throw(Stop())
                else:
                    told = next(running)
            except StopIteration:
                return


# --- what is said ---------------------------------------------------------------------------------


def _reports(names: list[str], twins: Twins) -> list[str]:
    """What a person reads at the end: of each that did not fail, and of all together."""
    texts = [
        f"{name}: {report(trainer, end)}"
        for name, trainer, end in zip(names, twins.trainers, twins.ends, strict=True)
        if isinstance(end, Finished)
    ]
    step = twins.first_difference
    return [*texts, say(ALIKE if step is None else Parted(step).text)]


def _told(names: list[str], twins: Twins | None) -> dict[str, Any]:
    """What `--json` prints."""
    if twins is None:
        return {"runs": [], "first_difference": None, "results": []}
    results = [
        result(trainer, None, str(end.text)) if isinstance(end, Failed) else result(trainer, end, str(end.reason))
        for trainer, end in zip(twins.trainers, twins.ends, strict=True)
        if end is not None
    ]  # fmt: skip
    return {
        "runs": [trainer.store.where for trainer in twins.trainers],
        "first_difference": twins.first_difference,
        "results": results,
    }
