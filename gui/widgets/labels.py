"""Texts as most places show them, and a field with its word before it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget


def text_label(text: str = "", role: str = "") -> QLabel:
    """A plain text in as many lines as it needs, which can be selected."""
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    if role:
        label.setProperty("role", role)
    return label


def with_word(text: str, field: QWidget) -> QWidget:
    """A field with its word before it, on one line wherever that flows."""
    word, both = QLabel(text), QWidget()
    word.setBuddy(field)
    line = QHBoxLayout(both)
    line.setContentsMargins(0, 0, 0, 0)
    line.setSpacing(8)
    line.addWidget(word)
    line.addWidget(field)
    return both
