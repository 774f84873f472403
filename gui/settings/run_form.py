"""What a run has exactly one of: data set, model and the like, and the numbers of the run."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.catalogue import Catalogue
from engine.config import ONE_CHOICE, RunConfig, run_parameters
from engine.strategy import Advice, Strategy
from gui.settings.choice_row import ChoiceRow
from gui.settings.fields import SPACING, FieldRow
from gui.widgets.fold_button import FoldButton
from gui.widgets.icon_button import IconButton
from gui.widgets.note import total
from gui.words import parameter_help, run_title

FIRST = ("dataset", "train_samples", "model", "optimizer", "lr", "epochs", "batch_size")
"""The kinds and fields that are always in sight, in order; the rest stand under "More settings"."""


class RunForm(QWidget):
    """A line for each. `recall(id)` gives the parameters that a strategy had before; `usual` are the default settings.

    Whoever owns it makes settings of what is done here, and shows those.
    """

    choice_changed = Signal(object, str)
    """The strategy chosen or changed, and the parameter edited; empty for a choice."""
    field_edited = Signal(str, object)
    """The name of a field, and the raw value: to be answered by the field's `show_value` or `show_error`."""
    invalid = Signal()
    """What is typed in a form of a strategy became or ceased to be no value."""
    find_lr_asked = Signal()
    """A learning rate is looked for."""

    def __init__(self, catalogue: Catalogue, recall: Callable[[str], Strategy | None], usual: RunConfig) -> None:
        super().__init__()
        self.choices: dict[str, ChoiceRow] = {}
        self.fields: dict[str, FieldRow] = {}
        self._parameters = {parameter.name: parameter for parameter in run_parameters()}
        self._find_lr = IconButton("find")
        self._find_lr.setToolTip(self.tr("Find a learning rate for these settings, in the tab Tune"))
        self._find_lr.setAccessibleName(self.tr("Find a learning rate"))
        self._find_lr.clicked.connect(self.find_lr_asked)
        self.more = FoldButton(self.tr("More settings"))
        self.more.toggled.connect(self._more_toggled)
        self._others = QWidget()
        self._others.hide()
        others = QVBoxLayout(self._others)
        column = QVBoxLayout(self)
        for layout in (column, others):
            layout.setContentsMargins(0, 0, 0, 0)
            layout.setSpacing(SPACING)
        for name in (*FIRST, *(name for name in (*ONE_CHOICE, *self._parameters) if name not in FIRST)):
            line = self._choice(name, catalogue, recall, usual) if name in ONE_CHOICE else self._field(name)
            (column if name in FIRST else others).addWidget(line)
        column.addWidget(self.more)
        column.addWidget(self._others)

    def _choice(
        self, kind: str, catalogue: Catalogue, recall: Callable[[str], Strategy | None], usual: RunConfig
    ) -> ChoiceRow:
        choice = ChoiceRow(kind, catalogue, recall, getattr(usual, kind).id)
        choice.changed.connect(self.choice_changed)
        choice.invalid.connect(self._validity_changed)
        self.choices[kind] = choice
        return choice

    def _field(self, name: str) -> FieldRow:
        row = FieldRow(self._parameters[name], run_title(name), parameter_help("run", self._parameters[name]))
        row.edited.connect(self.field_edited)
        self.fields[name] = row
        if name == "lr":
            row.put_beside(self._find_lr)
        return row

    def show_config(self, config: RunConfig, *, keep_errors: bool) -> None:
        """Show settings; with `keep_errors`, text that is no value stays to be mended."""
        for kind, choice in self.choices.items():
            choice.show_strategy(getattr(config, kind), keep_errors=keep_errors)
        for name, row in self.fields.items():
            if not (keep_errors and row.error):
                row.show_value(getattr(config, name))

    def show_advice(self, advice: Sequence[tuple[str, Advice]], config: RunConfig) -> None:
        """Show the advice on what is chosen."""
        for kind, choice in self.choices.items():
            choice.show_advice([item for owner, item in advice if owner == getattr(config, kind).id])
        self.tell_hidden()

    def tell_hidden(self) -> None:
        """Say beside "More settings" what differs from the defaults there, and what is wrong."""
        choices = [choice for kind, choice in self.choices.items() if kind not in FIRST]
        fields = [row for name, row in self.fields.items() if name not in FIRST]
        changed = sum(choice.changes for choice in choices) + sum(row.changed for row in fields)
        self.more.tell(
            hidden=self.tr("{count} changed").format(count=changed) if changed else "",
            problems=total(line.problems for line in (*choices, *fields)),
        )

    def errors(self) -> list[FieldRow]:
        """Lines whose text is no value."""
        own = [row for row in self.fields.values() if row.error]
        return own + [row for choice in self.choices.values() for row in choice.errors()]

    def reveal(self, line: QWidget) -> None:
        """Open what hides a line: a field, a choice, or a field in a choice's form."""
        self.more.setChecked(self.more.isChecked() or self._others.isAncestorOf(line))
        for choice in self.choices.values():
            if choice.isAncestorOf(line):
                choice.reveal()

    def _more_toggled(self, opened: bool) -> None:
        self._others.setVisible(opened)

    @Slot()
    def _validity_changed(self) -> None:
        self.tell_hidden()
        self.invalid.emit()
