"""A whole number with arrows, in line with the other fields."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QSpinBox

BESIDE_TEXT = 6
"""Pixels left of the number: a style sheet does not reach the field within."""


class CountBox(QSpinBox):
    """A spin box that scrolling past does not change."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.lineEdit().setTextMargins(BESIDE_TEXT, 0, 0, 0)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Leave the wheel to what is around, unless the number is being changed."""
        event.ignore() if not self.hasFocus() else super().wheelEvent(event)
