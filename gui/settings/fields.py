"""One parameter as a line of a form: name, control, what is wrong with it, and the way back to its default."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from engine.parameter import Parameter
from engine.strategy import Advice
from gui.settings.controls import control_for, control_height
from gui.widgets.looks import give
from gui.widgets.measured import by_type
from gui.widgets.name_label import NameLabel, ResetButton
from gui.widgets.note import Note

__all__ = ["SPACING", "FieldRow", "Note"]

SPACING = 4
"""Between the lines of a form."""


class FieldRow(QWidget):
    """A parameter in a form. Emits `edited(name, raw value)`; the owner validates and answers with `show_value` or
    `show_error`."""

    edited = Signal(str, object)

    def __init__(self, parameter: Parameter, label: str, help: str) -> None:
        super().__init__()
        self.parameter = parameter
        self.error = ""
        self._label = NameLabel(label.replace("_", "_\N{ZERO WIDTH SPACE}"))  # a place to break the line
        self._label.setToolTip(help)
        self.control = control_for(parameter)
        self.control.setToolTip(help)
        by_type(self.control, lambda _: self.control.setMinimumHeight(control_height(self.control)))
        self.control.setAccessibleName(label)
        self.control.setAccessibleDescription(help)
        self._label.setBuddy(self.control)
        default = parameter.write(parameter.default) or self.tr("empty")
        self.reset = ResetButton(label, default)
        self.note = Note()
        self._lay_out()
        self.control.edited.connect(self._control_edited)
        self.reset.clicked.connect(self._on_reset)

    def _lay_out(self) -> None:
        row = self._row = QHBoxLayout()
        row.setSpacing(SPACING)
        row.addWidget(self._label)
        row.addWidget(self.control, 1)
        row.addWidget(self.reset)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        column.addLayout(row)
        column.addWidget(self.note)

    def put_beside(self, widget: QWidget) -> None:
        """Put another widget at the right of the control."""
        self._row.insertWidget(self._row.indexOf(self.reset), widget)

    def show_value(self, value: Any) -> None:
        """Show a valid value. Text that already means it is left as it was typed."""
        self.error = ""
        if not self._means(value):
            self.control.show_value(value)
        self.note.clear()
        give(self.control, invalid=False)
        self._mark(value != self.parameter.default)

    def show_error(self, text: str) -> None:
        """Say what is wrong with what was typed."""
        self.error = text
        give(self.control, invalid=True)
        self.note.say("error", text)
        self._mark(True)

    def show_advice(self, advice: Sequence[Advice]) -> None:
        """Say what the settings as a whole make of this value."""
        if not self.error:
            self.note.say_advice(advice)

    @property
    def changed(self) -> bool:
        """Whether what stands here is not the default."""
        return self._label.marked

    @property
    def problems(self) -> tuple[int, int]:
        """How many errors and warnings are said of it."""
        return self.note.count

    def _mark(self, changed: bool) -> None:
        self._label.mark(changed)
        self.reset.setVisible(changed)

    def _means(self, value: Any) -> bool:
        """Whether what stands in the control is another way to write the value."""
        raw = self.control.raw()
        try:
            if isinstance(value, bool) or value is None or isinstance(value, str):
                return bool(raw == value)
            if isinstance(value, tuple):
                return [float(item) for item in raw] == list(value)
            return float(raw) == value
        except (TypeError, ValueError):
            return False

    def _control_edited(self) -> None:
        self.edited.emit(self.parameter.name, self.control.raw())

    def _on_reset(self) -> None:
        self.control.show_value(self.parameter.default)
        self.control.setFocus()
        self._control_edited()
