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
        column.addWidget(self.buttons)
        self._look()

    @Slot()
    def _look(self) -> None:
        long = len(self.conclusion.toPlainText()) > MAX_CONCLUSION
        self.save.setEnabled(bool(self.name.text().strip()) and not long)
        self.save.setToolTip(self.tr("The conclusion is too long") if long else "")


def ask_where(folder: Path, name: str, parent: QWidget) -> Path | None:
    """Ask where the file goes."""
    title = parent.tr("Hand in")
    chosen, _ = QFileDialog.getSaveFileName(parent, title, str(folder / name), f"*{SUFFIX}")
    if not chosen:
        return None
    return Path(chosen if chosen.endswith(SUFFIX) else f"{chosen.removesuffix('.json')}{SUFFIX}")
