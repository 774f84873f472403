"""Where a run keeps its checkpoints and its record: a folder in the workspace, or memory."""

from __future__ import annotations

import contextlib
import functools
import json
import logging
import platform
import shutil
import sys
import time
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from engine.checkpoints.checkpoint import Snapshot, decode, encode, read_checkpoint, write_checkpoint
from engine.files import append_text, flush_folder, give_name, make_folder, write_text
from engine.frozen.proof import FILE as PROOF
from engine.frozen.proof import Proof, write_proof
from engine.history import EPOCH_HEADER, STEP_HEADER, EpochRow, History, epoch_line, read_history, step_line, step_lines
from engine.inside.record import FILE as INSIDE
from engine.inside.record import HEADER, LayerLook, look_line, read_looks, up_to
from engine.lock import FileLock
from engine.message import InputError
from engine.run_records.notes import HALF_WRITTEN, clear_away_half_written
from engine.run_records.result import FILE as RESULT
from engine.run_records.result import Result, write_result
from engine.yaml_file import write_yaml

NOT_DAMAGED = ("unreadable", "newer-format")
"""The codes that tell of a file that may be read another time, or by a newer version."""


class Store(Protocol):
    """What a trainer asks of the place where its run is kept."""

    @property
    def where(self) -> str:
        """The run's folder, or empty."""

    @property
    def best_path(self) -> str | None:
        """The file of the best checkpoint, or None."""

    def describe(self, settings: dict[str, Any], environment: dict[str, Any]) -> None:
        """Keep the resolved settings with their changes, and what the run runs on. Raises `InputError`."""

    def save(self, snapshot: Snapshot, *, best: bool, keep: int | None = None) -> str:
        """Keep a snapshot as the last, as the best where it is, and under the step `keep`; return its path."""

    def best(self) -> Snapshot | None:
        """The best snapshot, or None where there is none yet."""

    def add_epoch(self, row: EpochRow) -> None:
        """Append to the record."""

    def add_steps(self, rows: list[tuple[int, float, float]]) -> None:
        """Append to the record."""

    def add_looks(self, rows: list[LayerLook]) -> None:
        """Append to the record what was seen inside the network."""

    def log(self, text: str) -> None:
        """Write a line to the run's log."""

    def set_result(self, result: Result | None) -> None:
        """Keep how the run ended; None where it goes on, and what was kept is true no more."""

    def set_proof(self, proof: Proof) -> None:
        """Keep what became of each layer so far, in a run that freezes some."""

    def close(self) -> None:
        """Give the run free for others. May be called twice."""


class MemoryStore:
    """Keeps a run in memory: for tests, trials and previews. Snapshots are kept as the bytes of their files."""

    where = ""
    best_path = None

    def __init__(self) -> None:
        self.last_bytes: bytes | None = None
        self.best_bytes: bytes | None = None
        self.kept: dict[int, bytes] = {}
        self.looks: list[LayerLook] = []
        self.result: Result | None = None
        self.proof: Proof | None = None

    def describe(self, settings: dict[str, Any], environment: dict[str, Any]) -> None:
        pass

    def save(self, snapshot: Snapshot, *, best: bool, keep: int | None = None) -> str:
        self.last_bytes = encode(snapshot)
        if best:
            self.best_bytes = self.last_bytes
        if keep is not None:
            self.kept[keep] = self.last_bytes
        return ""

    def best(self) -> Snapshot | None:
        return decode(self.best_bytes, "memory") if self.best_bytes else None

    def last(self) -> Snapshot:
        assert self.last_bytes is not None, "nothing was saved yet"
        return decode(self.last_bytes, "memory")

    def add_epoch(self, row: EpochRow) -> None:
        pass

    def add_steps(self, rows: list[tuple[int, float, float]]) -> None:
        pass

    def add_looks(self, rows: list[LayerLook]) -> None:
        self.looks += rows

    def log(self, text: str) -> None:
        pass

    def set_result(self, result: Result | None) -> None:
        self.result = result

    def set_proof(self, proof: Proof) -> None:
        self.proof = proof

    def close(self) -> None:
        pass


class RunFolder:
    """A run's folder: settings, record, log and checkpoints, locked while the run runs."""

    def __init__(self, path: Path) -> None:
        """Take hold of a run's folder. Raises `InputError` where another process holds it or it can't be written."""
        self.path = path
        self._waiting: dict[str, str] = {}  # lines that found no room, by the file that they belong to
        self._told: set[str] = set()  # files of which it is told that they can't be written
        for name in ("checkpoints", "lock", "log.txt"):  # a folder that came from elsewhere may lead to any place
            if (path / name).is_symlink():
                raise InputError(
                    "leads-elsewhere", "{path} is a link, and nothing is written where it leads: put the file or "
                    "folder itself there", path=path / name,
                )  # fmt: skip
        try:
            if not (path / "checkpoints").is_dir():
                make_folder(path / "checkpoints")
            self._lock = FileLock(path / "lock")
        except OSError as error:
            raise cannot_write(path, error) from None
        for stale in [*path.glob(".*.tmp"), *(path / "checkpoints").glob(".*.tmp")]:
            if not stale.match(HALF_WRITTEN):  # any process may be writing notes at this moment
                with contextlib.suppress(OSError):
                    stale.unlink()
        clear_away_half_written(path)

    @classmethod
    def create(cls, workspace: Path, model: str, dataset: str) -> RunFolder:
        """A new run in the workspace, named for the present moment, the model and the data set."""
        stem = f"{time.strftime('%Y-%m-%d_%H-%M-%S')}-{model}-{dataset}"
        for number in range(1, 1000):
            path = workspace / "runs" / (stem if number == 1 else f"{stem}-{number}")
            try:
                make_folder(path)
            except FileExistsError:
                continue
            except OSError as error:
                raise cannot_write(workspace, error) from None
            folder = None
            try:
                folder = cls(path)
                folder.rewrite_record(History())
            except BaseException:  # Ctrl-C, too: what did not come to be leaves nothing
                if folder is not None:
                    folder.close()
                shutil.rmtree(path, ignore_errors=True)
                raise
            return folder
        raise InputError("too-many-runs", "{path} holds too many runs of this second", path=workspace / "runs")

    @property
    def where(self) -> str:
        return str(self.path)

    @property
    def best_path(self) -> str | None:
        path = self.path / "checkpoints" / "best.safetensors"
        return str(path) if path.exists() else None

    @property
    def last_path(self) -> Path:
        return self.path / "checkpoints" / "last.safetensors"

    def describe(self, settings: dict[str, Any], environment: dict[str, Any]) -> None:
        try:
            write_yaml(self.path / "config.yaml", settings)
            write_text(self.path / "environment.json", json.dumps(environment, indent=1) + "\n")
        except OSError as error:
            raise cannot_write(self.path, error) from None

    def save(self, snapshot: Snapshot, *, best: bool, keep: int | None = None) -> str:
        # In this order a crash between two names loses none: before last comes what is not made again once last is
        # there, and after it best, of which the trainer sees that it is behind.
        names = [f"step-{keep}"] * (keep is not None) + ["last"] + ["best"] * best
        first, *others = (self.path / "checkpoints" / f"{name}.safetensors" for name in names)
        write_checkpoint(first, snapshot)
        for other in others:
            give_name(first, other)
        for name in list(self._waiting):
            self._append(name, "")
        return str(self.last_path)

    def best(self) -> Snapshot | None:
        if self.best_path is None:
            return None
        path = Path(self.best_path)
        try:
            return read_checkpoint(path)
        except InputError as error:
            if error.message.code in NOT_DAMAGED:
                raise
            try:
                path.replace(path.with_name(f"damaged-{path.name}"))
            except OSError as reason:
                raise cannot_write(self.path, reason) from None
            self.log(f"{error}; kept as damaged-{path.name}")
            return None

    def rewrite_record(self, history: History, step: int = 0) -> None:
        """Set the record back to what a checkpoint of this step knows, steps in full where the file still has them.

        Raises `InputError` where it can't be written.
        """
        steps = history.steps
        if len(steps):
            # A checkpoint of many steps keeps some of them; a file may lack its last ones after a power cut.
            found = read_history(self.path).steps
            rows = np.concatenate([steps, found[found[:, 0] <= steps[-1, 0]]])
            steps = rows[np.unique(rows[:, 0], return_index=True)[1]]
        try:
            write_text(self.path / "steps.csv", "".join([STEP_HEADER, *step_lines(steps)]))
            write_text(self.path / "history.csv", EPOCH_HEADER + "".join(map(epoch_line, history.epochs)))
            if (self.path / INSIDE).exists():
                write_text(self.path / INSIDE, up_to(read_looks(self.path), step))
        except OSError as error:
            raise cannot_write(self.path, error) from None

    def add_epoch(self, row: EpochRow) -> None:
        self._append("history.csv", epoch_line(row))

    def add_steps(self, rows: list[tuple[int, float, float]]) -> None:
        self._append("steps.csv", "".join(step_line(*row) for row in rows))

    def add_looks(self, rows: list[LayerLook]) -> None:
        there = (self.path / INSIDE).exists() or INSIDE in self._waiting
        self._append(INSIDE, ("" if there else HEADER) + "".join(map(look_line, rows)))

    def log(self, text: str) -> None:
        self._append("log.txt", f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}\n")

    def set_result(self, result: Result | None) -> None:
        with self._unless_full(RESULT):
            if result is not None:
                write_result(self.path, result)
            elif (self.path / RESULT).exists():
                (self.path / RESULT).unlink()
                flush_folder(self.path)

    def set_proof(self, proof: Proof) -> None:
        with self._unless_full(PROOF):
            write_proof(self.path, proof)

    def _append(self, name: str, text: str) -> None:
        """Append to a file of the record. What finds no room waits for the next time."""
        self._waiting[name] = self._waiting.get(name, "") + text
        with self._unless_full(name):
            append_text(self.path / name, self._waiting[name])
            del self._waiting[name]

    @contextlib.contextmanager
    def _unless_full(self, name: str) -> Iterator[None]:
        """Write a file that the run can do without: a full disk is no failure, and the checkpoints know more.

        Told once, until it works again.
        """
        try:
            yield
            self._told.discard(name)
        except OSError as error:
            if name not in self._told:
                logging.getLogger(__name__).warning("%s: %s", self.path / name, error.strerror)
            self._told.add(name)

    def close(self) -> None:
        self._lock.release()

    def discard(self) -> None:
        """Remove a folder that was made for a run that did not come to be."""
        self.close()
        shutil.rmtree(self.path, ignore_errors=True)


def cannot_write(path: Path, error: OSError) -> InputError:
    """The error for a workspace that can't be written."""
    return InputError(
        "cannot-write", "{path} can't be written ({reason}): choose another with --workspace",
        path=path, reason=error.strerror or str(error),
    )  # fmt: skip


@functools.cache
def versions() -> dict[str, str]:
    """The versions of Python, this program and the libraries that a result depends on."""
    found = {"python": platform.python_version(), "platform": platform.platform(), "executable": sys.executable}
    for name in ("tunedeck", "torch", "torchvision", "numpy", "safetensors", "pydantic", "pluggy"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = ""
    return found
