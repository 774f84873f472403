"""Runs that wait their turn: kept in the workspace, so that they are there after the window was closed."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from engine.catalogue import Catalogue
from engine.config import RunConfig
from engine.message import InputError, Message
from engine.yaml_file import read_yaml, write_yaml

FILE = "queue.yaml"
MOST = 32
"""Runs that may wait, at most."""


class RunQueue(QObject):
    """The settings of the runs to come, in order. Windows on the same workspace share them: what another one has
    changed is taken up before anything is changed here."""

    changed = Signal()

    def __init__(self, workspace: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._path = workspace / FILE
        self._waiting: list[RunConfig] = []
        self._catalogue: Catalogue | None = None
        self._seen: tuple[int, int] | None = None
        """When the file was changed and how long it was, as it was read or written here last."""

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
            self._take_up(catalogue)
        except InputError as error:
            with contextlib.suppress(OSError):
                self._path.replace(self._path.with_name(f"damaged-{FILE}"))
            return error.message
        self.changed.emit()
        return None

    def look_again(self) -> None:
        """Take up what another window has changed, if it can be read."""
        now = self._sign()
        if self._catalogue is None or now is None or now == self._seen:
            return
        with contextlib.suppress(InputError):
            self._take_up(self._catalogue)
            self.changed.emit()

    def _take_up(self, catalogue: Catalogue) -> None:
        self._seen = self._sign()
        entries = read_yaml(self._path).get("runs")
        if not isinstance(entries, list):
            raise InputError("not-a-queue", "{path} holds no list of runs", path=self._path)
        self._waiting = [RunConfig.from_dict(_mapping(entry), catalogue) for entry in entries[:MOST]]

    def _sign(self) -> tuple[int, int] | None:
        try:
            status = self._path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size

    def add(self, config: RunConfig) -> None:
        """Let a run with these settings wait. Raises `InputError` where too many wait already, `OSError`."""
        self.look_again()
        if len(self._waiting) >= MOST:
            raise InputError("queue-full", "{count} runs wait already: remove some first", count=MOST)
        self._set([*self._waiting, config.changed({"offered": ()})])

    def take(self) -> RunConfig:
        """The next run, which waits no longer. Raises `IndexError` where none waits, `OSError`: then it waits on."""
        self.look_again()
        first = self._waiting[0]
        self._set(self._waiting[1:])
        return first

    def put_back(self, config: RunConfig) -> None:
        """Let a run that was taken wait as the next one. Raises `OSError`."""
        self.look_again()
        self._set([config, *self._waiting])

    def remove(self, place: int) -> None:
        """Let the run in this place, counted from 0, not come. Raises `OSError`."""
        place = self._found(place)
        if place >= 0:
            self._set(self._waiting[:place] + self._waiting[place + 1 :])

    def move(self, place: int, to: int) -> None:
        """Put the run in this place into another one. Raises `OSError`."""
        place = self._found(place)
        if place >= 0:
            order = list(self._waiting)
            order.insert(to, order.pop(place))
            self._set(order)

    def _found(self, place: int) -> int:
        """Where the run in this place stands after another look; -1 where another window has taken it."""
        config = self._waiting[place]
        self.look_again()
        if self._waiting[place : place + 1] == [config]:
            return place
        return self._waiting.index(config) if config in self._waiting else -1

    def clear(self) -> None:
        """Let none come. Raises `OSError`."""
        self._set([])

    def _set(self, waiting: list[RunConfig]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_yaml(self._path, {"runs": [config.to_dict() for config in waiting]})
        self._waiting, self._seen = waiting, self._sign()
        self.changed.emit()


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InputError("not-settings", "{value} is no settings of a run", value=repr(value)[:80])
    return value
