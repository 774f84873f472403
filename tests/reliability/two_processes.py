"""Several processes on one workspace: whatever they do, every file is whole at every moment, and nothing is lost."""

from __future__ import annotations

import contextlib
import json
import os
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from benchmarks.rows import Row
from engine import hardware
from engine.catalogue import discover
from engine.checkpoints.checkpoint import read_checkpoint, write_checkpoint
from engine.config import RunConfig, recipe
from engine.hardware import remembered_threads
from engine.message import InputError
from engine.run_records.bin import move_to_bin, restore_from_bin
from engine.run_records.index import list_runs
from engine.run_records.notes import change_notes, read_notes
from engine.store import RunFolder
from engine.yaml_file import read_yaml
from gui.memory import Memory
from gui.runs.queue import FILE as QUEUE
from gui.runs.queue import RunQueue
from tests.gui.runs.run_folders import make_run
from tests.reliability.forks import Forks

FIELDS = ("name", "tags", "notes")
"""Of the notes on a run; each is one process's to write."""
MODULES = ("gui.runs.queue", "gui.memory", "tests.reliability.two_processes")
"""What each process would import."""
RUNS = 3
"""Runs that all processes put away, bring back and train."""


# --- what each process does -----------------------------------------------------------------------


class Worker:
    """One of the processes: does things at random, and remembers what has to be there in the end."""

    def __init__(self, workspace: Path, number: int, seed: int) -> None:
        hardware.is_busy = lambda: False  # what is measured is to be remembered
        self.workspace, self.number = workspace, number
        self.draw = random.Random(f"{seed} {number}")
        self.catalogue = discover(entry_points=False)
        self.config = recipe("first-lesson", self.catalogue).changed({"offered": ()})
        self.queue = RunQueue(workspace)
        self.queue.read(self.catalogue)
        self.memory = Memory(workspace)
        self.count = 0
        self.done: dict[str, Any] = {"added": [], "taken": [], "removed": [], "made": [], "threads": [], "notes": {}}

    def work(self, operations: int) -> dict[str, Any]:
        """Do so many things; tells what came of them."""
        things: list[Callable[[], None]] = [
            self.write_notes, self.add, self.take, self.take, self.move, self.remove, self.put_away, self.train,
            self.begin, self.remember, self.keep_settings,
        ]  # fmt: skip
        for _ in range(operations):
            self.count += 1
            self.draw.choice(things)()
        return self.done

    def _config(self) -> RunConfig:
        return self.config.changed({"seed": 100_000 * self.number + self.count})

    def write_notes(self) -> None:
        """Write one's own field of the notes on a run."""
        run, field = f"noted-{self.number // len(FIELDS)}", FIELDS[self.number % len(FIELDS)]
        text = f"{self.number} {self.count} " + "x" * self.draw.randrange(80)
        value = [text[:30].strip()] if field == "tags" else text.strip()
        change_notes(self.workspace / "runs" / run, **{field: value})
        self.done["notes"][f"{run} {field}"] = value

    def add(self) -> None:
        """Let a run wait."""
        config = self._config()
        with contextlib.suppress(InputError):  # enough wait
            self.queue.add(config)
            self.done["added"].append(config.seed)

    def take(self) -> None:
        """Take the next run."""
        with contextlib.suppress(IndexError):
            self.done["taken"].append(self.queue.take().seed)

    def move(self) -> None:
        """Put a run that waits into another place."""
        self.queue.look_again()
        if self.queue.waiting:
            self.queue.move(self.draw.randrange(len(self.queue.waiting)), 0)

    def remove(self) -> None:
        """Let a run not come: whoever looks at the list next finds it gone, by this process or another."""
        self.queue.look_again()
        if self.queue.waiting:
            place = self.draw.randrange(len(self.queue.waiting))
            seed, before = self.queue.waiting[place].seed, len(self.queue.waiting)
            self.queue.remove(place)
            self.done["removed"].append((seed, before))

    def put_away(self) -> None:
        """Put a run that all share into the bin, or bring it back, as it comes."""
        name = f"shared-{self.draw.randrange(RUNS)}"
        with contextlib.suppress(InputError):  # another process was quicker, or trains it
            if self.draw.random() < 0.5:
                move_to_bin(self.workspace, self.workspace / "runs" / name)
            else:
                restore_from_bin(self.workspace, self.workspace / "bin" / name)

    def train(self) -> None:
        """Hold a run, as training does: nobody else may be in it, nor move it, and what is written on it stays."""
        folder = self.workspace / "runs" / self.draw.choice(["noted-0", *(f"shared-{run}" for run in range(RUNS))])
        if not (folder / "config.yaml").exists():
            return
        with contextlib.suppress(InputError, FileNotFoundError), contextlib.closing(RunFolder(folder)) as store:
            if not (folder / "config.yaml").exists():
                return  # put away before it was held
            inside = folder / "inside"
            os.close(os.open(inside, os.O_CREAT | os.O_EXCL))
            store.log(f"{self.number} {self.count}")
            write_checkpoint(store.last_path, read_checkpoint(store.last_path))
            inside.unlink()

    def begin(self) -> None:
        """Begin a run of one's own."""
        store = RunFolder.create(self.workspace, "mlp", "data")
        self.done["made"].append(store.where)
        store.close()
        list_runs(self.workspace)

    def remember(self) -> None:
        """Measure a number of threads."""
        case = f"{self.number} {self.count}"
        remembered_threads(self.workspace / "data" / "threads.json", [case], lambda: 1)
        self.done["threads"].append(json.dumps([case]))

    def keep_settings(self) -> None:
        """Keep the settings of the window, and a word: the last one wins."""
        self.memory.keep_config(self._config())
        self.memory.keep_word("window/theme", self.draw.choice(["light", "dark"]))


def work(workspace: str, number: int, seed: int, operations: int) -> int:
    """One process of `hammer`; prints as JSON what it did."""
    print(json.dumps(Worker(Path(workspace), number, seed).work(operations)))
    return 0


def put_away(workspace: str, run: str) -> int:
    """Put a run into the bin, as the window does; says why it can't be."""
    try:
        move_to_bin(Path(workspace), Path(run))
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


# --- what is read meanwhile -----------------------------------------------------------------------


def read_all(workspace: str) -> int:
    """Read all files of a workspace again and again until `stop` is there; prints how often, or which was not whole."""
    place, looks = Path(workspace), 0
    while True:
        stop = (place / "stop").exists()
        for path in files_of(place):
            problem = _not_whole(path)
            if problem:
                print(f"{path.relative_to(place)}: {problem}")
                return 1
            looks += 1
        if stop:
            print(looks)
            return 0


def files_of(workspace: Path) -> Iterator[Path]:
    """The files of a workspace that have readers."""
    for pattern in (QUEUE, "settings.yaml", "window.ini", "data/threads.json"):
        yield from workspace.glob(pattern)
    for place in ("runs", "bin"):
        for name in ("config.yaml", "notes.yaml", "history.csv", "steps.csv", "result.json", "environment.json"):
            yield from workspace.glob(f"{place}/*/{name}")
        yield from workspace.glob(f"{place}/*/checkpoints/*.safetensors")


def _not_whole(path: Path) -> str | None:
    """Why a file is not whole; None where it is, or was moved away."""
    try:
        if path.suffix == ".yaml":
            read_yaml(path)
        elif path.suffix == ".json":
            json.loads(path.read_text())
        elif path.suffix == ".safetensors":
            read_checkpoint(path)
        elif path.suffix == ".csv":
            return None if path.read_text().split("\n")[0].count(",") >= 2 else "no heading"
        else:
            text = path.read_text()
            return None if not text or (text.startswith("[") and text.endswith("\n")) else "cut"
    except FileNotFoundError:
        return None
    except (InputError, ValueError, OSError) as error:
        gone = isinstance(error, InputError) and error.message.code == "unreadable" and not path.exists()
        return None if gone else str(error)
    return None


# --- the check ------------------------------------------------------------------------------------


def hammer(forks: Forks, workspace: Path, processes: int, operations: int, seed: int) -> tuple[int, list[str]]:
    """Let so many processes do so many things each, at random, while another one reads; how often it read, and all
    that was torn or lost."""
    config = recipe("first-lesson", discover(entry_points=False))
    for name in [*(f"noted-{group}" for group in range(1 + (processes - 1) // len(FIELDS))),
                 *(f"shared-{number}" for number in range(RUNS))]:  # fmt: skip
        (make_run(workspace, name, config) / "lock").touch()
    reader = forks.start("tests.reliability.two_processes:read_all", str(workspace))
    working = [
        forks.start("tests.reliability.two_processes:work", str(workspace), number, seed, operations)
        for number in range(processes)
    ]
    ends = [process.wait() for process in working]
    (workspace / "stop").touch()
    read = reader.wait()
    problems = [end.err for end in ends if end.code != 0] + ([read.out + read.err] if read.code != 0 else [])
    if problems:
        return 0, problems
    done = [json.loads(end.out.splitlines()[-1]) for end in ends]
    return int(read.out), [*_lost_notes(workspace, done), *_lost_waiting(workspace, done), *_lost_runs(workspace, done)]


def _lost_notes(workspace: Path, done: list[dict[str, Any]]) -> list[str]:
    lost = []
    for each in done:
        for key, value in each["notes"].items():
            run, field = key.split()
            stands = getattr(read_notes(workspace / "runs" / run), field)
            if stands != (tuple(value) if field == "tags" else value):
                lost.append(f"notes: {key} is {stands!r}, not {value!r}")
    return lost


def _lost_waiting(workspace: Path, done: list[dict[str, Any]]) -> list[str]:
    """A run that waited was taken once, or removed, or waits still."""
    added = Counter(seed for each in done for seed in each["added"])
    taken = Counter(seed for each in done for seed in each["taken"])
    removed = {seed for each in done for seed, _ in each["removed"]}
    path = workspace / QUEUE
    left = Counter(entry["seed"] for entry in (read_yaml(path)["runs"] if path.exists() else []))
    twice = [seed for seed, times in (taken + left).items() if times > 1]
    lost = added.keys() - taken.keys() - removed - left.keys()
    strange = (taken.keys() | left.keys()) - added.keys()
    return [f"queue: {what} {sorted(seeds)}" for what, seeds in
            (("taken twice", twice), ("lost", lost), ("never added", strange)) if seeds]  # fmt: skip


def _lost_runs(workspace: Path, done: list[dict[str, Any]]) -> list[str]:
    problems = []
    made = [run for each in done for run in each["made"]]
    if len(set(made)) < len(made) or not all(Path(run, "history.csv").is_file() for run in made):
        problems.append("two processes made the same run, or one is gone")
    for number in range(RUNS):
        name = f"shared-{number}"
        places = [place for place in ("runs", "bin") if (workspace / place / name).exists()]
        whole = [place for place in places if (workspace / place / name / "config.yaml").is_file()]
        if len(places) != 1 or places != whole:
            problems.append(f"{name} lies in {places}, whole in {whole}")
    known = json.loads((workspace / "data" / "threads.json").read_text()) if any(e["threads"] for e in done) else {}
    problems += [f"threads: {key} is lost" for each in done for key in each["threads"] if key not in known]
    problems += [f"left: {path}" for path in workspace.rglob("*.tmp")]
    return problems


def long_form(processes: int = 6, operations: int = 400, rounds: int = 3) -> list[Row]:
    """The long form."""
    problems: list[str] = []
    looks = 0
    with tempfile.TemporaryDirectory() as name, Forks(Path(name) / "printed", *MODULES) as forks:
        for seed in range(rounds):
            read, found = hammer(forks, Path(name) / str(seed), processes, operations, seed)
            looks += read
            problems += found
    for problem in problems:
        print(problem, file=sys.stderr)
    return [
        Row(
            f"torn or lost in {processes * operations * rounds:,} changes by {processes} processes",
            len(problems),
            "",
            0,
        ),
        Row("files read meanwhile, all whole", looks, "", 1000, at_most=False),
    ]
