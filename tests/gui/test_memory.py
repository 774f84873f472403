"""What the window remembers, and what it makes of a file that came with somebody else's workspace."""

from __future__ import annotations

import base64
import os
import pickle

import pytest
from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow

from gui.memory import MAX_BYTES, Memory


class Runs:
    """Makes a folder where it is unpickled."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


def window_with_dock():
    window = QMainWindow()
    window.dock = QDockWidget("dock", window)
    window.dock.setObjectName("dock")
    window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, window.dock)
    return window


def test_words_geometry_and_docks_come_back(show, tmp_path):
    window = window_with_dock()
    window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, window.dock)
    show(window, 432, 321)
    memory = Memory(tmp_path)
    memory.keep_word("theme", "dark")
    memory.keep_window(window)
    again = Memory(tmp_path)
    other = window_with_dock()
    assert again.word("theme") == "dark" and again.restore_window(other)
    show(other)
    assert (other.width(), other.height()) == (432, 321)
    assert other.dockWidgetArea(other.dock) == Qt.DockWidgetArea.RightDockWidgetArea


def test_two_windows_keep_each_others_words(tmp_path):
    one, other = Memory(tmp_path), Memory(tmp_path)
    one.keep_word("theme", "dark")
    other.keep_word("dismissed", "a run")
    assert (Memory(tmp_path).word("theme"), Memory(tmp_path).word("dismissed")) == ("dark", "a run")


def test_no_code_in_the_file_is_run(show, tmp_path):
    target = tmp_path / "made"
    settings = QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)
    for key in ("window/geometry", "window/state", "window/theme", "window/dismissed"):
        settings.setValue(key, Runs(target))
    settings.sync()
    written = (tmp_path / "window.ini").read_bytes()
    assert pickle.dumps(Runs(target))[2:8] in written or b"PyObjectWrapper" in written
    memory = Memory(tmp_path)
    for key in ("geometry", "state", "theme", "dismissed"):
        memory.word(key)
    memory.restore_window(show(window_with_dock()))
    assert not target.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\xff\xfe", b"\0" * 100, b"[window", b"theme=dark", b"[window]\ntheme=dark\ntheme=light\n",
        b"[window]\ngeometry=@ByteArray(x)\n", b"[window]\ngeometry=%(geometry)s\nstate=AAAA\n",
        b"[window]\ngeometry=" + base64.b64encode(b"\x01\xd9\xd0\xcb" + b"\xff" * 60) + b"\nstate=/////w==\n",
        b"[window]\ntheme=" + b"x" * MAX_BYTES,
    ],
)  # fmt: skip
def test_what_is_none_of_ours_is_left_out(show, tmp_path, content):
    (tmp_path / "window.ini").write_bytes(content)
    memory = Memory(tmp_path)
    assert len(memory.word("theme")) < 10
    memory.restore_window(show(window_with_dock()))
    memory.keep_word("theme", "dark")
    assert Memory(tmp_path).word("theme") == "dark"


def test_a_theme_that_qt_wrote_is_known(tmp_path):
    settings = QSettings(str(tmp_path / "window.ini"), QSettings.Format.IniFormat)
    settings.setValue("window/theme", "dark")
    settings.sync()
    assert Memory(tmp_path).word("theme") == "dark"


@pytest.mark.skipif(os.name == "nt", reason="there are no pipes and devices in folders")
def test_pipes_devices_and_folders_are_no_files(tmp_path):
    for number, make in enumerate((os.mkfifo, os.mkdir, lambda path: path.symlink_to("/dev/zero"))):
        workspace = tmp_path / str(number)
        workspace.mkdir()
        make(workspace / "window.ini")
        memory = Memory(workspace)
        assert memory.word("theme", "system") == "system"
        memory.keep_word("theme", "dark")
        assert memory.word("theme") == "dark"
