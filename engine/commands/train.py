"""`tunedeck train`, `resume` and `fork`."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.catalogue import Catalogue
from engine.config import RunConfig
from engine.ended import Ended, ended_run
from engine.fork import fork_run, settings_of
from engine.language import say, tr
from engine.message import InputError
from engine.processes.ranks import Alone
from engine.processes.several import joined
from engine.runs import new_run, resume_run
from engine.terminal.given_settings import settings
from engine.terminal.progress_bar import ProgressBar
from engine.terminal.run import DONE, Order, result, train_to_the_end
from engine.trainer import Trainer


def train(arguments: argparse.Namespace, catalogue: Catalogue, workspace: Path) -> tuple[int, dict[str, Any]]:
    """`tunedeck train`."""
    with joined(synchronised=arguments.sync_batch_norm) as ranks:
        config = _settings(ranks, arguments, catalogue)
        return _train(
            arguments, catalogue, workspace, ranks, lambda: config,
            lambda bar: new_run(config, catalogue, workspace, bar.loading, ranks),
        )  # fmt: skip


def _settings(
    ranks: Alone, arguments: argparse.Namespace, catalogue: Catalogue, base: RunConfig | None = None
) -> RunConfig:
    """The settings that the flags make, of several processes those of the first: a settings file lies there alone."""
    if not ranks.several:
        return settings(arguments, catalogue, base)
    told = ranks.lead(lambda: settings(arguments, catalogue, base).to_dict())
    with ranks.together():
        return RunConfig.from_dict(told, catalogue)


def resume(arguments: argparse.Namespace, catalogue: Catalogue, workspace: Path) -> tuple[int, dict[str, Any]]:
    """`tunedeck resume`."""
    if arguments.reschedule and arguments.epochs is None and arguments.more is None:
        raise InputError("nothing-to-reschedule", "--reschedule plans for a new total: give --epochs or --more too")
    path = Path(arguments.checkpoint)
    with joined(synchronised=arguments.sync_batch_norm) as ranks:
        if arguments.epochs is None and arguments.more is None:
            ended: list[Ended] = []
            if ranks.lead(lambda: _look(path, ended)):
                return DONE, _tell_ended(path, ended[0], arguments.json) if ended else {}
        return _train(
            arguments, catalogue, workspace, ranks, lambda: settings_of(path, catalogue, ranks),
            lambda bar: resume_run(
                path, catalogue, workspace, epochs=arguments.epochs, more=arguments.more,
                reschedule=arguments.reschedule, report=bar.loading, ranks=ranks,
            ), path,
        )  # fmt: skip


def _look(path: Path, found: list[Ended]) -> bool:
    """Whether a run has come to its end; it is then in the list."""
    ended = ended_run(path)
    found += [] if ended is None else [ended]
    return ended is not None


def _tell_ended(path: Path, ended: Ended, quiet: bool) -> dict[str, Any]:
    """Say that a run has come to its end, and how it may go on all the same; gives what `--json` prints."""
    reason = str(ended.finished.reason)
    if not quiet:
        told = tr("nothing is left to be done, and nothing was changed: {reason}")
        print(told.format(reason=say(ended.finished.reason)))
        print(tr("train on with: tunedeck resume {run} --more 10").format(run=shlex.quote(str(path))))
    folder = str(ended.folder) if ended.folder else None
    return {**result(None, ended.finished, reason), "run": folder, "batch_size": ended.batch_size}


def fork(arguments: argparse.Namespace, catalogue: Catalogue, workspace: Path) -> tuple[int, dict[str, Any]]:
    """`tunedeck fork`."""
    path = Path(arguments.checkpoint)
    with joined(synchronised=arguments.sync_batch_norm) as ranks:
        base = settings_of(path, catalogue, ranks)
        config = _settings(ranks, arguments, catalogue, base)
        return _train(
            arguments, catalogue, workspace, ranks, lambda: config,
            lambda bar: fork_run(path, config, catalogue, workspace, bar.loading, ranks), path,
        )  # fmt: skip


def _train(
    arguments: argparse.Namespace, catalogue: Catalogue, workspace: Path, ranks: Alone,
    config: Callable[[], RunConfig], make: Callable[[ProgressBar], Trainer], origin: Path | None = None,
) -> tuple[int, dict[str, Any]]:  # fmt: skip
    """Train what `make` makes ready, with these settings, from a checkpoint where one is given."""
    return train_to_the_end(
        Order(
            make, config, catalogue, workspace, origin, ranks, halve_batch=arguments.halve_batch, quiet=arguments.json
        )
    )
