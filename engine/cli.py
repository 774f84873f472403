"""The command line: the same settings as the window. Reads the words, and starts the work of the verb.

Imports neither PyTorch nor Qt, so that `--help` answers at once.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import sys
from collections.abc import Sequence

from engine.catalogue import nearest
from engine.language import say, speak_in_terminal
from engine.message import InputError, message, one_line
from engine.processes import launch
from engine.terminal.common_arguments import WRONG_INPUT, Parser, add_workspace, speaks
from engine.terminal.interrupts import INTERRUPTED
from engine.terminal.parser_words import AsItStands, translate
from engine.terminal.verbs import VERBS, WITHOUT_PLUGINS, work_of

EXAMPLES = """examples:
  tunedeck                                            open the window
  tunedeck train                                      train a small network on the bundled images
  tunedeck train --recipe first-lesson --with dropout
  tunedeck train --recipe first-lesson --early-stopping --lr-scheduler
  tunedeck plugins                                    all techniques and their parameters
"""
UNKNOWN = "unknown: {word}{nearest}"


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = Parser(
        prog="tunedeck", epilog=EXAMPLES, formatter_class=AsItStands, allow_abbrev=False,
        description="Train image classifiers and watch every technique at work. Without a verb, opens the window.",
    )  # fmt: skip
    add_workspace(parser, None)
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", parser_class=Parser)
    for name, verb in VERBS.items():
        words: argparse.ArgumentParser = verbs.add_parser(
            name, help=verb.help, description=verb.help, allow_abbrev=False
        )
        # SUPPRESS: the verb's default must not undo what stands before the verb.
        add_workspace(words, argparse.SUPPRESS)
        words.add_argument(
            "--json", action="store_true", help="print one line of JSON last, all else on standard error"
        )
        verb.add_arguments(words)
        words.set_defaults(work=verb.work)
    translate(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    speak_in_terminal()
    parser = build_parser()
    arguments, unknown = parser.parse_known_args(argv)
    if unknown and not (hasattr(arguments, "changes") and all(word.startswith("--") for word in unknown)):
        flags = [option for action in _options_of(parser, arguments.verb) for option in action.option_strings]
        wrong = message("unknown-flag", UNKNOWN, word=" ".join(unknown), nearest=nearest(unknown[0], flags))
        parser.error(say(wrong))
    try:
        launch.check_verb(arguments.verb)
        if arguments.verb is None:
            return _open_window(arguments)
        if arguments.verb in WITHOUT_PLUGINS:
            return int(work_of(arguments)(arguments))
        return int(importlib.import_module("engine.terminal.carry_out").run(arguments, unknown))
    except InputError as error:
        if speaks():
            print(one_line(f"tunedeck: {say(error.message)}"), file=sys.stderr)
        return WRONG_INPUT
    except KeyboardInterrupt:  # before the run began, or after it ended: nothing is lost
        return INTERRUPTED


def _options_of(parser: argparse.ArgumentParser, verb: str | None) -> list[argparse.Action]:
    actions = list(parser._actions)
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction) and verb is not None:
            actions += action.choices[verb]._actions
    return actions


def _open_window(arguments: argparse.Namespace) -> int:
    """Open the window by name: the engine imports nothing of it."""
    problem = importlib.import_module("gui.display").display_problem()
    if problem is not None:
        raise InputError(
            "no-display", "no window can be opened: {problem}; `tunedeck train` trains without one", problem=problem
        )
    gc.disable()  # what is imported now stays; `gui.collector` takes over when the window opens
    return int(importlib.import_module("gui.app").main(arguments.workspace))
