"""The parameters of one strategy, as a form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QAbstractSpinBox, QVBoxLayout, QWidget

from engine.catalogue import Catalogue
from engine.message import InputError
from engine.parameter import parameters_of
from engine.strategy import Advice, Strategy
from gui.settings.fields import SPACING, FieldRow
from gui.widgets.note import total
from gui.words import parameter_help, say_invalid


class StrategyForm(QWidget):
    """Shows a strategy and edits it: every valid edit gives a new one, an invalid one is explained in its line."""

    changed = Signal(object, str)
    """The new strategy, and the parameter that was edited."""
    invalid = Signal()
    """A parameter was given a value that it can't have, or such a value was mended."""

    def __init__(self, strategy: Strategy, catalogue: Catalogue) -> None:
        super().__init__()
        self._strategy = strategy
        self._catalogue = catalogue
        self._rows: dict[str, FieldRow] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        for parameter in parameters_of(type(strategy)):
            row = FieldRow(parameter, parameter.name, parameter_help(strategy.id, parameter))
            row.edited.connect(self._edited)
            column.addWidget(row)
            self._rows[parameter.name] = row
        self.show_strategy(strategy)

    @property
    def rows(self) -> list[FieldRow]:
        """Its lines, in order."""
        return list(self._rows.values())

    def row(self, name: str) -> FieldRow:
        """The line of a parameter. Raises `KeyError`."""
        return self._rows[name]

    def follow(self, before: QWidget) -> None:
        """Let Tab come here after this one: a form that is made late would come after all the others."""
        for widget in self.findChildren(QWidget):
            inner = isinstance(widget.parentWidget(), QAbstractSpinBox) or widget.focusProxy() is not None
            if (
                not inner
                and widget.window() is self.window()
                and widget.focusPolicy().value & Qt.FocusPolicy.TabFocus.value
            ):
                QWidget.setTabOrder(before, widget)
                before = widget

    def show_strategy(self, strategy: Strategy, *, keep_errors: bool = False) -> None:
        """Show another strategy of the same class; with `keep_errors`, text that is no value stays to be mended."""
        self._strategy = strategy
        for name, row in self._rows.items():
            if not (keep_errors and row.error):
                row.show_value(getattr(strategy, name))

    def show_advice(self, advice: Sequence[Advice]) -> None:
        """Show the advice that concerns a parameter beside it."""
        for name, row in self._rows.items():
            row.show_advice([item for item in advice if item.field == name])

    def errors(self) -> list[FieldRow]:
        """The lines whose text is no value."""
        return [row for row in self._rows.values() if row.error]

    @property
    def changes(self) -> int:
        """How many of its lines are not as they are by default."""
        return sum(row.changed for row in self._rows.values())

    @property
    def problems(self) -> tuple[int, int]:
        """How many errors and warnings are said of its lines."""
        return total(row.problems for row in self._rows.values())

    def _edited(self, name: str, raw: Any) -> None:
        values = {**dict(self._strategy), name: raw}
        try:
            strategy = self._catalogue.make(self._strategy.kind, self._strategy.id, values)
        except InputError as error:
            self._rows[name].show_error(say_invalid(error))
            self.invalid.emit()
            return
        mended = bool(self._rows[name].error)
        self._strategy = strategy
        self._rows[name].show_value(getattr(strategy, name))
        if mended:
            self.invalid.emit()
        self.changed.emit(strategy, name)
