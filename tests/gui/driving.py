"""Drives the real window as a person would: presses its actions, ticks its boxes, waits for what it shows."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, QMimeData, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget

from engine.config import RunConfig
from gui.app import Application
from gui.conductor import Conductor
from gui.lessons.kept import Kept, kept_file, write_kept
from gui.main_window import MainWindow
from gui.settings.fields import FieldRow
from gui.settings.panel import SettingsPanel
from gui.settings.plugin_row import PluginRow
from gui.training.session import Session, State

SECONDS = 30.0
"""No wait in a test is longer."""


def pump(condition: Callable[[], object], seconds: float = SECONDS) -> None:
    """Let Qt work until the condition holds; fails where it does not in time."""
    deadline = time.monotonic() + seconds
    loop = QEventLoop()
    waker = QTimer(interval=2)
    waker.timeout.connect(loop.quit)
    waker.start()
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        loop.exec()
    waker.stop()


def dispose(app: QApplication) -> None:
    """Let Qt delete what was marked for deletion."""
    app.processEvents()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


class Driver:
    """One window on a workspace, from opening to closing."""

    def __init__(self, app: QApplication, workspace: Path, *, first: bool = False) -> None:
        """With `first`, it is opened as on a new workspace, where the first lesson opens by itself."""
        self.app = app
        if not first and not kept_file(workspace).exists():
            write_kept(workspace, Kept())
        self.application = Application(workspace)
        self.crashes: list[str] = []
        self.application.reporter.crashed.connect(self.crashes.append)
        complete: list[bool] = []
        self.application.complete.connect(lambda: complete.append(True))
        self.application.open()
        self.closed = False
        pump(lambda: self.panel.ready and self.session.state is State.READY)
        pump(lambda: complete)

    @property
    def window(self) -> MainWindow:
        return self.application.window

    @property
    def conductor(self) -> Conductor:
        return self.application.conductor

    @property
    def session(self) -> Session:
        return self.conductor.session

    @property
    def panel(self) -> SettingsPanel:
        return self.window.panel

    def set(self, **values: object) -> RunConfig:
        """Change fields of the run."""
        self.panel.set_config(self.panel.config.changed(values))
        return self.panel.config

    def press(self, name: str) -> None:
        """Trigger an action, which has to be enabled."""
        action = self.window.actions_by_name[name]
        assert action.isEnabled(), f"{name} can't be pressed"
        action.trigger()

    def plugin(self, id: str) -> PluginRow:
        return self.panel.plugin(id)

    def tick(self, id: str) -> None:
        self.plugin(id).box.click()

    def train(self) -> None:
        """Start, and wait for the end."""
        self.press("start")
        self.wait_for_end()

    def wait_for_end(self) -> None:
        pump(lambda: self.session.state is State.READY)

    def wait_for_epoch(self, epoch: int) -> None:
        pump(lambda: self.session.run is not None and len(self.session.run.history.epochs) >= epoch)

    def overlay_labels(self) -> list[str]:
        """The earlier runs that the graph draws, oldest first."""
        return [drawing.run.label for drawing in self.window.graph.overlays]

    def last_step_drawn(self) -> int:
        """The last step of the run that the graph draws in front."""
        run = self.window.graph._run
        return round(run.steps.column(0)[-1] * run.steps_per_epoch)

    def says(self, key: str) -> str:
        """The text of a banner; empty where there is none."""
        return self.window.banners.texts().get(key, "")

    def answer(self, key: str, button: int | str = 0) -> None:
        """Press a button of a banner: by its place, or by its words."""
        banner = self.window.banners.get(key)
        assert banner is not None, f"no banner {key}"
        if isinstance(button, str):
            button = [each.text() for each in banner.buttons].index(button)
        banner.buttons[button].click()

    def close(self) -> None:
        """Close, waiting for a run to be saved."""
        if self.closed:
            return
        self.window.close()
        pump(lambda: not self.window.isVisible())
        self.application.finish()
        self.closed = True
        self.window.deleteLater()
        dispose(self.app)
        assert self.crashes == []


def drop(widget: QWidget, *paths: Path) -> bool:
    """Drop files and folders on a widget as Qt does: the first of it and those around it that takes them gets them.

    Returns whether any did.
    """
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    copy, none, left = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier, Qt.MouseButton.LeftButton
    around: QWidget | None = widget
    while around is not None:
        if around.acceptDrops():
            entering = QDragEnterEvent(around.rect().center(), copy, mime, left, none)
            entering.ignore()
            around.dragEnterEvent(entering)
            if entering.isAccepted():
                around.dropEvent(QDropEvent(QPointF(around.rect().center()), copy, mime, left, none))
                return True
        around = around.parentWidget()
    return False


def type_into(row: FieldRow, text: str) -> None:
    """Type a text in place of what stands in a field."""
    edit = row.control if isinstance(row.control, QLineEdit) else row.control.lineEdit()
    edit.setText(text)
    edit.textEdited.emit(text)
