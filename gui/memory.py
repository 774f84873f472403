"""What the window remembers in the workspace: its geometry, its looks, and the settings."""

from __future__ import annotations

import base64
import configparser
import contextlib
import io
from pathlib import Path

from PySide6.QtCore import QByteArray
from PySide6.QtWidgets import QMainWindow

from engine.catalogue import Catalogue
from engine.config import RunConfig, recipe
from engine.files import write_text
from engine.message import InputError, Message
from engine.reading import read_limited
from engine.yaml_file import read_yaml, write_yaml

FIRST_RECIPE = "first-lesson"
LAYOUT_VERSION = 3
"""Counted up when docks or toolbars change, so that an older arrangement is not applied to them."""
SECTION = "window"
KEYS = ("geometry", "state", "theme", "type", "language", "dismissed", "student")
MAX_BYTES = 100_000
"""Of `window.ini`: a longer one is none of ours."""


class Memory:
    """`window.ini` and `settings.yaml` in the workspace.

    `window.ini` holds words and nothing else. `QSettings` would make of it whatever Qt's types can be made of, and
    PySide's are read by `pickle`: a file that came with a workspace could then run any code.
    """

    def __init__(self, workspace: Path) -> None:
        self._settings_path = workspace / "settings.yaml"
        self._ini_path = workspace / "window.ini"
        self._words = self._read_words()

    def restore_window(self, window: QMainWindow) -> bool:
        """Bring geometry and docks back; whether there was anything to bring back."""
        geometry, state = self._bytes("geometry"), self._bytes("state")
        return window.restoreGeometry(geometry) and window.restoreState(state, LAYOUT_VERSION)

    def keep_window(self, window: QMainWindow) -> None:
        """Remember geometry and docks."""
        found = {"geometry": window.saveGeometry(), "state": window.saveState(LAYOUT_VERSION)}
        self._keep({name: base64.b64encode(data.data()).decode() for name, data in found.items()})

    def word(self, key: str, default: str = "") -> str:
        """A remembered word."""
        return self._words.get(key, default)

    def keep_word(self, key: str, word: str) -> None:
        """Remember a word."""
        self._keep({key: word})

    def _bytes(self, key: str) -> QByteArray:
        """Remembered bytes; none where they are not what was kept here."""
        try:
            return QByteArray(base64.b64decode(self.word(key), validate=True))
        except ValueError:
            return QByteArray()

    def _read_words(self) -> dict[str, str]:
        file = configparser.RawConfigParser()
        try:
            file.read_string(read_limited(self._ini_path, MAX_BYTES).decode("utf-8"))
            return {key: word for key, word in file[SECTION].items() if key in KEYS}
        except (OSError, ValueError, KeyError, configparser.Error):
            return {}

    def _keep(self, words: dict[str, str]) -> None:
        """Remember words, beside what another window on the workspace has remembered meanwhile."""
        self._words = self._words | self._read_words() | words
        file, text = configparser.RawConfigParser(), io.StringIO()
        file[SECTION] = self._words
        file.write(text)
        with contextlib.suppress(
            OSError, ValueError
        ):  # where it can't be written, the window opens as at first the next time
            self._ini_path.parent.mkdir(parents=True, exist_ok=True)
            write_text(self._ini_path, text.getvalue())

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
