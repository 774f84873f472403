"""A few choices side by side, of which one holds."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QToolButton, QWidget

from gui.widgets.flow import FlowLayout


class Segments(QWidget):
    """Buttons with a word each, in as many lines as they need; the arrow keys go from one to the next."""

    chosen = Signal(int)
    """By the user: the number of the choice."""

    def __init__(self, name: str, choices: Sequence[tuple[str, str]]) -> None:
        """`choices` are words, each with what it does."""
        super().__init__()
        self.setAccessibleName(name)
        self._group = QButtonGroup(self)
        line = FlowLayout(4)
        self.setLayout(line)
        for number, (text, explanation) in enumerate(choices):
            button = QToolButton()
            button.setText(text)
            button.setCheckable(True)
            button.setChecked(number == 0)
            button.setToolTip(explanation)
            button.setAccessibleName(f"{name}: {text}")
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            self._group.addButton(button, number)
            line.addWidget(button)
        self._group.idClicked.connect(self.chosen)

    @property
    def current(self) -> int:
        """The number of the choice that holds."""
        return int(self._group.checkedId())

    @current.setter
    def current(self, number: int) -> None:
        self._group.button(number).setChecked(True)

    def button(self, number: int) -> QToolButton:
        """The button of a choice."""
        button = self._group.button(number)
        assert isinstance(button, QToolButton)
        return button
