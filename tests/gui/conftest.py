"""What all tests of the window share: one application, and a watch over what a test leaves behind."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")  # before Qt is imported
os.environ["PYQTGRAPH_QT_LIB"] = "PySide6"

import gc
import sys
import threading
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, qInstallMessageHandler
from PySide6.QtWidgets import QApplication

from gui.background import Background
from gui.workbench import Workbench
from tests.gui.driving import Driver

HARMLESS = ("This plugin does not support ",)
"""What Qt says of the offscreen platform alone."""


@pytest.fixture(scope="session")
def app():
    return QApplication.instance() or QApplication([])


@pytest.fixture
def show(app):
    """Shows a widget, at a size if one is given, and deletes it after the test."""
    shown = []

    def show_one(widget, width=None, height=None):
        if width is not None:
            widget.resize(width, height)
        widget.show()
        app.processEvents()
        shown.append(widget)
        return widget

    yield show_one
    for widget in shown:
        widget.close()
        widget.deleteLater()
    delete_deferred()


@pytest.fixture
def open_window(app):
    """Opens windows, and closes those that the test left open."""
    opened: list[Driver] = []

    def open_one(workspace: Path, *, first: bool = False) -> Driver:
        driver = Driver(app, workspace, first=first)
        opened.append(driver)
        return driver

    yield open_one
    for driver in opened:
        driver.close()


@pytest.fixture
def bench(app, catalogue, workspace):
    """What tabs and docks work with, apart from a window."""
    made = Workbench(workspace, Background())
    made.catalogue = catalogue
    yield made
    made.background.end()
    made.background.deleteLater()
    delete_deferred()


@pytest.fixture(autouse=True)
def leaves_nothing_behind(app, monkeypatch):
    """Fails a test that leaves a top-level widget or a thread, makes Qt warn, or raises where Qt swallows it."""
    said, raised = [], []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, trace: raised.append(repr(error)))
    before = qInstallMessageHandler(lambda kind, context, text: said.append(text))
    widgets, threads = set(app.topLevelWidgets()), set(threading.enumerate())
    yield
    delete_deferred()
    app.processEvents()
    if new_widgets(app, widgets):
        gc.collect()  # plots and their menus refer to each other
        delete_deferred()
    qInstallMessageHandler(before)
    left = new_widgets(app, widgets)
    running = [thread for thread in threading.enumerate() if thread not in threads and not thread.daemon]
    warnings = [text for text in said if not text.startswith(HARMLESS)]
    assert not raised, f"raised within Qt: {raised}"
    assert not warnings, f"Qt warned: {warnings}"
    assert not left, f"widgets left: {left}"
    assert not running, f"threads left: {running}"


def new_widgets(app, known):
    return [widget for widget in app.topLevelWidgets() if widget not in known]


def delete_deferred():
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
