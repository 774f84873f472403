"""Crafted files, each given to every reader that a person could give it to.

A reader of one file refuses it: exit code 2 and one line that says what is wrong. One that lists what it finds leaves
out what can't be read. No reader runs code, writes outside the workspace, hangs, takes much memory, or shows a
traceback.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.rows import Row
from tests.reliability.contained import Outcome, try_out
from tests.reliability.crafted import FLAGS, INPUTS, TREASURE
from tests.reliability.forks import Forks

BYTES, SECONDS = 200_000_000, 2.0
"""What a reader may take of memory and of a processor."""
MODULES = ("engine.cli", "engine.terminal.carry_out", "engine.commands.train", "engine.commands.evaluate",
           "engine.commands.predict", "engine.commands.summary", "engine.commands.runs", "gui.memory", "gui.runs.queue",
           "gui.runs.watch", "gui.training.checkpoint_file", "tests.reliability.hostile_files")  # fmt: skip
SMALL = (
    "--dataset", "noisy-line:points=4", "--loss", "mse", "--model", "mlp:hidden=2", "--epochs", "1",
    "--batch-size", "2", "--threads", "1", "--device", "cpu",
)  # fmt: skip
HERE = "tests.reliability.hostile_files"
RUN = "2026-01-01_00-00-00-mlp-noisy-line"


# --- readers, called in the children ---------------------------------------------------------------


def prepare() -> None:
    """What is done once for all children: it is no part of reading a file."""
    with TemporaryDirectory() as folder, redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        command("train", *SMALL, workspace=folder)


def command(*words: str, workspace: str = ".") -> int:
    """The command line."""
    from engine.cli import main

    return main([*words, "--workspace", workspace])


def refused(read: Callable[[Any], Any]) -> int:
    """A reader of the window: what it says is told as the command line would."""
    from engine.catalogue import discover
    from engine.message import InputError

    try:
        said = read(discover(entry_points=False))
    except InputError as error:
        said = error.message
    print(f"window: {said}", file=sys.stderr)
    return 2 if said is not None else 0


def load(path: str) -> int:
    """The window loads a checkpoint."""
    from gui.training.checkpoint_file import load_checkpoint

    return refused(lambda catalogue: load_checkpoint(Path(path), catalogue) and None)


def settings() -> int:
    """The window takes up its settings."""
    from gui.memory import Memory

    return refused(lambda catalogue: Memory(Path()).read_config(catalogue)[1])


def queue() -> int:
    """The window takes up the runs that wait."""
    from gui.runs.queue import RunQueue

    return refused(RunQueue(Path()).read)


def looks() -> int:
    """The window takes up its looks."""
    from gui.memory import Memory

    memory = Memory(Path())
    memory.keep_word("theme", memory.word("theme", "system")[:10])
    return 0


def sight() -> int:
    """The window's list of runs."""
    from engine.catalogue import discover
    from gui.runs.watch import _Looking

    look = _Looking(Path().absolute(), discover(entry_points=False))
    look()
    look()
    return 0


def threads() -> int:
    """The remembered numbers of threads."""
    from engine.hardware import remembered_threads

    assert remembered_threads(Path("data/threads.json"), ["case"], lambda: 1) == 1
    return 0


# --- which reader reads what -----------------------------------------------------------------------


@dataclass(frozen=True)
class Reader:
    """A way to give a file to Tunedeck."""

    name: str
    place: str
    """Where the file is put in the workspace; `{suffix}` is that of its name."""
    do: tuple[str, ...]
    """The function above, and its arguments."""
    codes: tuple[int, ...] = (2,)
    """Of these is the exit code: 2 where the file is refused."""

    def answer_is_right(self, outcome: Outcome) -> str:
        """What is wrong with what it said; empty where nothing is."""
        said = outcome.err.splitlines() if outcome.err else []
        if outcome.code not in self.codes:
            return f"code {outcome.code}: {outcome.err[:200]!r}"
        if outcome.code == 2 and len(said) != 1:
            return f"{len(said)} lines: {outcome.err[:200]!r}"
        if any(len(line) > 1_000 for line in said):
            return f"a line of {max(map(len, said))} letters"
        odd = {
            letter
            for letter in outcome.out + outcome.err
            if (letter < " " and letter != "\n") or "\ud800" <= letter < "\ue000"
        }
        if odd:
            return f"says {odd!r}"
        if "--json" in self.do and outcome.code == 0:
            json.loads(outcome.out)
        return ""


GIVEN = "given{suffix}"
HELD = f"runs/{RUN}/"
LIST = ("command", "runs", "--json")
COMPARE = ("command", "runs", "--json", HELD, "runs/base")
READERS = (
    Reader("resume", GIVEN, ("command", "resume", GIVEN)),
    Reader("evaluate", GIVEN, ("command", "evaluate", GIVEN)),
    Reader("fork", GIVEN, ("command", "fork", GIVEN, "--epochs", "3")),
    Reader("initializer", GIVEN, ("command", "train", *SMALL, "--initializer", f"from-checkpoint:path={GIVEN}")),
    Reader("load in the window", GIVEN, ("load", GIVEN)),
    Reader("train --config", GIVEN, ("command", "train", "--config", GIVEN)),
    Reader("fork --config", GIVEN, ("command", "fork", "runs/base", "--config", GIVEN)),
    Reader("last checkpoint", HELD + "checkpoints/last.safetensors", ("command", "resume", HELD)),
    Reader("best checkpoint", HELD + "checkpoints/best.safetensors", ("command", "evaluate", HELD)),
    Reader("runs: last checkpoint", HELD + "checkpoints/last.safetensors", LIST, (0,)),
    Reader("runs: notes", HELD + "notes.yaml", LIST, (0,)),
    Reader("runs: result", HELD + "result.json", ("command", "runs"), (0,)),
    Reader("runs: settings", HELD + "config.yaml", LIST, (0,)),
    Reader("runs: history", HELD + "history.csv", LIST, (0,)),
    Reader("runs: log", HELD + "log.txt", LIST, (0,)),
    Reader("runs: environment", HELD + "environment.json", COMPARE, (0,)),
    Reader("window's list: last checkpoint", HELD + "checkpoints/last.safetensors", ("sight",), (0,)),
    Reader("window's list: settings", HELD + "config.yaml", ("sight",), (0,)),
    Reader("resume: steps", HELD + "steps.csv", ("command", "resume", HELD, "--more", "1"), (0, 2)),
    Reader("resume: log", HELD + "log.txt", ("command", "resume", HELD, "--more", "1"), (0, 2)),
    Reader("resume: lock", HELD + "lock", ("command", "resume", HELD, "--more", "1"), (0, 2)),
    Reader("settings of the window", "settings.yaml", ("settings",), (0, 2)),
    Reader("queue of the window", "queue.yaml", ("queue",), (0, 2)),
    Reader("looks of the window", "window.ini", ("looks",), (0,)),
    Reader("threads", "data/threads.json", ("threads",), (0,)),
    Reader("images", "set/train-images-idx3-ubyte", ("command", "train", "--dataset", "fashion-mnist:path=set")),
    Reader(
        "packed images", "set/train-images-idx3-ubyte.gz", ("command", "train", "--dataset", "fashion-mnist:path=set")
    ),
)


@dataclass(frozen=True)
class Trial:
    """A file in a place, and what came of it."""

    file: str
    reader: str
    outcome: Outcome
    wrong: tuple[str, ...]


def trials(forks: Forks, readers: Sequence[Reader], inputs: Iterable[str], every: int = 1) -> list[Trial]:
    """Give the inputs of these names to these readers: all pairs, or every so many-th, in turn.

    `forks` have `MODULES` imported.
    """
    found = []
    with TemporaryDirectory() as folder:
        base = Path(folder) / "base"
        base.mkdir()
        make_run(forks, base)
        pairs = [(name, reader) for name in inputs for reader in readers]
        for number, (name, reader) in enumerate(pairs[::every]):
            place = Path(folder) / f"trial-{number}" / "workspace"
            shutil.copytree(base, place, symlinks=True)
            found.append(_try_out(forks, name, reader, place))
            shutil.rmtree(place.parent)
    return found


def flag_trials(forks: Forks) -> list[Trial]:
    """Give each of the words of `FLAGS` to `tunedeck train`."""
    reader = Reader("flags", "", ())
    found = []
    for name, words in FLAGS.items():
        with TemporaryDirectory() as folder:
            outcome = try_out(forks, Path(folder), HERE, "command", "train", *SMALL, *words)
            wrong = [*outcome.problems(BYTES), *filter(None, [reader.answer_is_right(outcome)])]
            wrong += [f"left {path.name}" for path in Path(folder).iterdir()]
            found.append(Trial(name, reader.name, outcome, tuple(wrong)))
    return found


def make_run(forks: Forks, workspace: Path) -> None:
    """Two short runs, of which one is to be tampered with."""
    outcome = try_out(forks, workspace, HERE, "command", "train", *SMALL)
    assert outcome.code == 0, outcome.err or outcome.trace
    (run,) = (workspace / "runs").iterdir()
    shutil.copytree(run, workspace / "runs" / RUN)
    run.rename(workspace / "runs" / "base")


def _try_out(forks: Forks, name: str, reader: Reader, workspace: Path) -> Trial:
    suffix = Path(name).suffix
    treasure = workspace.with_name(TREASURE)
    treasure.write_text("kept")
    place = workspace / reader.place.format(suffix=suffix)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.unlink(missing_ok=True)
    INPUTS[name](place)
    function, *words = (word.format(suffix=suffix) for word in reader.do)
    outcome = try_out(forks, workspace, HERE, function, *words)
    wrong = outcome.problems(BYTES)
    wrong += filter(None, [reader.answer_is_right(outcome)])
    outside = {path.name for path in workspace.parent.iterdir()} - {workspace.name}
    if outside != {TREASURE} or treasure.read_text() != "kept":
        wrong.append(f"changed what lies outside: {outside}")
    return Trial(name, reader.name, outcome, tuple(wrong))


def long_form() -> list[Row]:
    """The long form: every input to every reader."""
    with TemporaryDirectory() as printed, Forks(Path(printed), *MODULES, alone=True) as forks:
        made = trials(forks, READERS, INPUTS) + flag_trials(forks)
    for trial in made:
        for wrong in trial.wrong:
            print(f"{trial.file}, {trial.reader}: {wrong}", file=sys.stderr)
    return [
        Row("crafted files", len(INPUTS), "files", 40, at_most=False),
        Row("crafted files times readers", len(made), "trials", 40, at_most=False),
        Row("trials in which anything was wrong", sum(bool(trial.wrong) for trial in made), "", 0),
        Row("memory of the hungriest", max(trial.outcome.bytes for trial in made) / 1e6, "MB", BYTES / 1e6),
        Row("time of the slowest", max(trial.outcome.seconds for trial in made), "s", SECONDS),
    ]
