"""Every operation on the disk fails in turn: what is left of a run can be used, and it goes on to the same end."""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import random
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.rows import Row
from engine.catalogue import Catalogue, discover
from engine.checkpoints.checkpoint import Snapshot, read_checkpoint
from engine.config import RunConfig, recipe
from engine.events import Event, Finished, Saved, SaveFailed
from engine.history import read_history
from engine.message import InputError
from engine.run_records.notes import Notes, read_notes, write_notes
from engine.run_records.result import read_result
from engine.runs import new_run, resume_run
from engine.trainer import Trainer
from engine.yaml_file import read_yaml
from tests.engine.support import differing, of_type, run
from tests.reliability.faulty_disk import FaultyDisk, SuddenExit

ERRORS = (errno.EIO, errno.ENOSPC)
NOTES = (Notes("before", ("a",), "old"), Notes("after", ("b",), "new, and longer than the old"))
LAST = "checkpoints/last.safetensors"


@dataclass
class Found:
    """What came of it: operations that failed, sudden exits, states of the disk after them, and what was wrong."""

    failed: int = 0
    exits: int = 0
    states: int = 0
    wrong: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Case:
    """Something that writes into a workspace: `before` makes what is there already.

    `go` gives the run that has what is left to be done, whenever it is asked; `act`, where there is one, is what is
    disturbed instead.
    """

    name: str
    before: Callable[[Path], object]
    go: Callable[[Path], Trainer]
    act: Callable[[Path], object] | None = None

    def disturbed(self, workspace: Path, events: list[Event]) -> None:
        """What is disturbed; its events are told one by one."""
        if self.act is not None:
            self.act(workspace)
            return
        events += (event for event in self.go(workspace).run() if event is not None)


def settings(catalogue: Catalogue) -> RunConfig:
    """A run of 12 steps in 3 epochs that takes some 20 ms, and keeps a checkpoint of every third step."""
    return recipe("default", catalogue).changed({
        "dataset": catalogue.make("dataset", "noisy-line", {}), "loss": catalogue.make("loss", "mse", {}),
        "model": catalogue.make("model", "mlp", {"hidden": (4,)}), "epochs": 3, "batch_size": 5, "threads": "1",
        "device": "cpu", "keep_every": 3, "lr": 0.05,
    })  # fmt: skip


def cases(catalogue: Catalogue) -> tuple[Case, ...]:
    """The first save, saves that are best or kept under their step, a resume, an extension, a new folder, notes."""
    config = settings(catalogue)

    def begin(workspace: Path) -> Trainer:
        return go_on(workspace) if saved_runs(workspace) else new_run(config, catalogue, workspace)

    def go_on(workspace: Path) -> Trainer:
        return resume_run(saved_runs(workspace)[-1], catalogue, workspace)

    def extend(workspace: Path) -> Trainer:
        path = saved_runs(workspace)[-1]
        extended = read_checkpoint(path / LAST).meta["epochs"] > config.epochs
        return resume_run(path, catalogue, workspace, more=None if extended else 1)

    def older(workspace: Path) -> Trainer:
        first, *others = saved_runs(workspace)
        return resume_run(others[-1] if others else first / "checkpoints/step-6.safetensors", catalogue, workspace)

    def stopped(workspace: Path) -> None:
        run(begin(workspace), stop_at=7)

    def noted(workspace: Path) -> None:
        stopped(workspace)
        write_notes(saved_runs(workspace)[-1], NOTES[0])

    return (
        Case("a new run", lambda _: None, begin),
        Case("a run that goes on", stopped, go_on),
        Case("an epoch more", lambda workspace: run(begin(workspace)), extend),
        Case("an older checkpoint that goes on in a new folder", lambda workspace: run(begin(workspace)), older),
        Case("notes", noted, go_on, lambda workspace: write_notes(saved_runs(workspace)[-1], NOTES[1])),
    )


def saved_runs(workspace: Path) -> list[Path]:
    """The folders of runs that have a checkpoint, oldest first."""
    return sorted(path.parent.parent for path in workspace.glob(f"runs/*/{LAST}"))


def disk_faults(folder: Path, trials: int | None = None, seed: int = 0) -> Found:
    """Let each operation of each case fail in turn; or `trials` of each kind of fault, drawn with `seed`.

    After a sudden exit every state of the disk is looked at, or as many.
    """
    draw, found = random.Random(seed), Found()
    for case in cases(discover(entry_points=False)):
        trial = _Trials(case, folder / case.name, found)
        for error in ERRORS:
            for at in _drawn(draw, trial.operations, trials):
                trial.fail(at, error)
        for at in _drawn(draw, trial.operations, trials):
            states = trial.exit(at)
            for number in _drawn(draw, len(states), trials):
                trial.start(states[number - 1], at)
    return found


def _drawn(draw: random.Random, count: int, trials: int | None) -> list[int]:
    """All the numbers from 1 to `count`, or so many of them."""
    return sorted(draw.sample(range(1, count + 1), min(trials or count, count)))


class _Trials:
    """One case, disturbed again and again."""

    def __init__(self, case: Case, folder: Path, found: Found) -> None:
        self._case, self._found = case, found
        self._base, self._place, self._left = folder / "base", folder / "place", folder / "left"
        self._base.mkdir(parents=True)
        case.before(self._base)
        self._seen: set[str] = set()
        self._events: list[Event] = []
        with self._disk() as disk:
            case.disturbed(self._place, [])
        self.operations = disk.count
        """How many there are where none fails."""
        run(case.go(self._place))
        self._end: Snapshot = read_checkpoint(saved_runs(self._place)[-1] / LAST)

    def fail(self, at: int, error: int) -> None:
        """Let an operation fail."""
        self._found.failed += 1
        where, events = f"{self._case.name}: {errno.errorcode[error]} at operation {at}", list[Event]()
        with self._disk(at, error) as disk:
            try:
                self._case.disturbed(self._place, events)
            except InputError:
                events.clear()  # refused in one clear line
            except Exception as problem:
                self._wrong(where, f"raised {problem!r}")
                return
        if events and not isinstance(events[-1], Finished):
            self._wrong(where, f"ended with {events[-1]}")
        if any(not str(event.text) for event in of_type(events, SaveFailed)):
            self._wrong(where, "a save failed without a word")
        if disk.in_place:
            self._wrong(where, f"written in place: {disk.in_place}")
        if events:
            self._check_record(saved_runs(self._place)[-1], where)
        self._check(self._place, events, where)

    def exit(self, at: int) -> list[dict[str, bytes]]:
        """Let the process be gone before an operation: the states, not seen before, that the disk may then be in."""
        self._found.exits += 1
        self._events = []
        states: dict[str, dict[str, bytes]] = {}
        with self._disk(at) as disk:
            try:
                self._case.disturbed(self._place, self._events)
            except SuddenExit:
                states = {
                    hashlib.sha256(repr(sorted(state.items())).encode()).hexdigest(): state for state in disk.left()
                }
        new = [states[digest] for digest in sorted(states.keys() - self._seen)]
        self._seen |= states.keys()
        return new

    def start(self, files: dict[str, bytes], at: int) -> None:
        """Start anew on what a sudden exit at an operation left."""
        self._found.states += 1
        shutil.rmtree(self._left, ignore_errors=True)
        self._left.mkdir()
        for name, data in files.items():
            (self._left / name).parent.mkdir(parents=True, exist_ok=True)
            (self._left / name).write_bytes(data)
        self._check(self._left, self._events, f"{self._case.name}: exit at operation {at}")

    def _disk(self, fails: int = 0, error: int | None = None) -> FaultyDisk:
        """A disk with what was there before."""
        shutil.rmtree(self._place, ignore_errors=True)
        shutil.copytree(self._base, self._place)
        return FaultyDisk(self._place, fails, error)

    def _check(self, workspace: Path, events: list[Event], where: str) -> None:
        """What is there can be read, holds what was told to be saved, and goes on to the end of an undisturbed run."""
        try:
            for path in workspace.glob("runs/*/checkpoints/[!.]*.safetensors"):
                read_checkpoint(path)
            for path in workspace.glob("runs/*"):
                self._check_small_files(path, where)
            for saved in of_type(events, Saved)[-1:]:
                last = workspace / Path(saved.path).relative_to(self._place)
                if read_checkpoint(last).meta["progress"]["step"] < saved.step:
                    self._wrong(where, f"step {saved.step} was saved and is not there")
            end = run(self._case.go(workspace))[-1]
            if isinstance(end, Finished):
                self._check_end(workspace, where)
            else:
                self._wrong(where, f"then ended with {end}")
        except (InputError, OSError, ValueError, KeyError) as problem:
            self._wrong(where, repr(problem))

    def _check_small_files(self, path: Path, where: str) -> None:
        if (path / "config.yaml").exists():
            read_yaml(path / "config.yaml")
        if (path / "environment.json").exists():
            json.loads((path / "environment.json").read_text(encoding="utf-8"))
        if (path / "result.json").exists() and read_result(path) is None:
            self._wrong(where, "the result is torn")
        if read_notes(path) not in (NOTES if self._case.act else (Notes(),)):
            self._wrong(where, "the notes are torn")

    def _check_end(self, workspace: Path, where: str) -> None:
        path = saved_runs(workspace)[-1]
        for name in differing(read_checkpoint(path / LAST), self._end):
            self._wrong(where, f"another end: {name}")
        for step in range(3, int(self._end.meta["progress"]["step"]) + 1, 3):
            if not list(workspace.glob(f"runs/*/checkpoints/step-{step}.safetensors")):
                self._wrong(where, f"step-{step} was not kept")
        if not (path / "checkpoints/best.safetensors").exists():
            self._wrong(where, "best is missing")
        self._check_record(path, where)
        for left in path.rglob("*.tmp"):
            self._wrong(where, f"left behind: {left.name}")

    def _check_record(self, path: Path, where: str) -> None:
        """The files of the record say what the checkpoint of the undisturbed run says."""
        record, end = read_history(path), self._end.tensors
        if record.steps.tolist() != end["history.steps"].tolist():
            self._wrong(where, "steps.csv is not whole")
        if [row[1:8] for row in record.epochs] != [_known(row)[1:8] for row in end["history.epochs"].tolist()]:
            self._wrong(where, "history.csv is not whole")

    def _wrong(self, where: str, what: str) -> None:
        self._found.wrong.append(f"{where}: {what}")


def _known(row: list[float]) -> tuple[float | None, ...]:
    return tuple(None if value != value else value for value in row)


def long_form() -> list[Row]:
    """Every operation of every case."""
    logging.disable()  # a run says of each file of its record that it can't be written
    try:
        with tempfile.TemporaryDirectory() as folder:
            found = disk_faults(Path(folder))
    finally:
        logging.disable(logging.NOTSET)
    for line in found.wrong:
        print(line, file=sys.stderr)
    return [
        Row("operations on the disk that failed with EIO and ENOSPC in turn", found.failed, "tried", 1, at_most=False),
        Row("sudden exits with unsynced bytes dropped", found.exits, "tried", 1, at_most=False),
        Row("states of the disk after them", found.states, "tried", 1, at_most=False),
        Row("of all these, where old or new did not load or the run did not go on", len(found.wrong), "found", 0),
    ]
