"""Training processes are killed at random moments, in a save or between two, and started again.

A run of the command line with dropout, batch normalisation, augmentation and schedules saves every second step. Each
trial goes on where the one before was killed, and its process tells when it begins and ends a save, so that it is known
what must be there. A run that comes to its end must be, bit for bit, the run that nobody disturbed.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import torch

from benchmarks.rows import Row
from engine.checkpoints.checkpoint import Snapshot, read_checkpoint
from engine.history import read_history
from engine.store import RunFolder
from tests.engine.support import differing
from tests.reliability.forks import Forks, Process, tell

EPOCHS, STEPS_PER_EPOCH, KEEP_EVERY = 30, 10, 2
SETTINGS = (
    "--dataset", "fashion-mnist-sample", "--train-samples", "300", "--validation-samples", "100", "--batch-size", "32",
    "--epochs", str(EPOCHS), "--model", "mlp:hidden=24+16", "--optimizer", "adam", "--lr", "0.01", "--threads", "1",
    "--keep-every", str(KEEP_EVERY), "--seed", "5", "--with", "random-resized-crop:scale=0.7+1.0",
    "--with", "random-horizontal-flip", "--with", "batch-norm", "--with", "dropout:p=0.3", "--with", "label-smoothing",
    "--with", "weight-decay", "--with", "gradient-clipping", "--with", "reduce-lr-on-plateau:patience=3",
    "--with", "cosine",
)  # fmt: skip
SECONDS = 0.25
"""Within so much time after its start, or after it has opened its run, a process is killed."""
CHECKPOINTS = "checkpoints"


# --- in a fork -----------------------------------------------------------------------------------


def train(*words: str) -> int:
    """The command line, which tells of the temporary files left once a run is opened, and of each save."""
    opened, saved = RunFolder.__init__, RunFolder.save

    def open_and_tell(self: RunFolder, path: Path) -> None:
        opened(self, path)
        tell("opened", str(path), sorted(left.name for left in path.rglob("*.tmp")))

    def save_and_tell(self: RunFolder, snapshot: Snapshot, **names: Any) -> str:
        step = snapshot.meta["progress"]["step"]
        tell("saving", step)
        path = saved(self, snapshot, **names)
        tell("saved", step)
        return path

    with mock.patch.multiple(RunFolder, __init__=open_and_tell, save=save_and_tell):
        return _command_line(*words)


def train_plainly(*words: str) -> int:
    """The control: the same, but saved by a plain `torch.save` in the place of the file that is there."""

    def save(self: RunFolder, snapshot: Snapshot, *, best: bool, keep: int | None = None) -> str:
        for name in ["last", *(["best"] if best else [])]:
            torch.save(dict(snapshot.tensors), self.path / CHECKPOINTS / f"{name}.pt")
        return ""

    with mock.patch.object(RunFolder, "save", save):
        return train(*words)


def _command_line(*words: str) -> int:
    from engine.cli import main

    return main(words)


# --- outside --------------------------------------------------------------------------------------


@dataclass
class Killed:
    """What came of killing processes."""

    killed: int = 0
    in_a_save: int = 0
    """Of these, in the middle of a save."""
    before_a_run: int = 0
    """Of these, before there was anything to be lost."""
    loaded: int = 0
    """Times that `last` and `best` were there as told, loaded and verified."""
    stale: int = 0
    """Temporary files that were left, and gone after the next start."""
    asked: int = 0
    """Times that a process was asked to end, by SIGTERM, and lost no step."""
    ended: int = 0
    """Runs that came to their end, equal to one that nobody disturbed."""
    wrong: list[str] = field(default_factory=list)


class Killer:
    """Kills the processes of one workspace after another."""

    def __init__(self, forks: Forks, folder: Path, seed: int) -> None:
        self._forks, self._folder, self._draw = forks, folder, random.Random(seed)
        self.found = Killed()
        self._whole = self._run_alone("train", *SETTINGS, "--workspace", folder / "whole")
        self._new_workspace()

    def trial(self) -> None:
        """Start a process, or go on with the run of the last one, and kill it; now and then ask it to end instead."""
        number = signal.SIGTERM if self._draw.random() < 0.1 else signal.SIGKILL
        child = self._start(number)
        with suppress(ProcessLookupError):
            os.kill(child.pid, number)
        status = child.wait().code
        if status not in (-signal.SIGKILL, 0, 130):
            self._wrong(f"exit code {status}")
        self._look(child, number, status)
        if status == 0:
            self._compare()

    def finish(self) -> Killed:
        """Let the last run come to its end."""
        if self._saved():
            self._run_alone("resume", self._run())
            self._compare()
        return self.found

    def _start(self, number: int) -> Process:
        """A process at a random moment: of its life as a whole, or once it trains."""
        if self._saved():
            child = self._forks.start("tests.reliability.kills:train", "resume", str(self._run()))
        else:
            self._new_workspace()
            words = ("train", *SETTINGS, "--workspace", str(self._workspace))
            child = self._forks.start("tests.reliability.kills:train", *words)
        if number == signal.SIGTERM or self._draw.random() < 0.7:
            child.wait_for("saving")
        time.sleep(self._draw.uniform(0, SECONDS))
        return child

    def _look(self, child: Process, number: int, status: int) -> None:
        """Whether all is there that the process told of."""
        found, told = self.found, child.told
        for word, *details in told:
            if word == "opened" and details[1]:
                self._wrong(f"left after the next start: {details[1]}")
        saved = max((step for word, step, *_ in told if word == "saved"), default=0)
        run = self._run()
        if status == -signal.SIGKILL:
            found.killed += 1
            found.in_a_save += bool(told) and told[-1][0] == "saving"
            found.before_a_run += not self._saved()
            found.stale += len(list(run.rglob("*.tmp"))) if run else 0
        if not self._saved():
            if saved:
                self._wrong(f"step {saved} was saved, and nothing is there")
            found.loaded += status == -signal.SIGKILL and not saved
            return
        try:
            meta = read_checkpoint(run / CHECKPOINTS / "last.safetensors").meta["progress"]
            best = run / CHECKPOINTS / "best.safetensors"
            if best.exists():
                read_checkpoint(best)
            if meta["step"] < saved or (saved > STEPS_PER_EPOCH and not best.exists()):
                self._wrong(f"step {saved} was saved, and last is of step {meta['step']}")
            found.loaded += status == -signal.SIGKILL
        except Exception as error:
            self._wrong(repr(error))
        if number == signal.SIGTERM and status == 130:
            found.asked += 1
            if meta["step"] != last_step(run):
                self._wrong("asked to end, it lost steps")

    def _compare(self) -> None:
        """Whether the run is the one that nobody disturbed."""
        different = differences(self._whole, self._run())
        self.found.ended += not different
        for name in different[:3]:
            self._wrong(f"not the undisturbed run: {name}")
        self._new_workspace()

    def _run_alone(self, *words: object) -> Path:
        told = self._forks.call("tests.reliability.kills:train", *map(str, words))
        return Path(next(details[0] for word, *details in told if word == "opened"))

    def _new_workspace(self) -> None:
        self._workspace = Path(tempfile.mkdtemp(dir=self._folder))

    def _run(self) -> Path:
        """The run's folder; where there is none yet, a path where nothing is."""
        return next(self._workspace.glob("runs/*"), self._workspace / "none")

    def _saved(self) -> bool:
        return (self._run() / CHECKPOINTS / "last.safetensors").exists()

    def _wrong(self, what: str) -> None:
        self.found.wrong.append(f"kill {self.found.killed}: {what}")


def kills(forks: Forks, folder: Path, times: int, seed: int) -> Killed:
    """Kill so many processes at moments drawn with `seed`."""
    killer = Killer(forks, folder, seed)
    while killer.found.killed < times:
        killer.trial()
    return killer.finish()


def plain_saves(forks: Forks, folder: Path, times: int, seed: int) -> int:
    """How often `last` or `best` of a plain `torch.save` does not load, of so many kills."""
    draw, killed, lost = random.Random(seed), 0, 0
    while killed < times:
        workspace = Path(tempfile.mkdtemp(dir=folder))
        words = ("train", *SETTINGS, "--workspace", str(workspace))
        child = forks.start("tests.reliability.kills:train_plainly", *words)
        child.wait_for("saving")
        time.sleep(draw.uniform(0, SECONDS))
        with suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGKILL)
        if child.wait().code != -signal.SIGKILL:
            continue
        killed += 1
        lost += not all(map(_loads, workspace.glob("runs/*/checkpoints/*.pt")))
    return lost


def _loads(path: Path) -> bool:
    try:
        torch.load(path, weights_only=True)
    except Exception:
        return False
    return True


def last_step(run: Path) -> int:
    """The last step in a run's record so far."""
    steps = read_history(run).steps
    return int(steps[-1, 0]) if len(steps) else 0


def differences(one: Path, other: Path) -> list[str]:
    """What is not the same in two runs, but for times: names of tensors, of files, and of checkpoints that are kept."""
    found = []
    for name in ("last", "best"):
        left, right = (read_checkpoint(run / CHECKPOINTS / f"{name}.safetensors") for run in (one, other))
        found += [f"{name}: {tensor}" for tensor in differing(left, right)]
    left, right = read_history(one), read_history(other)
    rows = [[row._replace(train_seconds=0, val_seconds=0) for row in history.epochs] for history in (left, right)]
    found += [] if rows[0] == rows[1] else ["history.csv"]
    found += [] if left.steps.tobytes() == right.steps.tobytes() else ["steps.csv"]
    names = [{path.name for path in (run / CHECKPOINTS).iterdir()} for run in (one, other)]
    return found + sorted(names[0] ^ names[1])


def long_form() -> list[Row]:
    """500 kills, and 100 of the control."""
    with tempfile.TemporaryDirectory() as folder, Forks(Path(folder) / "printed", alone=True) as forks:
        found = kills(forks, Path(folder), 500, seed=5)
        lost = plain_saves(forks, Path(folder), 100, seed=5)
    for line in found.wrong:
        print(line, file=sys.stderr)
    return [
        Row("killed at random moments: last and best load and verify", found.loaded, f"of {found.killed}", 500, False),
        Row("of these, killed in the middle of a save", found.in_a_save, "kills", 50, False),
        Row("temporary files left by a kill, gone after the next start", found.stale, "files", 1, False),
        Row("runs killed again and again that ended bit for bit like one undisturbed", found.ended, "runs", 5, False),
        Row("asked to end (SIGTERM): no step lost", found.asked, "times", 5, False),
        Row("what was not as it must be", len(found.wrong), "found", 0),
        Row("control: a plain torch.save, killed alike, loses", lost, "of 100", 1, False),
    ]
