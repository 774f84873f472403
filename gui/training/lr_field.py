"""The learning rate of a paused run, to be changed before it goes on."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from gui import numbers
from gui.settings.fields import Note
from gui.widgets.drops import let_drops_pass


class LrField(QWidget):
    """A field and a button. Emits `entered` with what was typed."""

    entered = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.edit = QLineEdit()
        let_drops_pass(self.edit)
        self.edit.setAccessibleName(self.tr("Learning rate to go on with"))
        self.edit.setToolTip(self.tr("From the next step on. The change is recorded with the run and drawn."))
        self.edit.returnPressed.connect(self._enter)
        self.button = QPushButton(self.tr("Change"))
        self.button.clicked.connect(self._enter)
        self.note = Note()
        label = QLabel(self.tr("Learning rate"))
        label.setBuddy(self.edit)
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(label)
        line.addWidget(self.edit, 1)
        line.addWidget(self.button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(line)
        column.addWidget(self.note)

    def show_value(self, lr: float) -> None:
        """Show the rate that the run has now."""
        self.edit.setText(numbers.learning_rate(lr))
        self.show_error("")

    def show_error(self, text: str) -> None:
        """Say why what was typed is no learning rate; empty: it is one."""
        self.note.say("error", text) if text else self.note.clear()

    def _enter(self) -> None:
        self.entered.emit(self.edit.text())
