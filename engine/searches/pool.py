"""The processes that train the trials of a search, as the process sees them that leads it."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from engine.message import InputError

END_SECONDS = 5.0
"""How long to wait for a process whose input has ended."""
SINGLE = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
"""Several processes share the processors: each has one."""


class Worker:
    """One of them. `trial` is the number of what it trains; None while it is free, or getting ready."""

    def __init__(self, first: dict[str, Any], heard: SimpleQueue[tuple[Worker, dict[str, Any] | None]]) -> None:
        """Start it; what it tells is put on `heard`, and None when it has ended."""
        self.trial: int | None = None
        self.ready = False
        package = str(Path(__file__).parents[2])
        path = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH", ""))))
        # A group of its own: Ctrl-C in the terminal is for the search, which ends its processes itself.
        apart: dict[str, Any] = {"process_group": 0}
        if sys.platform == "win32":
            apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        self._process: subprocess.Popen[str] = subprocess.Popen(
            [sys.executable, "-m", "engine.searches.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env=os.environ | SINGLE | {"PYTHONPATH": path}, encoding="utf-8", **apart,
        )  # fmt: skip
        self._heard = heard
        self.send(first)
        self._ear = threading.Thread(target=self._listen, daemon=True)
        self._ear.start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with contextlib.suppress(ValueError, OSError):  # half a line of one that was killed
            for line in self._process.stdout:
                self._heard.put((self, json.loads(line)))
        self._heard.put((self, None))

    def send(self, order: dict[str, Any]) -> None:
        """Give it an order. One that has ended does not hear it, and that it has ended is told."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()

    @property
    def process(self) -> int:
        """Its number."""
        return self._process.pid

    def ended(self) -> int:
        """The exit code of one that has ended; negative where a signal ended it."""
        return self._process.wait(END_SECONDS)

    def end(self) -> None:
        """End it, whatever it does."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._ear.join(END_SECONDS)
        if self._process.stdout is not None:
            self._process.stdout.close()


class Pool:
    """Processes that are started once and train any number of trials. Use as a context."""

    def __init__(self, count: int, workspace: Path, settings: dict[str, Any]) -> None:
        self._heard: SimpleQueue[tuple[Worker, dict[str, Any] | None]] = SimpleQueue()
        self._first = {"workspace": str(workspace), "settings": settings}
        self._count = count
        self.workers: list[Worker] = []

    def __enter__(self) -> Pool:
        self.workers = [Worker(self._first, self._heard) for _ in range(self._count)]
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self.workers:
            worker.end()

    @property
    def free(self) -> list[Worker]:
        """Those that wait for a trial."""
        return [worker for worker in self.workers if worker.ready and worker.trial is None]

    @property
    def busy(self) -> list[Worker]:
        """Those that train one."""
        return [worker for worker in self.workers if worker.trial is not None]

    def hear(self, seconds: float) -> tuple[Worker, dict[str, Any] | None] | None:
        """What one of them tells within this time: None in place of a message where it has ended.

        Raises `InputError` where none can begin.
        """
        try:
            worker, told = self._heard.get(timeout=seconds)
        except Empty:
            return None
        if told is not None and "cannot" in told:
            raise InputError("trials-cannot", "{reason}", reason=told["cannot"])
        if told is None and not worker.ready:
            raise InputError(
                "no-worker", "a process that was to train trials ended before it began (exit code {number}): try fewer "
                "--processes", number=worker.ended(),
            )  # fmt: skip
        if told is not None and "ready" in told:
            worker.ready = True
        return worker, told

    def replace(self, worker: Worker) -> None:
        """Start another in the place of one that has ended."""
        worker.end()
        self.workers[self.workers.index(worker)] = Worker(self._first, self._heard)
