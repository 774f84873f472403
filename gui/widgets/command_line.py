"""A command to be copied into a terminal."""

from __future__ import annotations

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QWidget

from gui.widgets.drops import let_drops_pass
from gui.widgets.type_size import fixed_type


class CommandLine(QWidget):
    """One line, with a button that copies it."""

    def __init__(self, name: str = "", copy: str = "") -> None:
        """`name` is what a screen reader calls it, and `copy` the words on its button, where others are wanted."""
        super().__init__()
        self.line = QLineEdit()
        self.line.setReadOnly(True)
        let_drops_pass(self.line)
        self.line.setFont(fixed_type())
        self.line.setAccessibleName(name or self.tr("Command"))
        self.copied = QPushButton(copy or self.tr("Copy"))
        self.copied.setToolTip(self.tr("Copies the command"))
        self.copied.clicked.connect(self._copy)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.line, 1)
        row.addWidget(self.copied)

    def set_words(self, words: str) -> None:
        """Show this command."""
        if words != self.line.text():
            self.line.setText(words)
            self.line.setCursorPosition(0)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.line.text())
