"""Help: the shortcuts, and what this is."""

from __future__ import annotations

import sys
from html import escape
from importlib import metadata

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QGridLayout, QLabel, QVBoxLayout, QWidget


class Sheet(QDialog):
    """A small window with a heading, some content, and Close."""

    def __init__(self, title: str, content: QWidget, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 16, 24, 16)
        column.setSpacing(16)
        column.addWidget(content)
        column.addWidget(buttons)


def shortcuts_sheet(shortcuts: list[tuple[str, str]], parent: QWidget | None) -> Sheet:
    """All shortcuts in a table."""
    table = QWidget()
    grid = QGridLayout(table)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(32)
    tr = QCoreApplication.translate
    extra = [
        (tr("Help", "Tick what has the focus"), tr("Help", "Space")),
        (tr("Help", "Back to the whole graph"), tr("Help", "Double-click")),
    ]
    for row, (text, keys) in enumerate([*shortcuts, *extra]):
        grid.addWidget(QLabel(text), row, 0)
        key = QLabel(keys)
        key.setProperty("role", "muted")
        grid.addWidget(key, row, 1)
    return Sheet(QCoreApplication.translate("Help", "Shortcuts"), table, parent)


def about_sheet(workspace: str, parent: QWidget | None) -> Sheet:
    """What this is, its version, and where its files are."""
    text = QCoreApplication.translate(
        "Help", "A trainer for image classifiers: every technique is a checkbox, watched at work in a live graph."
    )
    where = QCoreApplication.translate("Help", "Runs, settings and your plugins: {folder}").format(folder=workspace)
    libraries = ", ".join(f"{name} {_version(name)}" for name in ("torch", "PySide6-Essentials"))
    python = f"Python {sys.version.split()[0]}"
    label = QLabel(
        f"<h2>Tunedeck {escape(_version('tunedeck'))}</h2><p>{escape(text)}</p>"
        f"<p>{escape(where)}</p><p>{escape(python)}, {escape(libraries)}</p>"
    )
    label.setWordWrap(True)
    label.setMinimumWidth(420)
    label.setForegroundRole(QPalette.ColorRole.WindowText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return Sheet(QCoreApplication.translate("Help", "About Tunedeck"), label, parent)


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""
