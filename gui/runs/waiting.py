"""The runs that wait their turn: in order, each to be moved or removed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from gui import numbers
from gui.widgets.elided_label import ElidedLabel
from gui.widgets.icon_button import IconButton
from gui.widgets.measured import by_type
from gui.widgets.scroll_area import UprightScrollArea

LINES = 4
"""So many are seen at once; the rest is scrolled to."""
MOST_LINES = 40
"""So many have a line of their own; of the rest it is told how many they are."""


class WaitingList(QWidget):
    """One line each. Hidden where none waits."""

    removed = Signal(int)
    """The run in this place, counted from 0, is not to come."""
    moved = Signal(int, int)
    """The run in the first place is to be in the second one."""
    cleared = Signal()
    """None of them is to come."""

    def __init__(self) -> None:
        super().__init__()
        self.heading = QLabel(self.tr("Waiting"))
        self.heading.setProperty("role", "heading")
        self.clear_button = QToolButton()
        self.clear_button.setText(self.tr("Remove all"))
        self.clear_button.setProperty("role", "fold")
        self.clear_button.setAutoRaise(True)
        self.clear_button.setToolTip(self.tr("Let none of the runs that wait come"))
        self.clear_button.clicked.connect(self.cleared)
        self._labels: list[str] = []
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
        line = QHBoxLayout()
        line.addWidget(self.heading, 1)
        line.addWidget(self.clear_button)
        column.addLayout(line)
        column.addWidget(self._area)
        self.lines: list[WaitingLine] = []
        self.rest = QLabel()
        self.rest.setProperty("role", "muted")
        self.rest.setContentsMargins(4, 0, 0, 0)
        by_type(self.rest, lambda metrics: self.rest.setFixedHeight(line_height(metrics)))
        self._column.addWidget(self.rest)
        by_type(self._lines, lambda _: self._fit())
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
        self.lines = [WaitingLine(place, label, len(labels)) for place, label in enumerate(labels[:MOST_LINES])]
        for line in self.lines:
            line.removed.connect(self.removed)
            line.moved.connect(self.moved)
            self._column.insertWidget(line.place, line)
        rest = len(labels) - len(self.lines)
        self.rest.setText(self.tr("and {count} more").format(count=numbers.count(rest)))
        self.rest.setVisible(rest > 0)
        several = self.tr("Waiting: {count}").format(count=numbers.count(len(labels)))
        self.heading.setText(several if len(labels) > LINES else self.tr("Waiting"))
        self.clear_button.setVisible(len(labels) > 1)
        self._fit()
        self.setVisible(bool(labels))
        if focus is not None and self.lines:
            self.lines[min(focus, len(self.lines) - 1)].remove_button.setFocus()

    def _fit(self) -> None:
        lines = min(LINES, max(1, len(self._labels)))
        self._area.setFixedHeight(lines * line_height(self._lines.fontMetrics()))


def line_height(metrics: QFontMetrics) -> int:
    """Pixels of a line: its buttons are as high at least."""
    return max(24, metrics.height() + 6)


class WaitingLine(QWidget):
    """One run that waits."""

    removed = Signal(int)
    moved = Signal(int, int)

    def __init__(self, place: int, label: str, count: int) -> None:
        super().__init__()
        self.place = place
        by_type(self, lambda metrics: self.setFixedHeight(line_height(metrics)))
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
