"""The controls of a form: each shows and edits the value of a parameter, and takes any text."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QWidget,
)  # fmt: skip

from engine.parameter import Parameter
from gui.widgets.drops import let_drops_pass
from gui.widgets.icon_button import IconButton
from gui.widgets.looks import as_tip

PATHS = ("path", "folder")
"""Ends of the names of texts that name a file or a folder."""


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
        if not self.hasFocus():
            self.lineEdit().setCursorPosition(0)  # what does not fit is cut off at its end

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
        let_drops_pass(self)
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


class PathBox(QWidget):
    """A path as text, with a button that asks for it."""

    edited = Signal()

    def __init__(self, parameter: Parameter) -> None:
        super().__init__()
        self._help = parameter.help
        self._folder = parameter.name.endswith("folder") or parameter.help.lower().startswith("folder")
        self._text = TextBox(parameter)
        self.button = IconButton("open")
        self.button.setToolTip(self.tr("Browse…"))
        self.button.setAccessibleName(self.tr("Browse for {name}").format(name=parameter.name))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self._text, 1)
        row.addWidget(self.button)
        self._text.edited.connect(self.edited)
        self.button.clicked.connect(self._browse)
        self.setFocusProxy(self._text)

    def lineEdit(self) -> QLineEdit:  # noqa: N802
        """Where the path is typed."""
        return self._text

    def raw(self) -> str:
        """The path."""
        return str(self._text.raw())

    def show_value(self, value: Any) -> None:
        """Show a path."""
        self._text.show_value(value)
        self._text.setToolTip(as_tip(f"{value}\n{self._help}") if value else self._help)

    def ask(self, start: str) -> str:
        """Ask for a folder or a file, beginning at this path; empty where none is chosen."""
        if self._folder:
            return QFileDialog.getExistingDirectory(self.window(), self.tr("Choose a folder"), start)
        return QFileDialog.getOpenFileName(self.window(), self.tr("Choose a file"), start)[0]

    @Slot()
    def _browse(self) -> None:
        typed = self.raw()
        chosen = self.ask(typed if typed and Path(typed).exists() else "")
        if chosen:
            self.show_value(chosen)
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
    made = PathBox if parameter.type == "str" and parameter.name.endswith(PATHS) else CONTROLS[parameter.type]
    control = made(parameter)
    return OptionalBox(parameter, control) if parameter.optional else control


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
