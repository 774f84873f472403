"""Processes of their own at little cost: forks of one that has imported what they need, and has computed nothing.

What has computed nothing has no thread of PyTorch that could be lost in a fork.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import subprocess
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.engine.support import ROOT

IMPORTED = ("engine.cli", "engine.terminal.carry_out", "engine.commands.train", "engine.commands.evaluate",
            "torch._dynamo", "torch._refs", "torch._decomp.decompositions")  # fmt: skip
"""What a run imports by and by, besides plugins."""
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

_told = -1
"""In a fork: the end of the pipe into which it tells."""


@dataclass(frozen=True)
class Ended:
    """How a process ended."""

    code: int
    """Its exit code, negative for the signal that ended it."""
    out: str
    err: str
    seconds: float
    """Of a processor."""
    peak_bytes: int
    """Of memory, with what it was born with."""


class Process:
    """A process that was forked, and what it tells."""

    def __init__(self, forks: Forks, path: Path, told: int) -> None:
        """`path`, with an ending, is where it prints; `told` is an end of a pipe."""
        self._forks, self._path = forks, path
        self.pid = int(forks.ask(start=str(path))[0])
        os.set_blocking(told, True)  # from now on somebody may tell
        self._telling = os.fdopen(told, encoding="utf-8")
        self.told: list[Any] = []
        """What it has told so far, as far as it was read."""

    @property
    def err(self) -> str:
        """What it has printed on standard error so far."""
        return self._path.with_suffix(".err").read_text(errors="replace")

    def wait_for(self, word: str) -> None:
        """Read what it tells until it is something that begins with a word, or it has ended."""
        while not (self.told and self.told[-1][0] == word):
            line = self._telling.readline()
            if not line:
                return
            self.told.append(json.loads(line))

    def wait(self) -> Ended:
        """Read all that it tells, and wait for its end."""
        with self._telling:
            self.told += map(json.loads, self._telling)
        code, seconds, peak = self._forks.ask(wait=self.pid)
        return Ended(int(code), self._path.with_suffix(".out").read_text(errors="replace"), self.err, seconds, peak)


class Forks:
    """Starts functions of modules, each in a process of its own. Use as a context."""

    def __init__(self, folder: Path, *modules: str, alone: bool = False) -> None:
        """`folder` is where the processes print; `modules` are imported besides what a run needs, and prepared where
        they have a function `prepare`; `alone` lets all processes share one processor, with a thread each."""
        self._folder, self._modules, self._alone = folder, modules, alone
        self._started = 0
        folder.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Forks:
        environment = {"QT_QPA_PLATFORM": "offscreen", "CUDA_VISIBLE_DEVICES": "", "PYTHONDONTWRITEBYTECODE": "1"}
        environment |= dict.fromkeys(THREADS, "1") if self._alone else {}
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.reliability.forks", *self._modules], cwd=ROOT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | environment,
        )  # fmt: skip
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server.stdin is not None and self._server.stdout is not None
        self._server.stdin.close()
        self._server.wait(60)
        self._server.stdout.close()

    def start(self, function: str, *arguments: Any) -> Process:
        """Begin a function, named as `module:name`, with plain values; what it returns is its exit code."""
        path = self._folder / str(self._started)
        self._started += 1
        path.with_suffix(".call").write_text(json.dumps([function, *arguments]))
        for ending in (".out", ".err"):  # it may be killed before it opens them
            path.with_suffix(ending).touch()
        os.mkfifo(path.with_suffix(".told"))
        return Process(self, path, os.open(path.with_suffix(".told"), os.O_RDONLY | os.O_NONBLOCK))

    def run(self, function: str, *arguments: Any) -> Ended:
        """Do it in a process of its own, to its end."""
        return self.start(function, *arguments).wait()

    def call(self, function: str, *arguments: Any) -> list[Any]:
        """All that a process tells that ends well."""
        process = self.start(function, *arguments)
        ended = process.wait()
        assert ended.code == 0, f"{function} ended with exit code {ended.code}: {ended.err}"
        return process.told

    def ask(self, **request: Any) -> list[Any]:
        """What the process that forks answers."""
        assert self._server.stdin is not None and self._server.stdout is not None
        print(json.dumps(request), file=self._server.stdin, flush=True)
        line = self._server.stdout.readline()
        assert line, "the process that forks has ended"
        return list(json.loads(line))


# --- in a process that was forked ------------------------------------------------------------------


def tell(*words: Any) -> None:
    """Tell whoever started this process."""
    os.write(_told, json.dumps(words).encode() + b"\n")


def tunedeck(*arguments: str) -> int:
    """The command line, as `python -m engine` begins it."""
    from engine.__main__ import main

    sys.argv = ["tunedeck", *arguments]
    return main()


def _be(path: Path) -> None:
    """Be the process that was asked for. Does not return."""
    code = 1
    try:
        for handle, ending in ((1, ".out"), (2, ".err")):
            with open(path.with_suffix(ending), "w") as file:
                os.dup2(file.fileno(), handle)
        with open(os.devnull) as nothing:
            os.dup2(nothing.fileno(), 0)
        function, *arguments = json.loads(path.with_suffix(".call").read_text())
        module, _, name = function.partition(":")
        code = getattr(importlib.import_module(module), name)(*arguments)
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException:
        traceback.print_exc()
    with contextlib.suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code or 0)


# --- in the process that forks ---------------------------------------------------------------------


def serve(*modules: str) -> None:
    """Fork at a line of standard input, or wait for a fork; each is answered with a line on standard output."""
    global _told
    if os.environ.get(THREADS[0]) == "1" and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    for name in (*IMPORTED, *modules):
        getattr(importlib.import_module(name), "prepare", int)()
    importlib.import_module("engine.catalogue").discover(entry_points=False)
    for line in sys.stdin:
        request = json.loads(line)
        if "wait" in request:
            _, status, used = os.wait4(request["wait"], 0)
            answer = [os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, 1024 * used.ru_maxrss]
        else:
            path = Path(request["start"])
            # Opened before there is a fork: so that whoever reads sees the end of it even where it is killed at once.
            _told = os.open(path.with_suffix(".told"), os.O_WRONLY)
            child = os.fork()
            if child == 0:
                _be(path)
            os.close(_told)
            answer = [child]
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    # By name: what forks import is this module, not `__main__`.
    importlib.import_module("tests.reliability.forks").serve(*sys.argv[1:])
