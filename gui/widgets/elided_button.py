"""Buttons that may be narrower than their words: what has no room is cut off with dots, and told by the tool tip."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QCheckBox,
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QStylePainter,
)

LEAST = 12
"""Letters that there is always room for."""


class ElidedButton(QPushButton):
    """Whoever makes one gives it a tool tip that says as much as its text."""

    def __init__(self, text: str = "") -> None:
        super().__init__(text)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)  # a button's own can't shrink

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Room for some letters."""
        hint = super().minimumSizeHint()
        return QSize(min(hint.width(), (LEAST + 4) * self.fontMetrics().averageCharWidth()), hint.height())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Draw it, the text shortened where there is no room for it."""
        _draw_cut_short(self, QStyle.SubElement.SE_PushButtonContents, QStyle.ControlElement.CE_PushButton)


class ElidedCheckBox(QCheckBox):
    """The same with a box to tick: Qt would cut through a letter."""

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Draw it, the text shortened where there is no room for it."""
        _draw_cut_short(self, QStyle.SubElement.SE_CheckBoxContents, QStyle.ControlElement.CE_CheckBox)


def room_for_text(
    button: QAbstractButton, contents: QStyle.SubElement = QStyle.SubElement.SE_PushButtonContents
) -> int:
    """Pixels that a button has for its text."""
    option = QStyleOptionButton()
    button.initStyleOption(option)
    return button.style().subElementRect(contents, option, button).width()


def _draw_cut_short(button: QAbstractButton, contents: QStyle.SubElement, control: QStyle.ControlElement) -> None:
    painter, option = QStylePainter(button), QStyleOptionButton()
    button.initStyleOption(option)
    room = room_for_text(button, contents)
    option.text = button.fontMetrics().elidedText(button.text(), Qt.TextElideMode.ElideRight, room)
    painter.drawControl(control, option)
