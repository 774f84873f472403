"""Help: the shortcuts, and what this is."""

from __future__ import annotations

import sys
from html import escape
from importlib import metadata

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QGuiApplication, QPalette
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from gui.widgets.roomy_area import EDGES, RoomyArea

COLUMNS = 3
"""Of the list of shortcuts, where the screen is wide enough for them."""
AROUND = 80
"""Pixels of a sheet beside its content."""


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
        column.addWidget(RoomyArea(content, title), 1)
        column.addWidget(buttons)


def shortcuts_sheet(shortcuts: list[tuple[str, list[tuple[str, str]]]], parent: QWidget | None) -> Sheet:
    """All shortcuts, menu by menu, in columns of about one height: in one it would be higher than many a screen."""
    tr = QCoreApplication.translate
    extra = [
        (tr("Help", "Tick what has the focus"), tr("Help", "Space")),
        (tr("Help", "Back to the whole graph"), tr("Help", "Double-click")),
    ]
    lines = [[(menu, ""), *keys] for menu, keys in shortcuts if keys]
    lines[-1] += extra
    screen = (parent.screen() if parent is not None else QGuiApplication.primaryScreen()).availableSize().width()
    tables = (_table(lines, columns) for columns in range(COLUMNS, 0, -1))
    fitting = (table for table in tables if table.sizeHint().width() + AROUND + EDGES <= screen)
    return Sheet(tr("Help", "Shortcuts"), next(fitting, None) or _table(lines, 1), parent)


def _table(lines: list[list[tuple[str, str]]], columns: int) -> QWidget:
    table, places = QWidget(), QHBoxLayout()
    places.setContentsMargins(0, 0, 0, 0)
    places.setSpacing(48)
    for part in _in_columns(lines, columns):
        grid = QGridLayout()
        grid.setHorizontalSpacing(32)
        grid.setVerticalSpacing(4)
        for row, (text, keys) in enumerate(part):
            label, key = QLabel(text), QLabel(keys)
            label.setProperty("role", "" if keys else "heading")
            if row and not keys:
                label.setContentsMargins(0, 12, 0, 0)
            key.setProperty("role", "muted")
            grid.addWidget(label, row, 0)
            grid.addWidget(key, row, 1)
        grid.setRowStretch(len(part), 1)
        places.addLayout(grid)
    table.setLayout(places)
    return table


def _in_columns(groups: list[list[tuple[str, str]]], most: int) -> list[list[tuple[str, str]]]:
    """The groups one below the other, in columns none of which is much more than its share."""
    share = sum(map(len, groups)) / most
    columns: list[list[tuple[str, str]]] = [[]]
    for group in groups:
        if columns[-1] and len(columns[-1]) + len(group) > share + 1 and len(columns) < most:
            columns.append([])
        columns[-1] += group
    return columns


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
