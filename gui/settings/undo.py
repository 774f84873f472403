"""The way back and forth among settings."""

from __future__ import annotations

from engine.config import RunConfig


class UndoStack:
    """Settings in the order in which they were made; keystrokes in one field count as one change."""

    def __init__(self, config: RunConfig) -> None:
        self._done = [config]
        self._undone: list[RunConfig] = []
        self._key: object = None

    @property
    def present(self) -> RunConfig:
        """The settings as they are."""
        return self._done[-1]

    def push(self, config: RunConfig, key: object = None) -> None:
        """Go on to other settings. Where `key` (not None) is that of the change before, they count as one."""
        if config == self.present:
            return
        if key is not None and key == self._key and len(self._done) > 1:
            self._done[-1] = config
        else:
            self._done.append(config)
        self._key = key
        self._undone.clear()

    def undo(self) -> RunConfig:
        """Go one change back, if there is one."""
        if self.can_undo():
            self._undone.append(self._done.pop())
        self._key = None
        return self.present

    def redo(self) -> RunConfig:
        """Go one undone change forth, if there is one."""
        if self.can_redo():
            self._done.append(self._undone.pop())
        self._key = None
        return self.present

    def can_undo(self) -> bool:
        """Whether there is a way back."""
        return len(self._done) > 1

    def can_redo(self) -> bool:
        """Whether there is a way forth."""
        return bool(self._undone)
