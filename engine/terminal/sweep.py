"""A sweep in the terminal: each of its runs in turn, and on where it was left."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from engine.catalogue import Catalogue
from engine.language import say, say_phrase, tr
from engine.message import InputError
from engine.run_records.index import list_runs
from engine.runs import new_run, resume_run
from engine.sweeps.sweep import Member, Standing, State, put_away_stumps, standings
from engine.terminal.interrupts import INTERRUPTED
from engine.terminal.progress_bar import ProgressBar
from engine.terminal.run import DONE, FAILED, Order, train_to_the_end
from engine.trainer import Trainer


def train_sweep(members: Sequence[Member], catalogue: Catalogue, workspace: Path) -> tuple[int, list[Standing]]:
    """Train what is not done yet of a sweep; one that was begun goes on. Progress is told on standard error.

    Returns `INTERRUPTED` where it was interrupted, with everything saved, else 0; and how the members stand then. A run
    that fails, or can't begin, is told, and the others go on. Raises `InputError` where none has come to its end yet.
    """
    put_away_stumps(workspace, members, list_runs(workspace))
    for number, member in enumerate(members, 1):
        [standing] = standings([member], list_runs(workspace))
        if standing.state in (State.DONE, State.TRAINING):
            continue
        told = tr("run {number} of {count}: {label}{left}").format(
            number=number, count=len(members), label=member.label, left=_time_left(members, workspace)
        )
        print(told, file=sys.stderr)
        try:
            code, _ = train_to_the_end(_order(standing, catalogue, workspace))
        except InputError as error:  # where it keeps all from beginning, it is the first one's too
            if not any(each.state is State.DONE for each in standings(members, list_runs(workspace))):
                raise
            print(f"tunedeck: {say_phrase(member.label)}: {say(error.message)}", file=sys.stderr)
            continue
        if code == INTERRUPTED:
            return INTERRUPTED, standings(members, list_runs(workspace))
    return 0, standings(members, list_runs(workspace))


def _time_left(members: Sequence[Member], workspace: Path) -> str:
    """How long the members that are not done will take, in words; empty where nothing tells.

    By those that are done, where all train on as many samples: others take longer or less long.
    """
    if len({(member.config.train_samples, member.config.batch_size) for member in members}) > 1:
        return ""
    found = standings(members, list_runs(workspace))
    taken = [each.record.seconds for each in found if each.state is State.DONE and each.record is not None]
    if not taken:
        return ""
    minutes, seconds = divmod(round(sum(taken) / len(taken) * (len(members) - len(taken))), 60)
    return tr(", about {minutes}:{seconds:02} left in all").format(minutes=minutes, seconds=seconds)


def done_already(members: Sequence[Member], workspace: Path) -> str:
    """How many need not be trained any more, to be said after how many there are; empty where all must be."""
    done = sum(each.state is State.DONE for each in standings(members, list_runs(workspace)))
    return tr(", {done} of them done already").format(done=done) if done else ""


def conclude(code: int, found: Sequence[Standing]) -> int:
    """Say on standard error what of a sweep that `train_sweep` came back from is not done, and give the exit code."""
    for each in found:
        if each.state is not State.DONE:
            print(f"tunedeck: {_missing(each)}", file=sys.stderr)
    if code == INTERRUPTED:
        print(f"tunedeck: {tr('the same command goes on where this one ended')}", file=sys.stderr)
        return code
    return DONE if all(each.state is State.DONE for each in found) else FAILED


def _missing(standing: Standing) -> str:
    """Why a run is left out of the figures, and with it what is compared with it alone."""
    label, record = standing.member.label, standing.record
    if standing.state is State.TRAINING:
        words = tr("{label}: another process trains it; the same command tells more when that has ended")
        return words.format(label=label)
    if standing.state is State.FAILED:
        if record is None or not record.reason:
            return tr("{label}: failed, and is left out").format(label=label)
        return tr("{label}: failed, and is left out: {reason}").format(label=label, reason=say(record.reason))
    return tr("{label}: not done").format(label=label)


def _order(standing: Standing, catalogue: Catalogue, workspace: Path) -> Order:
    config = standing.member.config
    begun = standing.record.folder if standing.state is State.BEGUN and standing.record is not None else None

    def make(bar: ProgressBar) -> Trainer:
        if begun is not None:
            return resume_run(begun, catalogue, workspace, report=bar.loading)
        return new_run(config, catalogue, workspace, bar.loading)

    return Order(make, lambda: config, catalogue, workspace, begun, quiet=True)
