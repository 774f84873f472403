"""The verbs of the command line: what each does in one sentence, what it may be given, and where its work is done."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from engine.terminal import verb_arguments as given
from engine.terminal.common_arguments import add_settings


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
    "train": Verb("Train a network.", given.train, "engine.commands.train:train"),
    "resume": Verb(
        "Go on with a run exactly where its checkpoint left it.", given.resume, "engine.commands.train:resume"
    ),
    "fork": Verb(
        "Begin a new run with other settings where a checkpoint left another run.",
        given.fork,
        "engine.commands.train:fork",
    ),
    "twin": Verb(
        "Train two to four settings side by side, from the same weights and on the same batches.",
        given.twin,
        "engine.commands.twin:twin",
    ),
    "ablate": Verb(
        "Tell which ticked techniques truly help: train without each of them, over several seeds.",
        given.ablate,
        "engine.commands.ablate:ablate",
    ),
    "evaluate": Verb(
        "Measure a checkpoint on samples that it was not trained on.",
        given.evaluate,
        "engine.commands.evaluate:evaluate",
    ),
    "predict": Verb(
        "Tell pictures apart: files, or folders with all that is in them.",
        given.predict,
        "engine.commands.predict:predict",
    ),
    "export": Verb(
        "Write a trained network as a file to take away, proven to do the same.",
        given.export,
        "engine.commands.export:export",
    ),
    "ensemble": Verb(
        "Combine checkpoints by the mean of their probabilities, and measure what it gives.",
        given.ensemble,
        "engine.commands.ensemble:ensemble",
    ),
    "runs": Verb("List the runs of the workspace, or compare some of them.", given.runs, "engine.commands.runs:run"),
    "diagnose": Verb(
        "Say what a run's curves show, and which settings to try next.",
        given.diagnose,
        "engine.commands.diagnose:diagnose",
    ),
    "caches": Verb(
        "List the decoded pictures that the workspace keeps, or remove them.",
        given.caches,
        "engine.commands.caches:run",
    ),
    "plugins": Verb("List all techniques with their parameters.", given.plugins, "engine.commands.plugins:plugins"),
    "summary": Verb(
        "Show the layers of a network, their output shapes and parameters.",
        add_settings,
        "engine.commands.summary:summary",
    ),
    "data-curve": Verb(
        "Show accuracy against the amount of training data, and estimate what twice as much would bring.",
        given.data_curve,
        "engine.commands.data_curve:run",
    ),
    "lesson": Verb(
        "List the lessons; train the runs of one, and say what came of its question.",
        given.lesson,
        "engine.commands.lesson:run",
    ),
    "submit": Verb(
        "Hand in what was done in a lesson: guess, runs and conclusion in one file.",
        given.submit,
        "engine.commands.submissions:submit",
    ),
    "submissions": Verb(
        "Look at what students handed in, and train it again to check it.",
        given.submissions,
        "engine.commands.submissions:submissions",
    ),
    "find-lr": Verb(
        "Find a learning rate for these settings: a network learns for a moment while the rate rises.",
        given.find_lr,
        "engine.commands.find_lr:find_lr",
    ),
    "search": Verb(
        "Search for better settings: many trials, chosen by what came of the others, bad ones given up early.",
        given.search,
        "engine.commands.search:search",
    ),
    "code": Verb(
        "Print these settings as a script of plain PyTorch that gives the same losses.",
        given.code,
        "engine.commands.code:code",
    ),
    "hardware": Verb(
        "Show what there is to train with, and what is missing for a GPU to be used.",
        given.hardware,
        "engine.commands.hardware:hardware",
    ),
    "check-data": Verb(
        "Look for what is wrong with a folder of pictures before training.",
        given.check_data,
        "engine.commands.check_data:check_data",
    ),
}
WITHOUT_PLUGINS = ("runs", "caches")
"""The verbs that need neither them nor PyTorch."""


def work_of(arguments: argparse.Namespace) -> Callable[..., Any]:
    """The function that does the work of a parsed command line's verb."""
    module, name = arguments.work.split(":")
    return cast(Callable[..., Any], getattr(importlib.import_module(module), name))
