"""The command line: the same settings as the window. Knows the words, and where the work of each verb is done.

Imports neither PyTorch nor Qt, so that `--help` answers at once.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, cast

from engine import launch
from engine.catalogue import first_sentence, nearest
from engine.config import ONE_CHOICE, recipe_names, run_parameters
from engine.interrupts import INTERRUPTED
from engine.message import InputError, one_line
from engine.strategy import KINDS

WRONG_INPUT = 2
"""Exit code where the user gave something that can't be used: one line says what, and how to mend it."""
EXAMPLES = """examples:
  tunedeck                                            open the window
  tunedeck train                                      train a small network on the bundled images
  tunedeck train --recipe first-lesson --with dropout
  tunedeck train --recipe first-lesson --early-stopping --lr-scheduler
  tunedeck plugins                                    all techniques and their parameters
"""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, with the nearest word."""

    def error(self, message: str) -> NoReturn:
        self.exit(WRONG_INPUT, one_line(f"tunedeck: {message}") + "\n" if _speaks() else "")


class _Change(argparse.Action):
    """Collects `--with` and `--without` in the order in which they are given."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option: str | None = None) -> None:
        namespace.changes = [*namespace.changes, (self.dest, values)]


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = _Parser(
        prog="tunedeck", epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False,
        description="Train image classifiers and watch every technique at work. Without a verb, opens the window.",
    )  # fmt: skip
    _add_workspace(parser, None)
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", parser_class=_Parser)
    for name, verb in VERBS.items():
        words: argparse.ArgumentParser = verbs.add_parser(
            name, help=verb.help, description=verb.help, allow_abbrev=False
        )
        # SUPPRESS: the verb's default must not undo what stands before the verb.
        _add_workspace(words, argparse.SUPPRESS)
        words.add_argument(
            "--json", action="store_true", help="print one line of JSON last, all else on standard error"
        )
        verb.add_arguments(words)
        words.set_defaults(work=verb.work)
    return parser


# --- the verbs ------------------------------------------------------------------------------------


def _train(parser: argparse.ArgumentParser) -> None:
    _add_settings(parser)
    _add_for_training(parser)


def _resume(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", metavar="CHECKPOINT", help="a checkpoint file, or a run's folder")
    total = parser.add_mutually_exclusive_group()
    total.add_argument("--epochs", type=int, metavar="N", help="train to this new total of epochs")
    total.add_argument("--more", type=int, metavar="N", help="train this many epochs more")
    parser.add_argument(
        "--reschedule", action="store_true",
        help="plan the learning rate anew for the new total, instead of holding its last value",
    )  # fmt: skip
    _add_for_training(parser)


def _fork(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", metavar="CHECKPOINT", help="a checkpoint file, or a run's folder for its last")
    _add_settings(parser)
    _add_for_training(parser)


def _evaluate(parser: argparse.ArgumentParser) -> None:
    _add_trained(parser)
    parser.add_argument("--dataset", metavar="ID[:NAME=VALUE,...]", help="another data set than its own")
    parser.add_argument(
        "--part",
        choices=("test", "validation", "training"),
        help="which part (test; of another data set without parts all of it)",
    )
    parser.add_argument(
        "--views", type=int, default=1, metavar="N",
        help="look at each image N times, augmented from the second look on, and average the probabilities (1)",
    )  # fmt: skip
    parser.add_argument(
        "--with", dest="with", action=_Change, metavar="ID[:NAME=VALUE,...]",
        help="an augmentation for --views, instead of the run's own; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--suspects", metavar="FILE.csv", help="write there which samples may bear a wrong label, with their files"
    )
    parser.set_defaults(changes=[])


def _predict(parser: argparse.ArgumentParser) -> None:
    _add_trained(parser)
    parser.add_argument("path", nargs="+", metavar="PATH", help="a picture, or a folder of them")
    parser.add_argument("--csv", metavar="FILE.csv", help="write file, class and probability of each picture there")


def _export(parser: argparse.ArgumentParser) -> None:
    _add_trained(parser)
    parser.add_argument("out", metavar="OUT", help="the file to write: .onnx, or .safetensors for the weights alone")


def _ensemble(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "checkpoint", nargs="+", metavar="CHECKPOINT",
        help="two or more: checkpoint files, or runs' folders for their best",
    )  # fmt: skip
    parser.add_argument(
        "--weights", choices=("equal", "validation"), default="equal",
        help="how much each counts: the same, or as is best on the validation part (equal)",
    )  # fmt: skip
    parser.add_argument("--part", choices=("test", "validation"), help="which part to measure on (test)")
    parser.add_argument("--export", metavar="OUT.onnx", help="write all of them together as one file, proven")


def _runs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", nargs="*", metavar="RUN", help="two or more to compare: folders, names or beginnings")
    parser.add_argument("--search", metavar="WORDS", help="list the runs whose name, techniques or notes hold these")


def _caches(parser: argparse.ArgumentParser) -> None:
    removal = parser.add_mutually_exclusive_group()
    removal.add_argument(
        "--remove", nargs="+", metavar="NAME", help="remove these: names as listed, or their beginnings"
    )
    removal.add_argument("--remove-all", action="store_true", help="remove all that nobody uses")


def _plugins(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("id", nargs="?", metavar="ID", help="explain one technique")


def _hardware(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--measure",
        action="store_true",
        help="train a few steps with these settings on every device, and say which is fastest",
    )
    _add_settings(parser)


def _twin(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "settings", nargs="*", metavar="FILE.yaml", help="two to four settings files; the flags below come over each"
    )
    parser.add_argument(
        "--against", action="append", default=[], metavar="FLAGS",
        help='one more, with these flags over the first: --against "--with dropout:p=0.3"; may be repeated',
    )  # fmt: skip
    _add_settings(parser)


def _data_curve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--shares", default="5,10,25,50,100", metavar="P,P,...",
        help="per cent of the training data (5,10,25,50,100); all have the same epochs, so more data means more steps",
    )  # fmt: skip
    parser.add_argument("--seeds", type=int, default=3, metavar="S", help="train on each share with so many seeds (3)")
    _add_settings(parser)


def _find_lr(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the test")
    group.add_argument("--lowest", type=float, metavar="LR", help="the first learning rate (1e-06)")
    group.add_argument("--highest", type=float, metavar="LR", help="the last one (10)")
    group.add_argument("--steps", type=int, metavar="N", help="steps from one to the other (120)")
    group.add_argument("--seeds", type=int, metavar="N", help="networks that go through it, a seed each (2)")
    _add_settings(parser)


def _ablate(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--seeds", type=int, default=3, metavar="S", help="train each of the settings with so many seeds (3)"
    )
    _add_settings(parser)


def _search(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the search")
    group.add_argument(
        "--tune", action="append", default=[], metavar="NAME[=VALUES]",
        help="what to choose: lr=1e-4..1e-1:log, dropout.p=0..0.6, optimizer=adam+sgd, dropout=on+off; a name alone "
        "means all that it declares; may be repeated",
    )  # fmt: skip
    group.add_argument("--trials", type=int, metavar="N", help="end when the study has so many (50)")
    group.add_argument("--minutes", type=float, metavar="M", help="end after so long")
    group.add_argument("--processes", type=int, metavar="P", help="train so many trials at a time (one per processor)")
    group.add_argument("--sampler", choices=("tpe", "random"), help="how values are chosen (tpe)")
    group.add_argument("--pruner", choices=("median", "halving", "none"), help="how bad trials are given up (median)")
    group.add_argument("--study", metavar="NAME", help="its name in the workspace (the same for the same command)")
    group.add_argument("--storage", metavar="URL", help="a database to keep it in, for several machines")
    group.add_argument("--join", metavar="STUDY", help="take part in one that another process leads, or led")
    group.add_argument("--save-best", metavar="FILE.yaml", help="write the best settings there")
    _add_settings(parser)


def _diagnose(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="RUN", help="a run's folder, name or its beginning, or a checkpoint file")


def _check_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", help="a folder with one folder for each class, or train, val and test")


# --- what verbs have in common --------------------------------------------------------------------


def _add_trained(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", metavar="CHECKPOINT", help="a checkpoint file, or a run's folder for its best")


def _add_workspace(parser: argparse.ArgumentParser, default: Any) -> None:
    parser.add_argument(
        "--workspace",
        metavar="DIR",
        default=default,
        help="folder of runs, data and plugins ($TUNEDECK_WORKSPACE, ~/Tunedeck)",
    )


def _add_settings(parser: argparse.ArgumentParser) -> None:
    """The flags that make a `RunConfig`, from its fields and kinds."""
    parser.add_argument("--config", metavar="FILE", help="settings file; flags come over it")
    parser.add_argument("--recipe", metavar="NAME", help=f"bundled settings: {', '.join(recipe_names())}")
    group = parser.add_argument_group("the run")
    for parameter in run_parameters():
        default = f" ({parameter.default})" if parameter.default not in ("", 0) else ""
        group.add_argument(
            f"--{parameter.name.replace('_', '-')}", dest=parameter.name, metavar=parameter.type.upper(),
            help=(parameter.help + default).replace("%", "%%"),
        )  # fmt: skip
    group = parser.add_argument_group("one of each kind")
    for kind in ONE_CHOICE:
        group.add_argument(f"--{kind}", metavar="ID[:NAME=VALUE,...]", help=first_sentence(KINDS[kind].__doc__))
    group = parser.add_argument_group("techniques", "`tunedeck plugins` lists them; some have a flag of their own.")
    group.add_argument(
        "--with",
        dest="with",
        action=_Change,
        metavar="ID[:NAME=VALUE,...]",
        help="switch a technique on; may be repeated",
    )
    group.add_argument("--without", dest="without", action=_Change, metavar="ID", help="switch a technique off")
    parser.set_defaults(changes=[])


def settings_parser() -> argparse.ArgumentParser:
    """What reads the flags of `--against`."""
    parser = _Parser(prog="--against", add_help=False, allow_abbrev=False)
    _add_settings(parser)
    return parser


def _add_for_training(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--halve-batch", action="store_true",
        help="where memory runs out, go on from the last checkpoint with half the batch, as a new run",
    )  # fmt: skip
    parser.add_argument(
        "--sync-batch-norm", action="store_true",
        help="of several processes (torchrun): batch norm over the samples of all, not each over its own; GPUs only",
    )  # fmt: skip


@dataclass(frozen=True)
class Verb:
    """A word of the command line."""

    help: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    work: str
    """Where the function is that does its work, as `module:function`. It takes the arguments, the catalogue and the
    workspace, and gives the exit code and what `--json` prints; of a verb that does `WITHOUT_PLUGINS` it takes the
    arguments alone, prints by itself, and gives the exit code."""


VERBS = {
    "train": Verb("Train a network.", _train, "engine.train_commands:train"),
    "resume": Verb("Go on with a run exactly where its checkpoint left it.", _resume, "engine.train_commands:resume"),
    "fork": Verb(
        "Begin a new run with other settings where a checkpoint left another run.", _fork, "engine.train_commands:fork"
    ),
    "twin": Verb(
        "Train two to four settings side by side, from the same weights and on the same batches.", _twin,
        "engine.twin_command:twin",
    ),
    "ablate": Verb(
        "Tell which ticked techniques truly help: train without each of them, over several seeds.", _ablate,
        "engine.ablate_command:ablate",
    ),
    "evaluate": Verb(
        "Measure a checkpoint on samples that it was not trained on.", _evaluate, "engine.evaluate_command:evaluate"
    ),
    "predict": Verb(
        "Tell pictures apart: files, or folders with all that is in them.", _predict, "engine.predict_command:predict"
    ),
    "export": Verb(
        "Write a trained network as a file to take away, proven to do the same.", _export,
        "engine.export_command:export",
    ),
    "ensemble": Verb(
        "Combine checkpoints by the mean of their probabilities, and measure what it gives.", _ensemble,
        "engine.ensemble_command:ensemble",
    ),
    "runs": Verb("List the runs of the workspace, or compare some of them.", _runs, "engine.run_commands:run"),
    "diagnose": Verb(
        "Say what a run's curves show, and which settings to try next.", _diagnose, "engine.diagnose_command:diagnose"
    ),
    "caches": Verb(
        "List the decoded pictures that the workspace keeps, or remove them.", _caches, "engine.cache_command:run"
    ),
    "plugins": Verb("List all techniques with their parameters.", _plugins, "engine.plugins_command:plugins"),
    "summary": Verb(
        "Show the layers of a network, their output shapes and parameters.", _add_settings,
        "engine.summary_command:summary",
    ),
    "data-curve": Verb(
        "Show accuracy against the amount of training data, and estimate what twice as much would bring.", _data_curve,
        "engine.data_curve_command:run",
    ),
    "find-lr": Verb(
        "Find a learning rate for these settings: a network learns for a moment while the rate rises.", _find_lr,
        "engine.lr_range_command:find_lr",
    ),
    "search": Verb(
        "Search for better settings: many trials, chosen by what came of the others, bad ones given up early.", _search,
        "engine.search_command:search",
    ),
    "hardware": Verb(
        "Show what there is to train with, and what is missing for a GPU to be used.", _hardware,
        "engine.hardware_command:hardware",
    ),
    "check-data": Verb(
        "Look for what is wrong with a folder of pictures before training.", _check_data,
        "engine.check_command:check_data",
    ),
}  # fmt: skip
WITHOUT_PLUGINS = ("runs", "caches")
"""The verbs that need neither them nor PyTorch."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = build_parser()
    arguments, unknown = parser.parse_known_args(argv)
    if unknown and not (hasattr(arguments, "changes") and all(word.startswith("--") for word in unknown)):
        flags = [option for action in _options_of(parser, arguments.verb) for option in action.option_strings]
        parser.error(f"unknown: {' '.join(unknown)}{nearest(unknown[0], flags)}")
    try:
        launch.check_verb(arguments.verb)
        if arguments.verb is None:
            return _open_window(arguments)
        if arguments.verb in WITHOUT_PLUGINS:
            return int(work_of(arguments)(arguments))
        return int(importlib.import_module("engine.commands").run(arguments, unknown))
    except InputError as error:
        if _speaks():
            print(one_line(f"tunedeck: {error}"), file=sys.stderr)
        return WRONG_INPUT
    except KeyboardInterrupt:  # before the run began, or after it ended: nothing is lost
        return INTERRUPTED


def _speaks() -> bool:
    """Whether this process is to say what is wrong: of those that torchrun starts with the same words, one does on each
    machine."""
    try:
        return launch.local_rank() == 0
    except InputError:
        return True


def work_of(arguments: argparse.Namespace) -> Callable[..., Any]:
    """The function that does the work of a parsed command line's verb."""
    module, name = arguments.work.split(":")
    return cast(Callable[..., Any], getattr(importlib.import_module(module), name))


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
    return int(importlib.import_module("gui.app").main(arguments.workspace))
