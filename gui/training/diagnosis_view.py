"""What the curves of the run say, and a button for each thing to try."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from engine.diagnosis import Diagnosis
from engine.treatment import MOST, Treatment
from gui.widgets.elided_button import ElidedButton
from gui.widgets.flow import FlowLayout
from gui.words import say

SILENT = "diagnosis-too-early"
"""Code of what is not said here: who looks at a run that has just begun does not need to be told so."""


class DiagnosisView(QWidget):
    """A sentence, what else there is to know, and up to three remedies. Its buttons stay where they are meanwhile."""

    chosen = Signal(object)
    """A `Treatment` to begin a new run with."""
    fork_chosen = Signal(object)
    """A `Treatment` with which the run is to go on, as a fork."""

    def __init__(self) -> None:
        super().__init__()
        self._offered: tuple[Treatment, ...] = ()
        self.label = QLabel()
        self.label.setWordWrap(True)
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.buttons: list[QPushButton] = []
        self.forks: list[QPushButton] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.label)
        self._places = [self._place(number) for number in range(MOST)]
        for place in self._places:
            column.addWidget(place)
        self.show_diagnosis(None)

    def show_diagnosis(self, found: Diagnosis | None) -> None:
        """Show this; None: there is nothing to say."""
        told = [say(text) for text in found.evidence if text.code != SILENT] if found else []
        self.setVisible(bool(told))
        _set(self.label, "\n".join(told))
        self._show(found.remedies if found else ())

    def _show(self, offered: Sequence[Treatment]) -> None:
        self._offered = tuple(offered)
        for number, place in enumerate(self._places):
            place.setVisible(number < len(offered))
            if number < len(offered):
                each = offered[number]
                text, tip = say(each.text), " ".join(f"{say(words)}." for words in each.says)
                _set(self.buttons[number], text)
                start = self.tr("Start a new run with it. {expected}").format(expected=tip)
                self.buttons[number].setToolTip(f"{text}\n{start}")
                self.forks[number].setVisible(each.forks)
                self.forks[number].setAccessibleName(self.tr("Fork: {change}").format(change=text))

    def _place(self, number: int) -> QWidget:
        place = QWidget()
        row = FlowLayout(4)
        place.setLayout(row)
        button, fork = ElidedButton(), QPushButton(self.tr("Fork"))
        fork.setToolTip(self.tr("Go on with it from where this run is, as a new run: this one stays as it is"))
        button.clicked.connect(lambda: self._press(self.chosen, number))
        fork.clicked.connect(lambda: self._press(self.fork_chosen, number))
        self.buttons.append(button)
        self.forks.append(fork)
        row.addWidget(button)
        row.addWidget(fork)
        return place

    def _press(self, signal: Signal, number: int) -> None:
        if number < len(self._offered):
            signal.emit(self._offered[number])  # type: ignore[attr-defined]


def _set(widget: QLabel | QPushButton, text: str) -> None:
    """Another text, if it is another: what stays as it is keeps its selection, and is not laid out anew."""
    if widget.text() != text:
        widget.setText(text)
