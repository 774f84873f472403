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
    """The settings of the runs to come, in order."""

    changed = Signal()

    def __init__(self, workspace: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._path = workspace / FILE
        self._waiting: list[RunConfig] = []

    @property
    def waiting(self) -> tuple[RunConfig, ...]:
        """The runs to come, the next one first."""
        return tuple(self._waiting)

    def read(self, catalogue: Catalogue) -> Message | None:
        """Take up what waited when the window was closed; why it could not be read, if so: the file is put aside."""
        if not self._path.exists():
            return None
        try:
            entries = read_yaml(self._path).get("runs")
            if not isinstance(entries, list):
                raise InputError("not-a-queue", "{path} holds no list of runs", path=self._path)
            self._waiting = [RunConfig.from_dict(_mapping(entry), catalogue) for entry in entries[:MOST]]
        except InputError as error:
            with contextlib.suppress(OSError):
                self._path.replace(self._path.with_name(f"damaged-{FILE}"))
            return error.message
        self.changed.emit()
        return None

    def add(self, config: RunConfig) -> None:
        """Let a run with these settings wait. Raises `InputError` where too many wait already, `OSError`."""
        if len(self._waiting) >= MOST:
            raise InputError("queue-full", "{count} runs wait already: remove some first", count=MOST)
        self._set([*self._waiting, config.changed({"offered": ()})])

    def take(self) -> RunConfig:
        """The next run, which waits no longer. Raises `IndexError` where none waits, `OSError`: then it waits on."""
        first, *rest = self._waiting
        self._set(rest)
        return first

    def put_back(self, config: RunConfig) -> None:
        """Let a run that was taken wait as the next one. Raises `OSError`."""
        self._set([config, *self._waiting])

    def remove(self, place: int) -> None:
        """Let the run in this place, counted from 0, not come. Raises `OSError`."""
        self._set(self._waiting[:place] + self._waiting[place + 1 :])

    def move(self, place: int, to: int) -> None:
        """Put the run in this place into another one. Raises `OSError`."""
        order = list(self._waiting)
        order.insert(to, order.pop(place))
        self._set(order)

    def clear(self) -> None:
        """Let none come. Raises `OSError`."""
        self._set([])

    def _set(self, waiting: list[RunConfig]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        write_yaml(self._path, {"runs": [config.to_dict() for config in waiting]})
        self._waiting = waiting
        self.changed.emit()


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InputError("not-settings", "{value} is no settings of a run", value=repr(value)[:80])
    return value
