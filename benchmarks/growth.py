"""What a sample takes as work grows, what the data take of memory, and what a run of a million steps leaves behind.

    python benchmarks/growth.py [--only samples history memory steps] [--workspace FOLDER]

samples  seconds per sample with 1,000 to 1,000,000 images of 28 × 28: of the steps alone, and of whole epochs, with
         shuffling, evaluation, record and checkpoint.
history  the same of runs that have 10 to 1,000 epochs behind them, of 1,000 images each: the shortest epochs.
memory   the peak of a process that loads, splits and trains on 1,000,000 images, less what it took with 5,000, against
         the bytes of the images: in memory, in three parts or in one that is cut; and in a file.
steps    a run of 1,000,000 steps, kept in the workspace, where a second start finds it: its files, the commands that
         read them, and the window, while a run begins and while this one goes on.

All with an MLP on one thread, in batches of 125 for the first three. Runs that are compared take turns, in
one process, as a computer that is shared drifts.
"""

from __future__ import annotations

import argparse
import math
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from engine.process import prepare

prepare()  # as a run's process is, before PyTorch is loaded

import numpy as np  # noqa: E402
import torch  # noqa: E402

from benchmarks.rows import Row, show  # noqa: E402
from engine.catalogue import Catalogue, discover  # noqa: E402
from engine.config import RunConfig, recipe  # noqa: E402
from engine.data import DataBundle, Part, Source  # noqa: E402
from engine.events import Saved  # noqa: E402
from engine.history import read_history  # noqa: E402
from engine.mapped import Mapped  # noqa: E402
from engine.process import give_back_memory  # noqa: E402
from engine.run_records.files import runs_in  # noqa: E402
from engine.runs import new_run  # noqa: E402
from engine.strategy import Dataset  # noqa: E402
from engine.strategy_text import parse_strategy  # noqa: E402
from engine.trainer import Trainer  # noqa: E402

SHAPE = (1, 28, 28)
BATCH = 125
"""It divides all sizes: a smaller batch at the end of an epoch would cost small data more."""
SIZES = (1_000, 10_000, 100_000, 1_000_000)
BEHIND = (10, 100, 1_000)
TURN = 8_000
"""Samples of a turn."""
PLACES = {"parts": "in three parts", "whole": "in one part that is cut", "file": "in a file, cut"}
"""How the data lie."""


class Noise(Dataset):
    """Images of noise with labels in turn; for validation and test a tenth each."""

    count: int = 1_000
    """Images."""
    cut: bool = False
    """Whether there is one part, of which the others are to be cut."""
    path: str = ""
    """The file in which they lie; else they are made up in memory."""

    def load(self, source: Source) -> DataBundle:
        """Raises `OSError` where the file is none of so many images."""
        inputs: torch.Tensor | Mapped
        if self.path:
            inputs = Mapped(Path(self.path), (self.count, *SHAPE))
        else:
            inputs = noise(self.count)
        whole, tenth = Part(inputs, torch.arange(self.count) % 10), self.count // 10
        if self.cut:
            return DataBundle(whole)
        training, validation, test = torch.arange(self.count).split([self.count - 2 * tenth, tenth, tenth])
        return DataBundle(whole.take(training), whole.take(validation), whole.take(test))


def noise(count: int) -> torch.Tensor:
    """So many images, uint8 `[count, 1, 28, 28]`, made up a few at a time."""
    images, draw = torch.empty(count, *SHAPE, dtype=torch.uint8), torch.Generator().manual_seed(0)
    for some in images.split(10_000):
        some.random_(0, 256, generator=draw)
    return images


def settings(catalogue: Catalogue, data: Noise, **values: object) -> RunConfig:
    """An MLP on one thread."""
    return recipe("default", catalogue).changed({
        "dataset": data, "model": parse_strategy("mlp:hidden=128", catalogue, "model"), "batch_size": BATCH,
        "epochs": 1_000_000, "threads": "1", **values,
    })  # fmt: skip


# --- time --------------------------------------------------------------------------------------------


class Timed:
    """A run that is driven for a while, and what its parts take."""

    def __init__(self, trainer: Trainer) -> None:
        self.trainer, self._run = trainer, trainer.run()
        self.begin()

    def begin(self) -> None:
        """Forget what was measured until now."""
        self.turns: list[float] = []
        """Seconds per sample of the steps, turn by turn, without the first of each epoch, in which it is shuffled."""
        self.samples = self.epochs = 0
        self.seconds = self.ends = 0.0
        """Of all, and of that of evaluation, record and checkpoint."""

    def go_on(self, samples: int) -> None:
        """Train on so many samples, and to the end of an epoch that is over with them."""
        position, last = self.trainer.position, len(self.trainer.learner.bounds)
        seconds, inside, done, ending = 0.0, 0, 0, False
        while done < samples or ending:
            step, began = position.step, time.perf_counter()
            event = next(self._run)
            took = time.perf_counter() - began
            self.seconds += took
            if position.step == step:
                self.ends += took
                ending = ending and not isinstance(event, Saved)
                continue
            done += BATCH
            ending = position.batch == last
            self.epochs += ending
            if position.batch > 1:
                seconds += took
                inside += BATCH
        self.samples += done
        self.turns.append(seconds / inside)

    @property
    def each(self) -> float:
        """Seconds per sample, of whole epochs."""
        return self.seconds / self.samples

    def __str__(self) -> str:
        return (
            f"{1e6 * statistics.median(self.turns):.2f} µs per sample of the steps, {1e6 * self.each:.2f} of whole "
            f"epochs, whose ends take {1e3 * self.ends / max(1, self.epochs):.1f} ms each"
        )


def take_turns(runs: Sequence[Timed], turns: int, samples: int) -> None:
    """Let the runs go on in turn, each time with another one first."""
    for turn in range(turns):
        for place in range(len(runs)):
            runs[(turn + place) % len(runs)].go_on(samples)


def flatness(name: str, runs: dict[int, Timed], what: str) -> Iterator[Row]:
    """The most that steps, and whole epochs, take in one of these runs, against the least."""
    for size, run in runs.items():
        print(f"{size:,} {what}: {run}", flush=True)
    first = next(iter(runs.values()))
    steps = [statistics.median(a / b for a, b in zip(run.turns, first.turns, strict=True)) for run in runs.values()]
    epochs = [run.each for run in runs.values()]
    yield Row(f"{name}: a sample's time in a step, most against least", max(steps) / min(steps), "", 1.1)
    yield Row(f"{name}: a sample's time in an epoch, most against least", max(epochs) / min(epochs), "", 1.1)
    yield Row(f"{name}: a sample's time in an epoch, last against first", epochs[-1] / epochs[0], "", 1.1)


def by_samples(workspace: Path) -> Iterator[Row]:
    """Data of each size, in turn."""
    catalogue, runs = discover(), {}
    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES:
            began = time.perf_counter()
            trainer = new_run(settings(catalogue, Noise(count=size * 10 // 8)), catalogue, Path(folder))
            print(f"{size:,} samples: ready after {1e6 * (time.perf_counter() - began) / size:.1f} µs per sample")
            runs[size] = Timed(trainer)
            runs[size].go_on(TURN)
            runs[size].begin()
        take_turns(list(runs.values()), SIZES[-1] // TURN, TURN)
        yield from flatness("samples", runs, "samples")


def by_history(workspace: Path) -> Iterator[Row]:
    """An epoch of each run, in turn, with all epochs that are to be behind it done."""
    catalogue, runs = discover(), {}
    plugins = ["reduce-lr-on-plateau", "early-stopping:patience=10000"]  # they read the record
    with tempfile.TemporaryDirectory() as folder:
        for epochs in BEHIND:
            config = settings(catalogue, Noise(count=SIZES[0] * 10 // 8))
            for plugin in plugins:
                config = config.ticked(parse_strategy(plugin, catalogue))
            runs[epochs] = Timed(new_run(config, catalogue, Path(folder)))
            runs[epochs].go_on(SIZES[0] * epochs)
            runs[epochs].begin()
        take_turns(list(runs.values()), 60, SIZES[0])
        yield from flatness("history", runs, "epochs behind it")


# --- memory ------------------------------------------------------------------------------------------


def peak() -> tuple[int, int]:
    """Bytes that this process has in memory, and had at most."""
    text = Path("/proc/self/status").read_text(encoding="ascii")
    now, most = (re.search(rf"{name}:\s+(\d+) kB", text) for name in ("VmRSS", "VmHWM"))
    assert now and most
    return 1024 * int(now[1]), 1024 * int(most[1])


def memory_of(where: str) -> None:
    """Train for an epoch, in this process, and print what the data took at most beside their bytes."""
    catalogue, count = discover(), SIZES[-1]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pixels"
        if where == "file":
            with open(file, "wb") as written:
                for _ in range(count // 10_000):
                    written.write(noise(10_000).random_(0, 256).numpy().tobytes())
        for data in (Noise(count=5_000), Noise(count=count, cut=where != "parts", path=str(file) * (where == "file"))):
            give_back_memory()
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak begins anew
            before, _ = peak()
            for _ in Trainer(settings(catalogue, data, epochs=1)).run():
                pass
    print((peak()[1] - before) / (count * math.prod(SHAPE)))


def by_memory(workspace: Path) -> Iterator[Row]:
    """One process for each place of the data."""
    for where, name in PLACES.items():
        done = subprocess.run(
            [sys.executable, __file__, "--memory-of", where], capture_output=True, text=True, check=True
        )
        yield Row(f"memory at most, {name}, against the data", float(done.stdout.split()[-1]), "", 1.2)


# --- a million steps ---------------------------------------------------------------------------------


def tunedeck(workspace: Path, *words: object) -> float:
    """Seconds that a command takes, from its launch to its end. Raises where it fails."""
    command, began = [sys.executable, "-m", "engine", *map(str, words), "--workspace", str(workspace)], time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.monotonic() - began


def long_settings(catalogue: Catalogue) -> RunConfig:
    """1,000 epochs of 1,000 steps: of a step of so small a network most is the interpreter's."""
    return recipe("default", catalogue).changed({
        "model": parse_strategy("mlp:hidden=8", catalogue, "model"), "batch_size": 2, "train_samples": "2000",
        "validation_samples": "200", "epochs": 1_000, "threads": "1",
    })  # fmt: skip


def long_run(workspace: Path) -> Path:
    """The folder of a run of 1,000,000 steps: the one in the workspace, else trained now, in minutes."""
    if not runs_in(workspace / "runs"):
        catalogue = discover()
        for _ in new_run(long_settings(catalogue), catalogue, workspace).run():
            pass
    return runs_in(workspace / "runs")[0]


def in_window(workspace: Path) -> None:
    """Let a run begin in the window, then load the long one and let it go on, and print what that takes."""
    from PySide6.QtWidgets import QApplication

    from benchmarks.window_responsiveness import lateness
    from engine import trainer
    from engine.checkpoints import checkpoint
    from gui.training.session import State
    from tests.gui.driving import Driver, pump

    app = QApplication([])

    def watch(driver: Driver, name: str) -> None:
        print(f"{name}-begin", lateness(15).max())
        assert driver.session.state is State.RUNNING
        late = lateness(20)
        print(f"{name}-late", np.percentile(late, 99), f"{name}-most", late.max())
        print(f"{name}-steps", len(driver.session.run.history.steps))
        driver.press("stop")
        driver.wait_for_end()
        driver.close()

    with tempfile.TemporaryDirectory() as empty:
        driver = Driver(app, Path(empty))
        driver.session.start(long_settings(driver.panel.catalogue))
        watch(driver, "first")
    # As if the run had never been left: of what goes on from a checkpoint 20,000 steps are on record.
    whole = read_history(runs_in(workspace / "runs")[0])
    checkpoint.history_of = trainer.history_of = lambda snapshot: whole
    driver = Driver(app, workspace)
    runs = driver.window.runs.list
    pump(lambda: runs.all_runs)
    began = time.perf_counter()
    runs.opened.emit(runs.all_runs[0])
    pump(lambda: driver.session.run is not None)
    driver.window.grab()
    print("load", 1000 * (time.perf_counter() - began))
    driver.session.resume(driver.session.run, driver.session.run.extend_from, more=1_000)
    watch(driver, "last")


def by_steps(workspace: Path) -> Iterator[Row]:
    """The run's files, the commands that read them, and the window on it."""
    run = long_run(workspace)
    for name in ("steps.csv", "history.csv", "checkpoints/last.safetensors"):
        print(f"{name}: {(run / name).stat().st_size / 1e6:.1f} MB")
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copytree(run, Path(folder) / "runs" / run.name)
        for words in (("runs",), ("evaluate", copy), ("diagnose", copy), ("resume", copy, "--more", "1")):
            yield Row(f"`tunedeck {words[0]}`", tunedeck(Path(folder), *words), "s", 10)
        lines = (copy / "steps.csv").read_text(encoding="ascii").splitlines()
        yield Row("steps on record after the resume", len(lines) - 1, "", 1_001_000, at_most=False)
        done = subprocess.run(
            [sys.executable, __file__, "--in-window", folder], capture_output=True, text=True, check=True
        )
    words = done.stdout.split()
    found = dict(zip(words[::2], map(float, words[1::2]), strict=True))
    yield Row("steps that the window has", found["last-steps"], "", 1_000_000, at_most=False)
    yield Row("loaded in the window and painted, all steps", found["load"], "ms", 1000)
    for name, when in (("first", "at its first steps"), ("last", "after a million")):
        yield Row(f"event loop late while the run begins, {when}, most", found[f"{name}-begin"], "ms", 100)
        yield Row(f"event loop late, {when}, 99th percentile", found[f"{name}-late"], "ms", 16)
        yield Row(f"event loop late, {when}, most", found[f"{name}-most"], "ms", 100)


PARTS = {"samples": by_samples, "history": by_history, "memory": by_memory, "steps": by_steps}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--workspace", type=Path, help="where the run of a million steps is kept")
    parser.add_argument("--in-window", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--memory-of", choices=PLACES, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.memory_of:
        memory_of(arguments.memory_of)
        return 0
    if arguments.in_window:
        in_window(arguments.in_window)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        workspace = arguments.workspace or Path(folder)
        return show(row for name in arguments.only for row in PARTS[name](workspace))


if __name__ == "__main__":
    sys.exit(main())
