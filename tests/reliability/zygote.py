"""A process that has the engine in memory and forks a child for each trial, so that a trial costs no import.

The process itself computes nothing: no thread of PyTorch is there to be lost in a fork. Children have one processor.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import traceback
from typing import Any

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120 starts fast
IMPORTED = ("engine.cli", "engine.commands", "torch._dynamo", "torch._refs", "torch._decomp.decompositions")
"""What a run imports by and by, besides plugins."""


class Child:
    """A process that was forked, and what it tells."""

    def __init__(self, zygote: subprocess.Popen[str]) -> None:
        self._zygote = zygote
        self.told: list[Any] = []
        """What it has told so far, as far as it was read."""
        self.ended: int | None = None
        """Its exit status, less than 0 where a signal ended it."""
        self.pid = int(self._read()["pid"])

    def wait_for(self, word: str) -> None:
        """Read what it tells until it is something that begins with a word, or the child has ended."""
        while self.ended is None and not (self.told and self.told[-1][0] == word):
            self._next()

    def wait(self) -> int:
        """Read all that it told, and return its exit status."""
        while self.ended is None:
            self._next()
        return self.ended

    def _next(self) -> None:
        message = self._read()
        if "failed" in message:
            raise AssertionError(message["failed"])
        if "ended" in message:
            self.ended = int(message["ended"])
        else:
            self.told.append(message["told"])

    def _read(self) -> dict[str, Any]:
        assert self._zygote.stdout is not None
        line = self._zygote.stdout.readline()
        assert line, "the process that forks has ended"
        return dict(json.loads(line))


class Zygote:
    """Starts the process that forks, while it is open as a context."""

    def __enter__(self) -> Zygote:
        alone = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.reliability.zygote"], cwd=ROOT, env=os.environ | alone,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def start(self, function: str, *arguments: object) -> Child:
        """Fork a child that calls a function, such as `package.module:name`, with `tell` and these plain arguments."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([function, *arguments]) + "\n")
        self._process.stdin.flush()
        return Child(self._process)

    def call(self, function: str, *arguments: object) -> list[Any]:
        """All that a child tells that is left alone."""
        child = self.start(function, *arguments)
        status = child.wait()
        assert status == 0, f"{function} ended with exit code {status}"
        return child.told


def main() -> None:
    out = os.dup(1)
    os.dup2(2, 1)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    for name in IMPORTED:
        importlib.import_module(name)
    sys.modules["engine.catalogue"].discover(entry_points=False)

    def send(**message: object) -> None:
        os.write(out, json.dumps(message).encode() + b"\n")

    for line in sys.stdin:
        function, *arguments = json.loads(line)
        module, _, name = function.partition(":")
        called = getattr(importlib.import_module(module), name)
        child = os.fork()
        if child == 0:
            status = 1
            try:
                send(pid=os.getpid())
                status = called(lambda *words: send(told=words), *arguments) or 0
            except BaseException:
                send(failed=traceback.format_exc()[-3000:])
            finally:
                os._exit(status)
        _, status = os.waitpid(child, 0)
        send(ended=os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
