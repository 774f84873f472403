"""What stands under a control: what is wrong there, and what to consider."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from engine.strategy import Advice
from gui.words import say

WRONG, CONSIDER = "\N{HEAVY BALLOT X}", "\N{WARNING SIGN}"
"""Signs before an error and before a warning: colour alone says nothing to many eyes."""


class Note(QWidget):
    """Lines under a control: errors in red, warnings in the colour of text, a sign before each.

    Hidden where there is nothing to say.
    """

    def __init__(self) -> None:
        super().__init__()
        self.count = (0, 0)
        """How many errors and warnings are shown."""
        self._errors, self._warnings = _label("error"), _label("warning")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        for label in (self._errors, self._warnings):
            column.addWidget(label)
        self.hide()

    def say(self, level: str, text: str) -> None:
        """Show one text; `level` is `error` or `warning`."""
        self._show([text] if level == "error" else [], [] if level == "error" else [text])

    def say_advice(self, advice: Sequence[Advice]) -> None:
        """Show pieces of advice, the errors first; nothing where there are none."""
        self._show(
            [say(item.text) for item in advice if item.level == "error"],
            [say(item.text) for item in advice if item.level != "error"],
        )

    def warn(self, texts: Sequence[str]) -> None:
        """Show warnings; nothing where there are none."""
        self._show([], texts)

    def clear(self) -> None:
        """Show nothing."""
        self._show([], [])

    def text(self) -> str:
        """All that is shown, a line each."""
        return "\n".join(label.text() for label in (self._errors, self._warnings) if label.text())

    def errors(self) -> str:
        """What is wrong, as shown."""
        return self._errors.text()

    def warnings(self) -> str:
        """What to consider, as shown."""
        return self._warnings.text()

    def let_select(self) -> None:
        """Let the text be selected and copied."""
        for label in (self._errors, self._warnings):
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)

    def _show(self, errors: Sequence[str], warnings: Sequence[str]) -> None:
        for label, sign, texts in ((self._errors, WRONG, errors), (self._warnings, CONSIDER, warnings)):
            label.setText("\n".join(f"{sign} {text}" for text in texts))
            label.setVisible(bool(texts))
        self.count = len(errors), len(warnings)
        self.setVisible(any(self.count))


def counted(errors: int, warnings: int) -> str:
    """How many errors and warnings lie behind a fold, each with its sign; empty where there are none."""
    parts = []
    if errors:
        parts.append(QCoreApplication.translate("Note", "{sign} {count} wrong").format(sign=WRONG, count=errors))
    if warnings:
        text = QCoreApplication.translate("Note", "{sign} {count} to consider")
        parts.append(text.format(sign=CONSIDER, count=warnings))
    return "  ".join(parts)


def total(counts: Iterable[tuple[int, int]]) -> tuple[int, int]:
    """Errors and warnings together."""
    listed = list(counts)
    return sum(errors for errors, _ in listed), sum(warnings for _, warnings in listed)


def _label(role: str) -> QLabel:
    label = QLabel()
    label.setProperty("role", role)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.hide()
    return label
