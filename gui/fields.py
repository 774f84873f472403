"""One parameter as a line of a form: name, control, what is wrong with it, and the way back to its default."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)  # fmt: skip

from engine.parameter import Parameter
from engine.strategy import Advice
from gui.icon_button import IconButton
from gui.looks import give
from gui.words import say

LABEL_CHARACTERS = 14
"""Width of the column of names, in average characters: the same in every form, so that columns align."""
SPACING = 4
"""Between the lines of a form."""


def control_height(control: QWidget) -> int:
    """The height of every control in a form, so that lines align."""
    return max(28, control.fontMetrics().height() + 12)


class NumberBox(QAbstractSpinBox):
    """A number as text with arrows. Takes any text: what is wrong with it is said beside it, not swallowed."""

    edited = Signal()

    def __init__(self, parameter: Parameter) -> None:
        super().__init__()
        self._parameter = parameter
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setKeyboardTracking(True)
        self.lineEdit().setTextMargins(4, 0, 0, 0)
        self.lineEdit().textEdited.connect(self._text_edited)

    def raw(self) -> str:
        """The text, for the validation of the strategy that it belongs to."""
        return self.lineEdit().text().strip()

    def show_value(self, value: Any) -> None:
        """Show a value."""
        self.lineEdit().setText(_number_text(value))

    def stepBy(self, steps: int) -> None:  # noqa: N802
        """One up or down; a number without upper bound near it goes 1, 2, 5, 10."""
        try:
            value = float(self.raw())
        except ValueError:
            return
        self.show_value(_stepped(self._parameter, value, steps))
        self.edited.emit()

    def stepEnabled(self) -> QAbstractSpinBox.StepEnabledFlag:  # noqa: N802
        """Both ways: bounds are the engine's to judge."""
        return QAbstractSpinBox.StepEnabledFlag.StepUpEnabled | QAbstractSpinBox.StepEnabledFlag.StepDownEnabled

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Scrolling past must not change a number."""
        event.ignore() if not self.hasFocus() else super().wheelEvent(event)

    def sizeHint(self) -> QSize:  # noqa: N802
        """As wide as a dozen digits."""
        hint = super().sizeHint()
        return QSize(
            self.fontMetrics().averageCharWidth() * 14, max(hint.height(), self.lineEdit().sizeHint().height())
        )

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Half of that."""
        return QSize(self.fontMetrics().averageCharWidth() * 9, self.sizeHint().height())

    def _text_edited(self) -> None:
        self.edited.emit()


class TextBox(QLineEdit):
    """A text, or the items of a list divided by commas."""

    edited = Signal()

    def __init__(self, parameter: Parameter) -> None:
        super().__init__()
        self._list = parameter.type.endswith("-list")
        self.textEdited.connect(self._text_edited)

    def raw(self) -> Any:
        """The text, or the texts of the items."""
        text = self.text().strip()
        return text.replace(",", " ").replace("+", " ").split() if self._list else text

    def show_value(self, value: Any) -> None:
        """Show a value."""
        self.setText(", ".join(map(_number_text, value)) if self._list else str(value))
        self.setCursorPosition(0)  # what does not fit is cut off at its end

    def _text_edited(self) -> None:
        self.edited.emit()


class ChoiceBox(QComboBox):
    """One of several words."""

    edited = Signal()

    def __init__(self, parameter: Parameter) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)
        self.addItems(parameter.choices)
        self.activated.connect(self._activated)

    def raw(self) -> str:
        """The chosen word."""
        return self.currentText()

    def show_value(self, value: Any) -> None:
        """Show a value, also one that is not among the words."""
        if self.findText(str(value)) < 0:
            self.addItem(str(value))
        self.setCurrentText(str(value))

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Scrolling past must not change a choice."""
        event.ignore()

    def _activated(self) -> None:
        self.edited.emit()


class Switch(QCheckBox):
    """Yes or no."""

    edited = Signal()

    def __init__(self, parameter: Parameter) -> None:
        super().__init__()
        self.clicked.connect(self._clicked)

    def raw(self) -> bool:
        """Whether it is on."""
        return self.isChecked()

    def show_value(self, value: Any) -> None:
        """Show a value."""
        self.setChecked(bool(value))

    def _clicked(self) -> None:
        self.edited.emit()


class OptionalBox(QWidget):
    """A control that can be switched off, which stands for no value."""

    edited = Signal()

    def __init__(self, parameter: Parameter, inner: Any) -> None:
        super().__init__()
        self._fallback = parameter.default
        self._on = QCheckBox()
        self._on.setAccessibleName(self.tr("{name}: give a value").format(name=parameter.name))
        self._inner = inner
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._on)
        row.addWidget(inner, 1)
        self._on.clicked.connect(self._switched)
        inner.edited.connect(self._inner_edited)
        self.setFocusProxy(self._on)

    def raw(self) -> Any:
        """The value, or None."""
        return self._inner.raw() if self._on.isChecked() else None

    def show_value(self, value: Any) -> None:
        """Show a value or None."""
        self._on.setChecked(value is not None)
        self._inner.setEnabled(value is not None)
        if value is not None:
            self._inner.show_value(value)

    def _switched(self) -> None:
        self._inner.setEnabled(self._on.isChecked())
        self.edited.emit()

    def _inner_edited(self) -> None:
        self.edited.emit()


CONTROLS: dict[str, Callable[[Parameter], Any]] = {
    "int": NumberBox,
    "float": NumberBox,
    "bool": Switch,
    "str": TextBox,
    "choice": ChoiceBox,
    "int-list": TextBox,
    "float-list": TextBox,
}
"""The control for each type of parameter."""


def control_for(parameter: Parameter) -> Any:
    """A control that shows and edits a parameter: `raw()`, `show_value(value)` and a signal `edited`."""
    control = CONTROLS[parameter.type](parameter)
    return OptionalBox(parameter, control) if parameter.optional else control


class FieldRow(QWidget):
    """A parameter in a form. Emits `edited(name, raw value)`; the owner validates and answers with `show_value` or
    `show_error`."""

    edited = Signal(str, object)

    def __init__(self, parameter: Parameter, label: str, help: str) -> None:
        super().__init__()
        self.parameter = parameter
        self.error = ""
        self._label = QLabel(label.replace("_", "_\N{ZERO WIDTH SPACE}"))  # a place to break the line
        self._label.setWordWrap(True)
        self._label.setFixedWidth(self._label.fontMetrics().averageCharWidth() * LABEL_CHARACTERS)
        self._label.setToolTip(help)
        self.control = control_for(parameter)
        self.control.setToolTip(help)
        self.control.setMinimumHeight(control_height(self.control))
        self.control.setAccessibleName(label)
        self.control.setAccessibleDescription(help)
        self._label.setBuddy(self.control)
        self.reset = self._make_reset(label)
        self.note = Note()
        self._lay_out()
        self.control.edited.connect(self._control_edited)
        self.reset.clicked.connect(self._on_reset)

    def _make_reset(self, label: str) -> QToolButton:
        button = IconButton("reset", accent=True)
        default = self.parameter.write(self.parameter.default) or self.tr("empty")
        button.setToolTip(self.tr("Changed. Back to the default: {value}").format(value=default))
        button.setAccessibleName(self.tr("Reset {name}").format(name=label))
        policy = button.sizePolicy()
        policy.setRetainSizeWhenHidden(True)  # nothing shifts when it appears
        button.setSizePolicy(policy)
        button.hide()
        return button

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._label)
        row.addWidget(self.control, 1)
        row.addWidget(self.reset)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        column.addLayout(row)
        column.addWidget(self.note)

    def show_value(self, value: Any) -> None:
        """Show a valid value. Text that already means it is left as it was typed."""
        self.error = ""
        if not self._means(value):
            self.control.show_value(value)
        self.note.clear()
        give(self.control, invalid=False)
        self.reset.setVisible(value != self.parameter.default)

    def show_error(self, text: str) -> None:
        """Say what is wrong with what was typed."""
        self.error = text
        give(self.control, invalid=True)
        self.note.say("error", text)
        self.reset.show()

    def show_advice(self, advice: Sequence[Advice]) -> None:
        """Say what the settings as a whole make of this value."""
        if not self.error:
            self.note.say_advice(advice)

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


class Note(QLabel):
    """A line under a control: what is wrong, or what to consider. Hidden where there is nothing to say."""

    def __init__(self) -> None:
        super().__init__()
        self.setWordWrap(True)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.hide()

    def say(self, level: str, text: str) -> None:
        """Show a text; `level` is `error` or `warning`, which the style colours, and a sign says so too."""
        give(self, role="error" if level == "error" else "muted")
        self.setText(("\N{HEAVY BALLOT X} " if level == "error" else "\N{WARNING SIGN} ") + text)
        self.setVisible(True)

    def say_advice(self, advice: Sequence[Advice]) -> None:
        """Show pieces of advice, the errors first; nothing where there are none."""
        if not advice:
            self.clear()
            return
        ordered = sorted(advice, key=lambda item: item.level != "error")
        self.say(ordered[0].level, "\n".join(say(item.text) for item in ordered))

    def clear(self) -> None:
        """Show nothing."""
        super().clear()
        self.hide()


def _number_text(value: Any) -> str:
    """A number as a person writes it: 0.001, 1e-05, 40."""
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)


def _stepped(parameter: Parameter, value: float, steps: int) -> float | int:
    """The number that many arrow clicks away, within the parameter's bounds."""
    low = -math.inf if parameter.minimum is None else parameter.minimum
    high = math.inf if parameter.maximum is None else parameter.maximum
    if parameter.type == "int":
        return int(min(max(value + steps, low), high))
    if low >= 0 and high <= 1 and value >= 0.05:
        value = round(value + 0.05 * steps, 10)
    else:
        for _ in range(abs(steps)):
            value = _one_two_five(value, steps > 0)
    return float(min(max(value, low), high))


def _one_two_five(value: float, up: bool) -> float:
    """The next number of the series 1, 2, 5, 10."""
    if value <= 0:
        return value
    exponent = math.floor(math.log10(value) + 1e-9)
    series = [m * 10.0 ** (exponent + e) for e in (-1, 0, 1) for m in (1, 2, 5)]
    series = [float(f"{item:.6g}") for item in series]
    if up:
        return min(item for item in series if item > value * (1 + 1e-9))
    return max(item for item in series if item < value * (1 - 1e-9))
