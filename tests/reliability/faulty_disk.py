"""A disk that fails at its nth operation, or forgets at a sudden exit what was not flushed.

After SQLite's tests of I/O errors and crashes (sqlite.org/testing.html): a layer under the program counts what is asked
of the disk and fails one operation after another. At a sudden exit a file holds what it held when it was last flushed,
a folder the names it had when it was last flushed, and of all that came later nothing, some or everything.
"""

from __future__ import annotations

import builtins
import io
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any
from unittest import mock

MOST_TRIED_TOGETHER = 4
"""So many names that were not flushed are tried in every combination."""


class SuddenExit(BaseException):
    """The process is gone: nothing that it does after this reaches the disk."""


class _File:
    """What a file held when it was last flushed; `last` is what it held when it lost its last name."""

    def __init__(self, flushed: bytes = b"") -> None:
        self.flushed = flushed
        self.last = flushed


@dataclass(frozen=True)
class _Change:
    """Names of a folder that were changed: one is gone, one is there; a folder has no `file`."""

    folder: str
    gone: str | None
    there: str | None
    file: _File | None


class FaultyDisk:
    """Stands under everything below `root` while it is open as a context. What it holds on entry is flushed.

    Operation number `fails` (from 1; 0 for none) raises `error`, a write after half of it is done; without an `error`
    the process is gone. `count` tells how many operations there were, `in_place` which files were not written anew.
    """

    def __init__(self, root: Path, fails: int = 0, error: int | None = None) -> None:
        self.root, self.fails, self.error = str(root), fails, error
        self.count = 0
        self.gone = False
        self.in_place: list[str] = []
        self._changes: list[_Change] = []
        self._opened: dict[int, str] = {}
        self._now: dict[str, _File | None] = {self.root: None}
        for path in root.rglob("*"):
            self._now[str(path)] = None if path.is_dir() else _File(path.read_bytes())
        self._flushed = dict(self._now)
        self._real = {name: getattr(os, name) for name in _NAMES} | {"file": open, "rmtree": shutil.rmtree}
        self._stack = ExitStack()

    def __enter__(self) -> FaultyDisk:
        for name in _NAMES:
            self._stack.enter_context(mock.patch.object(os, name, getattr(self, f"_{name}")))
        self._stack.enter_context(mock.patch.object(builtins, "open", self._file))
        self._stack.enter_context(mock.patch.object(shutil, "rmtree", self._rmtree))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    # --- what is left after a sudden exit --------------------------------------------------------

    def left(self) -> Iterator[dict[str, bytes]]:
        """Every state that the disk may be in: each file by its path below the root, with what it holds."""
        for names in self._names():
            files = {
                path: file
                for path, file in names.items()
                if file is not None and all(str(parent) in names for parent in self._parents(path))
            }
            for share in ("none", "half", "blank", "all"):
                yield {os.path.relpath(path, self.root): self._content(file, share) for path, file in files.items()}

    def _names(self) -> Iterator[dict[str, _File | None]]:
        """The names after each part of the changes that were not flushed."""
        changes = self._changes
        if len(changes) <= MOST_TRIED_TOGETHER:
            parts = [part for size in range(len(changes) + 1) for part in combinations(changes, size)]
        else:
            parts = [tuple(changes[:size]) for size in range(len(changes) + 1)]
            parts += [(*changes[:index], *changes[index + 1 :]) for index in range(len(changes))]
        for part in parts:
            names = dict(self._flushed)
            for change in part:
                _apply(change, names)
            yield names

    def _parents(self, path: str) -> Iterator[Path]:
        """The folders of a path, up to the root."""
        for parent in Path(path).parents:
            yield parent
            if str(parent) == self.root:
                return

    def _content(self, file: _File, share: str) -> bytes:
        """What a file holds where this share of what was not flushed got to the disk; blank is its length alone."""
        now, flushed = self._bytes(file), file.flushed
        kept = flushed if now.startswith(flushed) else b""
        rest = now[len(kept) :]
        if share == "none" or not rest:
            return flushed
        return {"half": kept + rest[: len(rest) // 2], "blank": kept + bytes(len(rest)), "all": now}[share]

    def _bytes(self, file: _File) -> bytes:
        """What a file holds as the program sees it."""
        named = next((path for path, other in self._now.items() if other is file), None)
        return Path(named).read_bytes() if named else file.last

    # --- the operations --------------------------------------------------------------------------

    def _ask(self) -> bool:
        """Count an operation; whether it is the one that fails."""
        if self.gone:
            raise SuddenExit
        self.count += 1
        if self.count == self.fails and self.error is None:
            self.gone = True
            raise SuddenExit
        return self.count == self.fails

    def _do(self) -> None:
        if self._ask():
            raise self._fault()

    def _fault(self) -> OSError:
        assert self.error is not None
        return OSError(self.error, os.strerror(self.error))

    def _below(self, path: Any) -> str | None:
        """A path below the root as text; None for any other."""
        if not isinstance(path, (str, os.PathLike)):
            return None
        text = os.path.abspath(path)  # noqa: PTH100 a link must not be followed
        return text if text == self.root or text.startswith(self.root + os.sep) else None

    def _change(self, gone: str | None, there: str | None, file: _File | None) -> None:
        for name in (gone, there):
            lost = self._now.get(name) if name else None
            if lost is not None and lost is not file:
                lost.last = self._bytes(lost)
        change = _Change(os.path.dirname(there or gone or ""), gone, there, file)  # noqa: PTH120 text in, text out
        _apply(change, self._now)
        self._changes.append(change)

    def _file(self, path: Any, mode: str = "r", buffering: int = -1, *rest: Any, **options: Any) -> Any:
        below = self._below(path)
        if below is None or not set(mode) & set("wxa+"):
            return self._real["file"](path, mode, buffering, *rest, **options)
        self._do()
        if below in self._now and "a" not in mode:
            self.in_place.append(below)
        raw = _Raw(self, below, mode.replace("t", ""))
        if below not in self._now:
            self._change(None, below, _File())
        if buffering == 0:
            return raw
        buffer = io.BufferedWriter(raw)
        return buffer if "b" in mode else io.TextIOWrapper(buffer, *rest, **options)

    def _open(self, path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        below = self._below(path) if dir_fd is None else None
        reads = not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
        if below is None or (reads and not Path(below).is_dir()):
            return int(self._real["open"](path, flags, mode, dir_fd=dir_fd))
        self._do()
        handle = int(self._real["open"](path, flags, mode))
        self._opened[handle] = below
        if below not in self._now:
            self._change(None, below, _File())
        return handle

    def _close(self, handle: int) -> None:
        self._opened.pop(handle, None)
        self._real["close"](handle)

    def _write(self, handle: int, data: bytes) -> int:
        if handle in self._opened:
            self._do()
        return int(self._real["write"](handle, data))

    def _fsync(self, handle: int) -> None:
        path = self._opened.get(handle)
        if path is not None:
            self._do()
            file = self._now[path]
            if file is not None:
                file.flushed = self._bytes(file)
            else:
                for change in self._changes:
                    if change.folder == path:
                        _apply(change, self._flushed)
                self._changes = [change for change in self._changes if change.folder != path]
        self._real["fsync"](handle)

    def _replace(self, source: Any, target: Any) -> None:
        old, new = self._below(source), self._below(target)
        if old is None or new is None:
            self._real["replace"](source, target)
            return
        self._do()
        file = self._now[old]
        self._change(old, new, file)  # what is overwritten is read before it is
        self._real["replace"](source, target)

    def _link(self, source: Any, target: Any) -> None:
        old, new = self._below(source), self._below(target)
        if old is None or new is None:
            self._real["link"](source, target)
            return
        self._do()
        self._real["link"](source, target)
        self._change(None, new, self._now[old])

    def _unlink(self, path: Any, *, dir_fd: int | None = None) -> None:
        below = self._below(path) if dir_fd is None else None
        if below is not None and os.path.lexists(below):
            self._do()
            self._change(below, None, None)
        self._real["unlink"](path, dir_fd=dir_fd)

    def _mkdir(self, path: Any, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        below = self._below(path)
        if below is not None and not os.path.lexists(below):
            self._do()
        self._real["mkdir"](path, mode, dir_fd=dir_fd)
        if below is not None:
            self._change(None, below, None)

    def _rmdir(self, path: Any, *, dir_fd: int | None = None) -> None:
        below = self._below(path) if dir_fd is None else None
        if below is not None:
            self._do()
            self._change(below, None, None)
        self._real["rmdir"](path, dir_fd=dir_fd)

    def _rmtree(self, path: Any, **options: Any) -> None:
        below = self._below(path)
        if below is not None:
            self._do()
            for name in [name for name in self._now if name == below or name.startswith(below + os.sep)]:
                self._change(name, None, None)
        with mock.patch.multiple(os, **{name: self._real[name] for name in _NAMES}):
            self._real["rmtree"](path, **options)


_NAMES = ("open", "close", "write", "fsync", "replace", "link", "unlink", "mkdir", "rmdir")
"""The functions of `os` that are stood in for."""


class _Raw(io.FileIO):
    """A file whose writes may fail half done."""

    def __init__(self, disk: FaultyDisk, path: str, mode: str) -> None:
        super().__init__(path, mode)
        self._disk = disk
        disk._opened[self.fileno()] = path

    def write(self, data: Any) -> int:
        if self._disk._ask():
            super().write(memoryview(data)[: len(data) // 2])
            raise self._disk._fault()
        return super().write(data)

    def truncate(self, size: int | None = None) -> int:
        self._disk._do()
        return super().truncate(size)

    def close(self) -> None:
        if not self.closed:
            self._disk._opened.pop(self.fileno(), None)
        super().close()


def _apply(change: _Change, names: dict[str, _File | None]) -> None:
    if change.gone is not None:
        names.pop(change.gone, None)
    if change.there is not None:
        names[change.there] = change.file
