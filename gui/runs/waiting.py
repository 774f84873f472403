"""The runs that wait their turn: in order, each to be moved or removed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from gui.widgets.elided_label import ElidedLabel
from gui.widgets.icon_button import IconButton
from gui.widgets.scroll_area import UprightScrollArea

LINES = 4
"""So many are seen at once; the rest is scrolled to."""
LINE_HEIGHT = 24


class WaitingList(QWidget):
    """One line each. Hidden where none waits."""

    removed = Signal(int)
    """The run in this place, counted from 0, is not to come."""
    moved = Signal(int, int)
    """The run in the first place is to be in the second one."""

    def __init__(self) -> None:
        super().__init__()
        heading = QLabel(self.tr("Waiting"))
        heading.setProperty("role", "heading")
        self._lines = QWidget()
        self._lines.setObjectName("runs")
        self._column = QVBoxLayout(self._lines)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._area = UprightScrollArea()
        self._area.setAccessibleName(self.tr("Waiting"))
        self._area.setWidget(self._lines)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(heading)
        column.addWidget(self._area)
        self._labels: list[str] = []
        self.lines: list[WaitingLine] = []
        self.hide()

    def show_waiting(self, labels: Sequence[str]) -> None:
        """Show these runs, the next one first."""
        if list(labels) == self._labels:
            return
        self._labels = list(labels)
        focus = next((line.place for line in self.lines if line.isAncestorOf(self.focusWidget() or line)), None)
        for line in self.lines:
            self._column.removeWidget(line)
            line.hide()
            line.deleteLater()
        self.lines = [WaitingLine(place, label, len(labels)) for place, label in enumerate(labels)]
        for line in self.lines:
            line.removed.connect(self.removed)
            line.moved.connect(self.moved)
            self._column.addWidget(line)
        self._area.setFixedHeight(LINE_HEIGHT * min(LINES, max(1, len(labels))))
        self.setVisible(bool(labels))
        if focus is not None and self.lines:
            self.lines[min(focus, len(self.lines) - 1)].remove_button.setFocus()


class WaitingLine(QWidget):
    """One run that waits."""

    removed = Signal(int)
    moved = Signal(int, int)

    def __init__(self, place: int, label: str, count: int) -> None:
        super().__init__()
        self.place = place
        self.setFixedHeight(LINE_HEIGHT)
        name = ElidedLabel(f"{place + 1}. {label}")
        self.earlier_button = self._button("up", self.tr("Earlier"), label, lambda: self.moved.emit(place, place - 1))
        self.later_button = self._button("down", self.tr("Later"), label, lambda: self.moved.emit(place, place + 1))
        self.remove_button = self._button("remove", self.tr("Remove"), label, lambda: self.removed.emit(place))
        self.earlier_button.setEnabled(place > 0)
        self.later_button.setEnabled(place < count - 1)
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(name, 1)
        for button in (self.earlier_button, self.later_button, self.remove_button):
            row.addWidget(button)

    def _button(self, symbol: str, text: str, label: str, do: Callable[[], None]) -> QToolButton:
        button = IconButton(symbol)
        button.setToolTip(text)
        button.setAccessibleName(f"{text}: {label}")
        button.clicked.connect(lambda: do())
        return button
