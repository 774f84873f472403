"""What a student hands in: the name, what is concluded, and where the file goes."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from engine.submissions.submission import MAX_CONCLUSION, MAX_NAME, SUFFIX
from gui import numbers
from gui.lessons.steady_label import SteadyLabel
from gui.widgets.roomy_area import let_scroll

NO_NAME, NO_CONCLUSION, TOO_LONG, ALL = range(4)
"""The places of what is said under the fields."""


class HandInSheet(QDialog):
    """Asks for name and conclusion. A run that trains goes on beside it."""

    def __init__(self, name: str, conclusion: str, runs: str, parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Hand in"))
        self.setProperty("role", "page")
        self.setMinimumWidth(440)
        self.name = QLineEdit(name)
        self.name.setMaxLength(MAX_NAME)
        self.name.setAccessibleName(self.tr("Your name"))
        self.name.textChanged.connect(self._look)
        self.conclusion = QPlainTextEdit(conclusion)
        self.conclusion.setTabChangesFocus(True)
        self.conclusion.setPlaceholderText(self.tr("What did you see, and why is it so?"))
        self.conclusion.setAccessibleName(self.tr("Your conclusion"))
        self.conclusion.textChanged.connect(self._look)
        self.runs = QLabel(runs)
        self.runs.setProperty("role", "muted")
        self.runs.setTextFormat(Qt.TextFormat.PlainText)
        self.runs.setWordWrap(True)
        self.hint = SteadyLabel(
            self.tr("Write your name: then the file can be saved."),
            self.tr("Without a conclusion it can be handed in, but your teacher learns little of what you understood."),
            self.tr("The conclusion is too long: leave out {count} characters."),
            self.tr("All is there."),
        )
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.save = self.buttons.addButton(self.tr("Save the file…"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 16, 24, 16)
        column.setSpacing(8)
        for heading, field in ((self.tr("Your name"), self.name), (self.tr("Your conclusion"), self.conclusion)):
            label = QLabel(heading)
            label.setProperty("role", "heading")
            column.addWidget(label)
            column.addWidget(field)
        column.addWidget(self.runs)
        column.addWidget(self.hint)
        column.addWidget(self.buttons)
        let_scroll(self)
        self._look()

    @Slot()
    def _look(self) -> None:
        named, text = bool(self.name.text().strip()), self.conclusion.toPlainText()
        over = len(text) - MAX_CONCLUSION
        self.save.setEnabled(named and over <= 0)
        if over > 0:
            self.hint.show_text(TOO_LONG, count=numbers.count(over))
        else:
            self.hint.show_text(NO_NAME if not named else NO_CONCLUSION if not text.strip() else ALL)


def ask_where(folder: Path, name: str, parent: QWidget) -> Path | None:
    """Ask where the file goes."""
    title = parent.tr("Hand in")
    chosen, _ = QFileDialog.getSaveFileName(parent, title, str(folder / name), f"*{SUFFIX}")
    if not chosen:
        return None
    return Path(chosen if chosen.endswith(SUFFIX) else f"{chosen.removesuffix('.json')}{SUFFIX}")
