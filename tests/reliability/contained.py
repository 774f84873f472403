"""What becomes of a process that is given a stranger's file: what it says, what it takes, and what it must not do.

Each trial has a process of its own, which runs under an audit hook: Python asks it before code is run or compiled, a
program or a connection is begun, or a file is opened, and what is forbidden is noted and refused there.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import resource
import signal
import sys
import sysconfig
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.engine.support import ROOT
from tests.reliability.forks import Forks, tell

HANGS = 20
"""Seconds after which a child is ended: it waits for something."""
SPINS = 30
"""Seconds of a processor after which it is."""
ROOM = 2_000_000_000
"""Bytes of addresses that a child may take besides those that it was born with: bombs go off in it alone."""
MARK = "intruder"
"""Stands in all code that is smuggled in, so that it is known where Python tells no file that code comes from."""

FORBIDDEN = (
    "subprocess.", "os.system", "os.exec", "os.spawn", "os.posix_spawn", "os.fork", "os.startfile", "pty.spawn",
    "ctypes.", "pickle.find_class", "socket.", "urllib.Request", "webbrowser.open", "code.__new__", "cpython.run_",
)  # fmt: skip
"""What events begin with of which none may happen, whatever they are about."""
CODE = ("exec", "compile")
CHANGING = (
    "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.truncate", "os.link", "os.symlink", "os.chmod", "os.chown",
    "os.utime", "shutil.rmtree", "shutil.copyfile", "shutil.move", "tempfile.mkstemp", "tempfile.mkdtemp",
)  # fmt: skip
"""Events whose first argument, or whose first two, name what is changed."""
OF_TWO = ("os.rename", "os.link", "shutil.copyfile", "shutil.move")
FOLLOWING = ("os.truncate", "os.chmod", "os.chown", "os.utime", "shutil.")
"""Those of them that change what a link leads to, not the link."""
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


@dataclass(frozen=True)
class Outcome:
    """What a child did and said."""

    code: int | None = None
    """What the function returned, where that is a number; the exit code of what it was meant to be."""
    out: str = ""
    err: str = ""
    trace: str = ""
    """Of an exception that came out."""
    forbidden: list[str] = field(default_factory=list)
    ended: str = ""
    """The signal that ended it, where one had to."""
    seconds: float = 0.0
    """Of a processor."""
    bytes: int = 0
    """At its peak, above what it was born with."""

    def problems(self, limit: int) -> list[str]:
        """What is wrong with it, whatever it was to do: too much memory, too long, something forbidden, a traceback."""
        found = [f"did {what}" for what in self.forbidden]
        if self.ended:
            found.append(f"ended by {self.ended}")
        if self.trace or "Traceback" in self.err:
            found.append("a traceback: " + (self.trace or self.err).strip().splitlines()[-1][:300])
        if self.bytes > limit:
            found.append(f"took {self.bytes / 1e6:.0f} MB")
        return found


# --- in a fork ------------------------------------------------------------------------------------


def trial(folder: str, module: str, function: str, *arguments: Any) -> None:
    """One trial: what it came to is told, with the bytes that the process was born with."""
    do = getattr(importlib.import_module(module), function)
    os.setsid()
    signal.alarm(HANGS)
    with open("/proc/self/statm", encoding="ascii") as file:
        addresses, resident = (int(word) * os.sysconf("SC_PAGE_SIZE") for word in file.read().split()[:2])
    resource.setrlimit(resource.RLIMIT_AS, (addresses + ROOM,) * 2)
    resource.setrlimit(resource.RLIMIT_CPU, (SPINS, SPINS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (10**9, 10**9))
    out, err, trace, code = io.StringIO(), io.StringIO(), "", None
    os.chdir(folder)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        forbidden = _watch(folder)
        try:
            code = do(*arguments)
        except SystemExit as error:
            code = error.code
        except BaseException:
            trace = traceback.format_exc()
    tell(code if isinstance(code, int) else None, out.getvalue(), err.getvalue(), trace, forbidden, resident)


def _watch(folder: str) -> list[str]:
    """Refuse, from now on, what is forbidden in a child that may write in this folder alone; a list of what it was."""
    noted: list[str] = []
    own = os.path.realpath(folder)
    trusted = tuple({os.path.realpath(sysconfig.get_path(name)) for name in ("stdlib", "purelib", "platlib")})
    trusted += (str(ROOT), "<frozen", "<string>", "<unknown>", "<attrs", "<template")

    def within(path: Any, follow: bool = True) -> bool:
        if isinstance(path, int) or path is None:
            return True
        named = Path(os.fsdecode(path))
        real = os.path.realpath(named) if follow else str(Path(os.path.realpath(named.parent)) / named.name)
        return real == "/dev/null" or real == own or real.startswith(own + os.sep)

    def judged(event: str, args: tuple[Any, ...]) -> bool:
        if event.startswith(FORBIDDEN):
            return False
        if event == "open":
            path, _, flags = args
            return not (flags or 0) & WRITES or within(path)
        if event in CHANGING:
            follow = event.startswith(FOLLOWING)
            return all(within(path, follow) for path in args[: 2 if event in OF_TWO else 1])
        if event in CODE:
            name = getattr(args[0], "co_filename", None) if event == "exec" else args[1]
            name = os.fsdecode(name or "<string>")
            return name.startswith(trusted) and not name.startswith(own) and MARK not in str(args[0])
        return True

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if not judged(event, args):
            noted.append(f"{event} {args!r:.300}")
            raise PermissionError(f"{event} is forbidden here")

    sys.addaudithook(hook)
    return noted


# --- outside ---------------------------------------------------------------------------------------


def try_out(forks: Forks, folder: Path, module: str, function: str, *arguments: Any) -> Outcome:
    """What becomes of a function of a module in a process that may write in this folder alone."""
    process = forks.start("tests.reliability.contained:trial", str(folder), module, function, *arguments)
    ended = process.wait()
    end = signal.Signals(-ended.code).name if ended.code < 0 else ""
    if not process.told:
        return Outcome(err=ended.err, ended=end or f"exit code {ended.code}", seconds=ended.seconds)
    [(code, out, err, trace, forbidden, born)] = process.told
    return Outcome(code, out, err, trace, forbidden, end, ended.seconds, max(0, ended.peak_bytes - born))
