"""A disk without room for the next checkpoint: the run waits and says so, and goes on when there is room.

Each trial has a process of its own, as its files may not grow beyond a limit (`RLIMIT_FSIZE`), another one each time:
so writes end at every place. Where root may mount one, a small disk that is full is tried too.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

from benchmarks.rows import Row
from engine.catalogue import discover
from engine.checkpoints.checkpoint import read_checkpoint
from engine.config import RunConfig
from engine.events import Failed, Finished, SaveFailed
from engine.history import read_history
from engine.runner import Runner
from engine.runs import new_run
from engine.store import RunFolder
from tests.engine.support import differing, run_stored
from tests.reliability.disk_faults import settings
from tests.reliability.forks import Forks, tell

TIMES = 20
"""So often in a row a save fails."""
ROOM = 4_000
"""Bytes; a checkpoint takes more."""
TMPFS_BYTES = 4 * 2**20
CLONE_NEWNS = 0x00020000
"""From sched.h: mounts of the process's own."""
FLAGS = (
    "--dataset", "noisy-line", "--loss", "mse", "--model", "mlp:hidden=4", "--epochs", "3", "--batch-size", "5",
    "--threads", "1", "--device", "cpu", "--keep-every", "3", "--lr", "0.05",
)  # fmt: skip
"""The same settings as those of `disk_faults`, in the words of the command line."""

Limit = Callable[[int | None], None]
"""Leaves room for files of so many bytes; None for any."""


def limit_files(most: int | None) -> None:
    """Let no file of this process grow beyond so many bytes."""
    import resource

    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard if most is None else most, hard))


def ballast(disk: Path) -> Limit:
    """Fills a small disk with a file, but for so many bytes."""

    def fill(most: int | None) -> None:
        file = disk / "ballast"
        file.unlink(missing_ok=True)
        if most is not None:
            status = os.statvfs(disk)
            os.posix_fallocate(handle := os.open(file, os.O_WRONLY | os.O_CREAT), 0, status.f_bavail * status.f_frsize)
            os.ftruncate(handle, max(0, file.stat().st_size - most))
            os.close(handle)

    return fill


# --- in a fork -----------------------------------------------------------------------------------


def runner(workspace: str, seed: int) -> None:
    """A run in its thread whose saves fail `TIMES` times in a row, from the second on."""
    _runner(Path(workspace), random.Random(seed), limit_files)


def runner_on_tmpfs(workspace: str, seed: int) -> None:
    """The same on a disk of 4 MiB that is full."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) != 0:
        tell("not possible", os.strerror(ctypes.get_errno()))
        return
    for words in (["--make-rprivate", "/"], ["-t", "tmpfs", "-o", f"size={TMPFS_BYTES}", "tunedeck", workspace]):
        mounted = subprocess.run(["mount", *words], capture_output=True, text=True, check=False)
        if mounted.returncode:
            tell("not possible", mounted.stderr)
            return
    _runner(Path(workspace), random.Random(seed), ballast(Path(workspace)))


@contextlib.contextmanager
def _full_after_a_save(limit: Limit, most: int) -> Iterator[list[Path]]:
    """Leave so little room from the moment on at which a run was first saved; gives the file of that."""
    save, saved = RunFolder.save, list[Path]()

    def save_and_fill(self: RunFolder, *arguments: Any, **names: Any) -> str:
        path = save(self, *arguments, **names)
        if not saved:
            saved.append(Path(path))
            limit(most)
        return path

    with mock.patch.object(RunFolder, "save", save_and_fill):
        yield saved


def _runner(workspace: Path, draw: random.Random, limit: Limit) -> None:
    config = settings(catalogue := discover(entry_points=False))
    training = Runner(lambda report: new_run(config, catalogue, workspace, report))
    failed, before = 0, b""
    with _full_after_a_save(limit, draw.randrange(ROOM)) as saved:
        training.start()
        while not isinstance(event := training.events.get(timeout=60), (Finished, Failed)):
            if isinstance(event, SaveFailed):
                failed += 1
                before = before or saved[0].read_bytes()
                _look(event, training, saved[0], before)
                limit(draw.randrange(ROOM) if failed < TIMES else None)
                training.resume()
        training.join(60)
    tell("failed", failed)
    tell("ended", str(event.reason) if isinstance(event, Finished) else str(event))
    _compare(config, saved[0].parent.parent)


def _look(event: SaveFailed, training: Runner, last: Path, before: bytes) -> None:
    """After a save that failed: said clearly, the checkpoint before it whole, nothing left, the run held."""
    if event.text.code != "save-failed" or "\n" in str(event.text) or len(str(event.text)) < 40:
        tell("wrong", f"an unclear message: {event.text}")
    if last.read_bytes() != before:
        tell("wrong", "the checkpoint before is another")
    read_checkpoint(last)
    for left in last.parent.parent.rglob("*.tmp"):
        tell("wrong", f"left behind: {left.name}")
    if training.join(0.0) or not training.events.empty():
        tell("wrong", "the run is not held")


def command(workspace: str, seed: int) -> int:
    """`tunedeck train`, which finds no room `TIMES` times in a row once it was saved."""
    from engine.cli import main
    from engine.terminal import run as terminal_run

    draw, said = random.Random(seed), []

    class Listener(io.StringIO):
        """Standard error: what is said there takes the room and gives it."""

        def write(self, text: str) -> int:
            if "could not be saved" in text:
                said.append(text)
                limit_files(draw.randrange(ROOM) if len(said) < TIMES else None)
            elif text.strip() and not text.startswith("epoch"):
                tell("said", text.strip())
            return super().write(text)

    with (
        mock.patch.object(terminal_run, "RETRY_SECONDS", 0.0),
        contextlib.redirect_stderr(Listener()),
        _full_after_a_save(limit_files, draw.randrange(ROOM)) as saved,
    ):
        code = main(["train", *FLAGS, "--workspace", workspace])
    tell("failed", len(said))
    tell("ended", f"exit code {code}")
    if any("trying again" not in text for text in said):
        tell("wrong", f"not said that it waits: {said}")
    _compare(settings(discover(entry_points=False)), saved[0].parent.parent)
    return code


def _compare(config: RunConfig, run: Path) -> None:
    """Whether the run is, bit for bit, one that always had room."""
    _, undisturbed, trainer = run_stored(config)
    for name, whole in (("last", undisturbed.last()), ("best", undisturbed.best())):
        assert whole is not None
        for tensor in differing(read_checkpoint(run / f"checkpoints/{name}.safetensors"), whole):
            tell("wrong", f"not the undisturbed run: {name}, {tensor}")
    record = read_history(run)
    if record.steps.tolist() != trainer.history.steps.tolist() or len(record.epochs) != len(trainer.history.epochs):
        tell("wrong", "the record is not whole")
    for left in run.rglob("*.tmp"):
        tell("wrong", f"left behind: {left.name}")


# --- outside --------------------------------------------------------------------------------------


def full_disk(forks: Forks, folder: Path, function: str, seed: int) -> dict[str, list[str]]:
    """What a trial tells, by its kind: how often a save `failed`, how it `ended`, and what was `wrong`."""
    workspace = tempfile.mkdtemp(dir=folder)
    told: dict[str, list[Any]] = {"failed": [], "ended": [], "wrong": [], "said": [], "not possible": []}
    for word, what in forks.call(f"tests.reliability.full_disk:{function}", workspace, seed):
        told[word].append(what)
    return told


def _trials() -> Iterator[tuple[str, str, int]]:
    yield from (("in a window's thread", "runner", seed) for seed in range(10))
    yield from (("on the command line", "command", seed) for seed in range(10))
    yield "on a tmpfs of 4 MiB", "runner_on_tmpfs", 0


def long_form() -> list[Row]:
    """Ten runs of each kind, and one on a small disk where that can be mounted."""
    failed: dict[str, int] = {}
    wrong = whole = tried = 0
    with tempfile.TemporaryDirectory() as folder, Forks(Path(folder) / "printed", alone=True) as forks:
        for name, function, seed in _trials():
            told = full_disk(forks, Path(folder), function, seed)
            if told["not possible"]:
                print(f"no {name}: {told['not possible'][0]}", file=sys.stderr)
                continue
            tried += 1
            for line in told["wrong"]:
                print(f"{name}: {line}", file=sys.stderr)
            whole += not told["wrong"]
            wrong += len(told["wrong"]) + (told["failed"] != [TIMES])
            failed[name] = failed.get(name, 0) + told["failed"][0]
    held = [
        Row(f"no room, {name}: saves that failed with a clear message, the run held", count, "saves", TIMES, False)
        for name, count in failed.items()
    ]
    return [
        *held,
        Row("runs that then went on and ended bit for bit like one with room", whole, f"of {tried}", tried, False),
        Row("what was not as it must be", wrong, "found", 0),
    ]
