"""Processes that are there at once: forks of one that has loaded PyTorch and the techniques already."""

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


@dataclass(frozen=True)
class Ended:
    """How a process ended."""

    code: int
    """Its exit code, negative for the signal that ended it."""
    out: str
    err: str


class Forks:
    """Starts functions of modules, each in a process of its own. Use as a context."""

    def __init__(self, folder: Path) -> None:
        """`folder` is where what the processes print is kept."""
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Forks:
        self._server = subprocess.Popen(
            [sys.executable, "-m", "tests.reliability.forks"], cwd=ROOT, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
        )  # fmt: skip
        return self

    def __exit__(self, *_: object) -> None:
        assert self._server.stdin is not None and self._server.stdout is not None
        self._server.stdin.close()
        self._server.wait(60)
        self._server.stdout.close()

    def start(self, function: str, *arguments: Any) -> int:
        """Begin a function, named as `module:name`, with plain values; returns the number of its process."""
        return int(self._ask({"start": function, "arguments": arguments, "folder": str(self._folder)}))

    def wait(self, process: int) -> Ended:
        """Wait for the end of a process."""
        code = int(self._ask({"wait": process}))
        out, err = (self._folder / f"{process}.{name}" for name in ("out", "err"))
        return Ended(code, out.read_text(errors="replace"), err.read_text(errors="replace"))

    def run(self, function: str, *arguments: Any) -> Ended:
        """Do it in a process of its own, to its end."""
        return self.wait(self.start(function, *arguments))

    def _ask(self, request: dict[str, Any]) -> str:
        assert self._server.stdin is not None and self._server.stdout is not None
        print(json.dumps(request), file=self._server.stdin, flush=True)
        return self._server.stdout.readline()


def tunedeck(*arguments: str) -> int:
    """The command line, as `python -m engine` begins it."""
    from engine.__main__ import main

    sys.argv = ["tunedeck", *arguments]
    return main()


def _serve() -> None:
    """Fork at each line of standard input, and tell what came of it on standard output."""
    for module in ("engine.commands", "gui.runs.queue", "gui.memory", "tests.reliability.two_processes"):
        importlib.import_module(module)
    for line in sys.stdin:
        request = json.loads(line)
        if "wait" in request:
            status = os.waitpid(request["wait"], 0)[1]
            print(os.waitstatus_to_exitcode(status), flush=True)
        elif (process := os.fork()) != 0:
            print(process, flush=True)
        else:
            _be(request)


def _be(request: dict[str, Any]) -> None:
    """Be the process that was asked for. Does not return."""
    code = 1
    try:
        for handle, name in ((1, "out"), (2, "err")):
            with open(Path(request["folder"]) / f"{os.getpid()}.{name}", "w") as file:
                os.dup2(file.fileno(), handle)
        with open(os.devnull) as nothing:
            os.dup2(nothing.fileno(), 0)
        module, _, name = request["start"].partition(":")
        code = getattr(importlib.import_module(module), name)(*request["arguments"])
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException:
        traceback.print_exc()
    with contextlib.suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code or 0)


if __name__ == "__main__":
    _serve()
