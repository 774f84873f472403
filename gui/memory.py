"""What the window remembers in the workspace: its geometry, its looks, and the settings."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings
from PySide6.QtWidgets import QMainWindow

from engine.catalogue import Catalogue
from engine.config import RunConfig, recipe
from engine.message import InputError, Message
from engine.yaml_file import read_yaml, write_yaml

FIRST_RECIPE = "first-lesson"
LAYOUT_VERSION = 2
"""Counted up when docks or toolbars change, so that an older arrangement is not applied to them."""


class Memory:
    """`window.ini` and `settings.yaml` in the workspace."""

    def __init__(self, workspace: Path) -> None:
        self._settings_path = workspace / "settings.yaml"
        self._ini = QSettings(str(workspace / "window.ini"), QSettings.Format.IniFormat)

    def restore_window(self, window: QMainWindow) -> bool:
        """Bring geometry and docks back; whether there was anything to bring back."""
        geometry, state = self._ini.value("window/geometry"), self._ini.value("window/state")
        if not isinstance(geometry, QByteArray) or not window.restoreGeometry(geometry):
            return False
        return isinstance(state, QByteArray) and window.restoreState(state, LAYOUT_VERSION)

    def keep_window(self, window: QMainWindow) -> None:
        """Remember geometry and docks."""
        self._ini.setValue("window/geometry", window.saveGeometry())
        self._ini.setValue("window/state", window.saveState(LAYOUT_VERSION))
        self._ini.sync()

    def word(self, key: str, default: str = "") -> str:
        """A remembered word."""
        return str(self._ini.value(key, default))

    def keep_word(self, key: str, word: str) -> None:
        """Remember a word."""
        self._ini.setValue(key, word)

    def read_config(self, catalogue: Catalogue) -> tuple[RunConfig, Message | None]:
        """The settings as they were left, else the first recipe; and why they could not be read, if so."""
        first = recipe(FIRST_RECIPE, catalogue)
        if not self._settings_path.exists():
            return first, None
        try:
            return RunConfig.from_dict(read_yaml(self._settings_path), catalogue), None
        except InputError as error:
            return first, error.message

    def keep_config(self, config: RunConfig) -> None:
        """Remember the settings. Raises `OSError`."""
        self._settings_path.parent.mkdir(parents=True, exist_ok=True)
        write_yaml(self._settings_path, config.to_dict())
