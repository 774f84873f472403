"""How many runs there are, what they take on the disk, and the bin."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QWidget

from gui.runs.words import size
from gui.widgets.elided_label import ElidedLabel
from gui.widgets.measured import by_type

OFFERED = 12
"""So many of the newest runs in the bin are offered to be put back."""


class RunsFoot(QWidget):
    """The line under the list."""

    restore_asked = Signal(object)
    """The run's folder of this path in the bin is to be put back."""
    empty_asked = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.label = ElidedLabel()
        self.label.setProperty("role", "muted")
        self.bin_button = QToolButton()
        self.bin_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.bin_button.setToolTip(self.tr("Put runs back from the bin, or empty it"))
        self.bin_button.setProperty("role", "fold")
        self.bin_button.setArrowType(Qt.ArrowType.DownArrow)
        self.bin_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.menu = QMenu(self.bin_button)
        self.menu.setToolTipsVisible(True)
        self.bin_button.setMenu(self.menu)
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.label, 1)
        row.addWidget(self.bin_button, 0, Qt.AlignmentFlag.AlignRight)
        by_type(self, lambda metrics: self.setMinimumHeight(metrics.height() + 8))  # the button comes and goes
        self.show_use(0, 0, (), 0)

    def show_use(self, runs: int, used: int, binned: Sequence[Path], bin_bytes: int) -> None:
        """Show what runs and bin take."""
        words = self.tr("1 run, {size}") if runs == 1 else self.tr("{count} runs, {size}")
        self.label.setText(words.format(count=f"{runs:,}", size=size(used)) if runs else self.tr("No runs yet"))
        self.bin_button.setVisible(bool(binned) or bin_bytes > 0)
        self.bin_button.setText(self.tr("Bin, {size}").format(size=size(bin_bytes)))
        self.menu.clear()
        for folder in binned[:OFFERED]:
            action = QAction(self.tr("Put back {run}").format(run=folder.name), self.menu)
            action.triggered.connect(lambda _, folder=folder: self.restore_asked.emit(folder))
            self.menu.addAction(action)
        self.menu.addSeparator()
        self.empty_action = QAction(
            self.tr("Empty the bin: frees {size} for good").format(size=size(bin_bytes)), self.menu
        )
        self.empty_action.triggered.connect(self.empty_asked)
        self.menu.addAction(self.empty_action)
