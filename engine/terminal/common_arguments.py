"""What the verbs of the command line have in common: how wrong words are refused, and the flags of settings.

Imports neither PyTorch nor Qt, so that `--help` answers at once.
"""

from __future__ import annotations

import argparse
import inspect
from typing import Any, NoReturn

from engine.catalogue import first_sentence
from engine.config import ONE_CHOICE, recipe_names, run_parameters
from engine.language import flowed, tr
from engine.message import InputError, one_line
from engine.processes import launch
from engine.strategy import KINDS
from engine.terminal.parser_words import HelpFormatter

WRONG_INPUT = 2
"""Exit code where the user gave something that can't be used: one line says what, and how to mend it."""


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, with the nearest word, and all in the reader's language."""

    def __init__(self, **options: Any) -> None:
        setattr(argparse, "_", tr)  # noqa: B010 what argparse itself says passes through this name
        super().__init__(**{"formatter_class": HelpFormatter, **options})

    def error(self, message: str) -> NoReturn:
        """End the process with that line."""
        self.exit(WRONG_INPUT, one_line(f"tunedeck: {message}") + "\n" if speaks() else "")


class Change(argparse.Action):
    """Collects `--with` and `--without` in the order in which they are given."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option: str | None = None) -> None:
        """Remember one more."""
        namespace.changes = [*namespace.changes, (self.dest, values)]


def speaks() -> bool:
    """Whether this process is to say what is wrong: of those that torchrun starts with the same words, one does on each
    machine."""
    try:
        return launch.local_rank() == 0
    except InputError:
        return True


def add_trained(parser: argparse.ArgumentParser) -> None:
    """A trained network to work with."""
    parser.add_argument("checkpoint", metavar="CHECKPOINT", help="a checkpoint file, or a run's folder for its best")


def add_workspace(parser: argparse.ArgumentParser, default: Any) -> None:
    """Where everything is kept; `default` where it is not given."""
    parser.add_argument(
        "--workspace",
        metavar="DIR",
        default=default,
        help="folder of runs, data and plugins ($TUNEDECK_WORKSPACE, ~/Tunedeck)",
    )


def add_settings(parser: argparse.ArgumentParser) -> None:
    """The flags that make a `RunConfig`, from its fields and kinds."""
    parser.add_argument("--config", metavar="FILE", help="settings file; flags come over it")
    parser.add_argument(
        "--recipe", metavar="NAME", help=tr("bundled settings: {names}").format(names=", ".join(recipe_names()))
    )
    group = parser.add_argument_group("the run")
    for parameter in run_parameters():
        default = f" ({parameter.default})" if parameter.default not in ("", 0) else ""
        group.add_argument(
            f"--{parameter.name.replace('_', '-')}", dest=parameter.name, metavar=parameter.type.upper(),
            help=(tr(flowed(parameter.help), f"run.{parameter.name}") + default).replace("%", "%%"),
        )  # fmt: skip
    group = parser.add_argument_group("one of each kind")
    for kind in ONE_CHOICE:
        group.add_argument(f"--{kind}", metavar="ID[:NAME=VALUE,...]", help=_in_short(kind))
    group = parser.add_argument_group("techniques", "`tunedeck plugins` lists them; some have a flag of their own.")
    group.add_argument(
        "--with",
        dest="with",
        action=Change,
        metavar="ID[:NAME=VALUE,...]",
        help="switch a technique on; may be repeated",
    )
    group.add_argument("--without", dest="without", action=Change, metavar="ID", help="switch a technique off")
    parser.set_defaults(changes=[])


def _in_short(kind: str) -> str:
    """What a kind of technique is, in the reader's language."""
    return first_sentence(tr(flowed(inspect.getdoc(KINDS[kind]) or "").split("\n\n")[0])).replace("%", "%%")


def settings_parser() -> argparse.ArgumentParser:
    """What reads the flags of `--against`."""
    parser = Parser(prog="--against", add_help=False, allow_abbrev=False)
    add_settings(parser)
    return parser


def add_for_training(parser: argparse.ArgumentParser) -> None:
    """What concerns the training, but is no setting of the run."""
    parser.add_argument(
        "--halve-batch", action="store_true",
        help="where memory runs out, go on from the last checkpoint with half the batch, as a new run",
    )  # fmt: skip
    parser.add_argument(
        "--sync-batch-norm", action="store_true",
        help="of several processes (torchrun): batch norm over the samples of all, not each over its own; GPUs only",
    )  # fmt: skip
