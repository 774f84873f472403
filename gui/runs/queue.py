"""Runs that wait their turn: kept in the workspace, so that they are there after the window was closed."""

from __future__ import annotations

import contextlib
import errno
import functools
import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from engine.catalogue import Catalogue
from engine.config import RunConfig
from engine.files import write_text
from engine.lock import changing
from engine.message import InputError, Message, message
from engine.reading import read_limited
from engine.yaml_file import read_yaml, yaml_text

FILE = "queue.yaml"
MOST = 400
"""Runs that may wait, at most: a question may take a few hundred."""
MAX_BYTES = 2_000_000
"""Of the file."""
HEAD = "runs:\n"


class RunQueue(QObject):
    """The settings of the runs to come, in order. Windows on the same workspace share them.

    The file is the truth: whatever is changed here is changed in what stands there at that moment, and no other window
    changes it meanwhile. So none is lost, and none begins twice.
    """

    changed = Signal()

    def __init__(self, workspace: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._path = workspace / FILE
        self._waiting: list[RunConfig] = []
        self._catalogue: Catalogue | None = None
        self._seen: bytes | None = None
        """The file as it was read or written here last."""

    @property
    def waiting(self) -> tuple[RunConfig, ...]:
        """The runs to come, the next one first."""
        return tuple(self._waiting)

    def read(self, catalogue: Catalogue) -> Message | None:
        """Take up what waited when the window was closed; why it could not be read, if so: the file is put aside."""
        self._catalogue = catalogue
        if not self._path.exists():
            return None
        try:
            with changing(self._path):
                self._take_up_or_put_aside()
        except InputError as error:
            return error.message
        except OSError as error:
            return message("unreadable", "{path} can't be read: {reason}", path=self._path, reason=str(error.strerror))
        return None

    def look_again(self) -> None:
        """Take up what another window has changed, if it can be read."""
        with contextlib.suppress(InputError, OSError):
            self._take_up()

    def add(self, *configs: RunConfig) -> None:
        """Let runs with these settings wait, all or none. Raises `InputError` where too many would, `OSError`."""
        with self._changing() as waiting:
            if len(waiting) + len(configs) > MOST:
                raise InputError(
                    "queue-full", "{count} runs wait already, and no more than {most} can: remove some first",
                    count=len(waiting), most=MOST,
                )  # fmt: skip
            waiting.extend(config.changed({"offered": ()}) for config in configs)

    def take(self) -> RunConfig:
        """The next run, which waits no longer. Raises `IndexError` where none waits, `OSError`: then it waits on."""
        with self._changing() as waiting:
            return waiting.pop(0)

    def put_back(self, config: RunConfig) -> None:
        """Let a run that was taken wait as the next one. Raises `OSError`."""
        with self._changing() as waiting:
            waiting.insert(0, config)

    def remove(self, place: int) -> None:
        """Let the run in this place, counted from 0, not come. Raises `OSError`."""
        config = self._waiting[place]
        with self._changing() as waiting:
            if (found := _found(waiting, place, config)) is not None:
                del waiting[found]

    def move(self, place: int, to: int) -> None:
        """Put the run in this place into another one. Raises `OSError`."""
        config = self._waiting[place]
        with self._changing() as waiting:
            if (found := _found(waiting, place, config)) is not None:
                waiting.insert(to, waiting.pop(found))

    def clear(self) -> None:
        """Let none come of those that are seen here. Raises `OSError`."""
        seen = self.waiting
        with self._changing() as waiting:
            for config in seen:
                if config in waiting:
                    waiting.remove(config)

    @contextlib.contextmanager
    def _changing(self) -> Iterator[list[RunConfig]]:
        """What waits at this moment, to be changed: it is written when the block ends.

        Raises `InputError` where it can't be read and was put aside, so that nothing is written over it.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with changing(self._path):
            self._take_up_or_put_aside()
            waiting = list(self._waiting)
            yield waiting
            if waiting == self._waiting:
                return
            write_text(self._path, HEAD + "".join(map(_written, waiting)) if waiting else yaml_text({"runs": []}))
            self._waiting, self._seen = waiting, self._content()
        self.changed.emit()

    def _take_up_or_put_aside(self) -> None:
        """Raises `InputError` where the file was put aside."""
        try:
            self._take_up()
            return
        except InputError as error:
            problem = error
        except OSError as error:
            if error.errno != errno.EFBIG:  # the disk's fault: another time it may be read
                raise
            problem = InputError("file-too-large", "{path} is too large for what waits", path=self._path)
        names = (f"damaged-{number}-{FILE}" if number else f"damaged-{FILE}" for number in itertools.count())
        self._path.replace(next(path for path in map(self._path.with_name, names) if not os.path.lexists(path)))
        self._waiting, self._seen = [], None
        self.changed.emit()
        raise problem

    def _take_up(self) -> None:
        """Make what stands in the file what waits here. Raises `InputError`, `OSError`."""
        content = self._content()
        if self._catalogue is None or content == self._seen:
            return
        entries = [] if content is None else read_yaml(self._path, most=MAX_BYTES).get("runs")
        if not isinstance(entries, list):
            raise InputError("not-a-queue", "{path} holds no list of runs", path=self._path)
        self._waiting = [RunConfig.from_dict(_mapping(entry), self._catalogue) for entry in entries[:MOST]]
        self._seen = content
        self.changed.emit()

    def _content(self) -> bytes | None:
        """The file, which is always whole; None where there is none."""
        try:
            return read_limited(self._path, MAX_BYTES)
        except FileNotFoundError:
            return None


@functools.lru_cache(maxsize=MOST)
def _written(config: RunConfig) -> str:
    """A run as it stands in the file: made once, for with each that is taken all others are written again."""
    return yaml_text({"runs": [config.to_dict()]}).removeprefix(HEAD)


def _found(waiting: list[RunConfig], place: int, config: RunConfig) -> int | None:
    """Where a run that stood in this place stands now; None where another window has taken it."""
    if waiting[place : place + 1] == [config]:
        return place
    return waiting.index(config) if config in waiting else None


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InputError("not-settings", "{value} is no settings of a run", value=repr(value)[:80])
    return value
