"""Ctrl-C, SIGTERM and SIGHUP at every moment of the command line: all is saved, and what goes on ends bit for bit the
same as what nobody disturbed."""

from __future__ import annotations

import functools
import importlib
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from benchmarks.rows import Row
from engine.checkpoints.checkpoint import read_checkpoint
from engine.run_records.record import Status, read_run
from tests.reliability.forks import Ended, Forks, tunedeck
from tests.reliability.kills import SETTINGS, differences, last_step

EPOCHS = 2
TRAIN = ["train", *SETTINGS, "--epochs", str(EPOCHS)]
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) if sys.platform != "win32" else (signal.SIGINT,)
INTERRUPTED = 130
LONG_STEP = 15
"""The step of a run that takes long, in the second epoch."""

MOMENTS = {
    "before PyTorch is there": ("import:torch", 1),
    "while the data are read": ("engine.trainer:split", 1),
    "in a step": ("engine.learner:Learner.step", 10 * EPOCHS),
    "in an evaluation": ("engine.learner:Learner.evaluate", 2 * EPOCHS + 1),
    "amid a save": ("os:fsync", 6 * EPOCHS),
    "as a file takes its place": ("os:replace", 4 * EPOCHS),
    "as the end is told": ("engine.terminal.run:report", 1),
}
"""The calls in which a signal comes, and how many of them there are at least in a run."""


@dataclass
class Found:
    """What came of it."""

    tried: int = 0
    saved: int = 0
    """Runs that ended with exit code 130 and all their steps in the last checkpoint, or were at their end."""
    equal: int = 0
    """Runs that, after they went on, are bit for bit those that nobody disturbed."""
    problems: list[str] = field(default_factory=list)


def whole_run(forks: Forks, workspace: Path) -> Path:
    """The folder of a run that nobody disturbs."""
    ended = forks.run("tests.reliability.forks:tunedeck", *train(workspace))
    assert ended.code == 0, ended.err
    (run,) = (workspace / "runs").iterdir()
    assert json.loads(ended.out.splitlines()[-1])["run"] == str(run)
    return run


def interrupted(forks: Forks, whole: Path, moments: Sequence[str], seed: int, folder: Path) -> Found:
    """Interrupt a run at each of these moments, which are places in `MOMENTS`, one to three times in a row; then let it
    go on, and compare it with the one that nobody disturbed."""
    draw, found = random.Random(seed), Found()
    for trial, moment in enumerate(moments):
        call, most = MOMENTS[moment]
        number, count, again = draw.choice(SIGNALS), draw.randint(1, most), draw.choice((1, 1, 2, 3))
        workspace = folder / str(trial)
        ended = forks.run("tests.reliability.signals:disturbed", call, count, int(number), again, *train(workspace))
        found.tried += 1
        problem = _not_saved(workspace, moment, ended)
        found.saved += problem is None
        problem = problem or _not_equal(forks, workspace, whole)
        found.equal += problem is None
        name = f"{moment}, call {count}, {number.name} x {again}, seed {seed}: "
        found.problems += [name + problem] if problem else []
    return found


def long_form(times: int = 140, seed: int = 0) -> list[Row]:
    """The long form."""
    moments = [list(MOMENTS)[trial % len(MOMENTS)] for trial in range(times)]
    with tempfile.TemporaryDirectory() as name, Forks(Path(name) / "printed") as forks:
        found = interrupted(forks, whole_run(forks, Path(name) / "whole"), moments, seed, Path(name))
    for problem in found.problems:
        print(problem, file=sys.stderr)
    return [
        Row("interrupted at any moment: saved, or nothing begun", found.saved, "of", times, at_most=False),
        Row("and bit for bit the same once they went on", found.equal, "of", times, at_most=False),
    ]


def disturbed(call: str, count: int, number: int, again: int, *arguments: str) -> int:
    """The command line in a process that sends itself a signal, so many times in a row, in a call of a function."""
    send_in(call, count, lambda: [os.kill(os.getpid(), number) for _ in range(again)])
    return tunedeck(*arguments)


def send_in(call: str, count: int, send: Callable[[], object]) -> None:
    """Call `send` within the call of this number of a function, named as `module:name`, or as a module is imported."""
    module_name, _, name = call.partition(":")
    if module_name == "import":
        # The process has it already: what counts is that it comes while the command line's own modules are imported.
        del sys.modules["engine.terminal.carry_out"]
        sys.meta_path.insert(0, _Sending("engine.terminal.carry_out", send))
        return
    owner: Any = importlib.import_module(module_name)
    *path, last = name.split(".")
    for part in path:
        owner = getattr(owner, part)
    original, calls = getattr(owner, last), [0]

    @functools.wraps(original)
    def wrapped(*arguments: Any, **options: Any) -> Any:
        calls[0] += 1
        if calls[0] == count:
            send()
        return original(*arguments, **options)

    setattr(owner, last, wrapped)


class _Sending:
    """An importer that finds nothing, and sends when a module is looked for."""

    def __init__(self, name: str, send: Callable[[], object]) -> None:
        self._name, self._send = name, send

    def find_spec(self, name: str, *_: object) -> None:
        if name == self._name:
            self._send()


def train(workspace: Path) -> list[str]:
    """The words of a small run."""
    return [*TRAIN, "--workspace", str(workspace), "--json"]


def _not_saved(workspace: Path, moment: str, ended: Ended) -> str | None:
    """What is wrong with an interrupted run; None where all is as it should be."""
    if "Traceback" in ended.err:
        return f"a traceback: {ended.err}"
    runs = list((workspace / "runs").glob("*"))
    if not runs or moment in ("before PyTorch is there", "while the data are read"):  # nothing had begun
        return None if ended.code == INTERRUPTED and not runs else f"exit code {ended.code}, left: {runs}"
    if moment == "as the end is told" and ended.code != 0:
        return f"exit code {ended.code} after its end"
    if ended.code not in (0, INTERRUPTED):
        return f"exit code {ended.code}: {ended.err}"
    (run,) = runs
    if not (run / "checkpoints" / "last.safetensors").is_file():
        return f"exit code {ended.code}, left without a checkpoint: {sorted(p.name for p in run.iterdir())}"
    held = read_checkpoint(run / "checkpoints" / "last.safetensors").meta["progress"]["step"]
    if held != last_step(run):
        return f"step {held} of {last_step(run)} was saved"
    record = read_run(run)
    expected = Status.FINISHED if ended.code == 0 else Status.UNFINISHED
    if record is None or (record.status is not expected and record.reason and record.reason.code != "all-epochs"):
        return f"it stands as {record.status if record else None}"
    left = [path.name for path in run.rglob(".*.tmp")]
    return f"left: {left}" if left else None


def _not_equal(forks: Forks, workspace: Path, whole: Path) -> str | None:
    """What is not the same after an interrupted run went on; None where all is."""
    runs = list((workspace / "runs").glob("*"))
    arguments = ["resume", str(runs[0]), "--workspace", str(workspace), "--json"] if runs else train(workspace)
    ended = forks.run("tests.reliability.forks:tunedeck", *arguments)
    if ended.code != 0:
        return f"it did not go on: {ended.err}"
    (run,) = (workspace / "runs").iterdir()
    different = differences(whole, run)
    return f"different: {different[:5]}" if different else None


# --- what a process does of its own ---------------------------------------------------------------


def in_a_long_step(marker: str, *arguments: str) -> int:
    """The command line with a plugin that works in one step until a file is there, and tells when it begins."""

    def work() -> None:
        Path(marker).with_suffix(".begun").touch()
        while not Path(marker).exists():
            time.sleep(0.002)

    send_in("engine.learner:Learner.step", LONG_STEP, work)
    return tunedeck(*arguments)


def pressed_three_times(*arguments: str) -> int:
    """The command line, with Ctrl-C pressed three times, a second apart, within one step that does not end."""
    from engine.terminal import interrupts

    interrupts.PRESS_SECONDS = 0.0

    def press() -> None:
        for _ in range(3):
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(0)
        raise AssertionError("the third ends it")

    send_in("engine.learner:Learner.step", LONG_STEP, press)
    return tunedeck(*arguments)


def without_room(pauses: int, asked: int, *arguments: str) -> int:
    """The command line on a disk that is full for so many saves from the second on; asked to end in each pause, up to
    so many times."""
    import errno

    from engine import store
    from engine.terminal import run as terminal_run

    write, saves, sent = store.write_checkpoint, [0], [0]

    def full(*values: Any) -> None:
        saves[0] += 1
        if 2 <= saves[0] < 2 + pauses:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(*values)

    def pause(seconds: float) -> None:
        if sent[0] < asked:
            sent[0] += 1
            os.kill(os.getpid(), signal.SIGTERM)

    store.write_checkpoint = full
    terminal_run.time = SimpleNamespace(perf_counter=time.perf_counter, sleep=pause)
    terminal_run.RETRY_SECONDS = 0.01
    return tunedeck(*arguments)
