"""A plugin as one line with a checkbox; ticking it opens its form."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from engine.catalogue import Catalogue, Entry
from engine.strategy import Advice, Strategy
from gui.settings.explanation import InfoButton, tooltip
from gui.settings.fields import SPACING, FieldRow
from gui.settings.strategy_form import StrategyForm
from gui.widgets.elided_button import ElidedCheckBox
from gui.widgets.note import Note, total
from gui.widgets.text_window import TextWindow
from gui.words import explanation, sentence, summary, title

INDENT = 24
"""How far a form stands in from its checkbox."""


class PluginRow(QWidget):
    """A plugin of a kind of which a run may have several."""

    ticked = Signal(object, bool)
    """The strategy, and whether it is ticked now."""
    changed = Signal(object, str)
    """The strategy with another parameter, and which."""
    moved = Signal(str, int)
    """Its id, and -1 to come earlier or 1 to come later."""
    invalid = Signal()
    """What is typed in its form became or ceased to be no value."""

    def __init__(self, entry: Entry, catalogue: Catalogue, parent: QWidget, *, ordered: bool) -> None:
        super().__init__(parent)
        assert entry.strategy is not None
        self.id = entry.id
        self._cls = entry.strategy
        self._catalogue = catalogue
        self._strategy: Strategy = entry.strategy()
        self.form: StrategyForm | None = None
        self.box = ElidedCheckBox(title(entry.strategy))
        self.box.setToolTip(tooltip(entry.strategy))
        self.box.setAccessibleDescription(summary(entry.strategy))
        self.box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.next_tag = QLabel(self.tr("next run"))
        self.next_tag.setProperty("role", "tag")
        self.next_tag.setToolTip(self.tr("Not part of the run that is training: it counts when you press Start again."))
        self.next_tag.hide()
        self._earlier = self._mover(Qt.ArrowType.UpArrow, self.tr("Apply {name} earlier"), -1)
        self._later = self._mover(Qt.ArrowType.DownArrow, self.tr("Apply {name} later"), 1)
        self._ordered = ordered
        self.note = Note()
        self.info = InfoButton(entry.strategy, entry.origin)
        self._lay_out()
        self.box.clicked.connect(self._clicked)

    def _mover(self, arrow: Qt.ArrowType, text: str, delta: int) -> QToolButton:
        button = QToolButton()
        button.setArrowType(arrow)
        button.setAutoRaise(True)
        button.setFixedSize(20, 24)
        button.setProperty("role", "icon")
        button.setToolTip(text.format(name=title(self._cls)))
        button.setAccessibleName(button.toolTip())
        button.setProperty("delta", delta)
        button.clicked.connect(self._move_clicked)
        button.hide()
        return button

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.setSpacing(4)
        line.addWidget(self.box, 1)
        for widget in (self.next_tag, self._earlier, self._later, self.info):
            line.addWidget(widget)
        self._body = QVBoxLayout()
        self._body.setContentsMargins(INDENT, 0, 0, 4)
        self._body.setSpacing(SPACING)
        self._body.addWidget(self.note)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(line)
        column.addLayout(self._body)

    # --- what it shows ---------------------------------------------------------------------------

    def show_strategy(self, strategy: Strategy | None, *, ticked: bool, keep_errors: bool = False) -> None:
        """Show its parameters (None: the defaults) and whether it is ticked; `keep_errors` as in `StrategyForm`."""
        self._strategy = strategy or self._cls()
        self.box.setChecked(ticked)
        if ticked and self.form is None and self._cls.model_fields:
            self.form = StrategyForm(self._strategy, self._catalogue)
            self.form.changed.connect(self._form_changed)
            self.form.invalid.connect(self.invalid)
            self._body.addWidget(self.form)
            self.form.follow(self.info)
        if self.form is not None:
            self.form.show_strategy(self._strategy, keep_errors=keep_errors)
            self.form.setVisible(ticked)

    def show_advice(self, advice: Sequence[Advice]) -> None:
        """Show advice beside the parameters that it concerns, or under the name."""
        shown = self.form is not None and self.box.isChecked()
        fields = {row.parameter.name for row in self.form.rows} if self.form is not None and shown else set()
        self.note.say_advice([item for item in advice if item.field not in fields])
        if self.form is not None:
            self.form.show_advice(advice)

    @property
    def problems(self) -> tuple[int, int]:
        """How many errors and warnings are said of it."""
        opened = self.form is not None and self.box.isChecked()
        return total([self.note.count, self.form.problems if self.form and opened else (0, 0)])

    def show_order(self, *, first: bool, last: bool) -> None:
        """Offer to move it, where there is somewhere to go."""
        shown = self._ordered and self.box.isChecked() and not (first and last)
        self._earlier.setVisible(shown)
        self._later.setVisible(shown)
        self._earlier.setEnabled(not first)
        self._later.setEnabled(not last)

    def show_next(self, differs: bool) -> None:
        """Say that it differs from the run that is training."""
        self.next_tag.setVisible(differs)

    def errors(self) -> list[FieldRow]:
        """The lines of its form whose text is no value."""
        return self.form.errors() if self.form is not None and self.box.isChecked() else []

    def matches(self, words: str) -> bool:
        """Whether a filter's words stand in its name or explanation, in either language."""
        text = " ".join((title(self._cls), self.id, explanation(self._cls), self._cls.__doc__ or "")).casefold()
        return all(word in text for word in words.casefold().split())

    # --- what is done to it ----------------------------------------------------------------------

    def _clicked(self, on: bool) -> None:
        self.ticked.emit(self._strategy, on)

    def _form_changed(self, strategy: Strategy, name: str) -> None:
        self._strategy = strategy
        self.changed.emit(strategy, name)

    def _move_clicked(self) -> None:
        self.moved.emit(self.id, self.sender().property("delta"))


class UnloadedRow(QWidget):
    """A plugin that could not be loaded: greyed, with the reason and its traceback."""

    def __init__(self, entry: Entry) -> None:
        super().__init__()
        self.id = entry.id
        self._entry = entry
        self.box = QCheckBox(entry.id)
        self.box.setEnabled(False)
        self.reason = reason = Note()
        reason.let_select()
        if entry.unavailable:
            reason.say("warning", sentence(entry.unavailable))
        else:
            reason.say("error", sentence(entry.error or ""))
        reason.setToolTip(entry.origin)
        line = QHBoxLayout()
        line.addWidget(self.box, 1)
        if entry.traceback:
            button = QToolButton()
            button.setText(self.tr("Details"))
            button.setAccessibleName(self.tr("Traceback of {name}").format(name=entry.id))
            button.clicked.connect(self._show_traceback)
            line.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(line)
        column.addWidget(reason)
        reason.setContentsMargins(INDENT, 0, 0, 4)

    def matches(self, words: str) -> bool:
        """Whether a filter's words stand in its name."""
        return all(word in self._entry.id.casefold() for word in words.casefold().split())

    def _show_traceback(self) -> None:
        name = self._entry.id
        TextWindow(
            self.tr("Why {name} was not loaded").format(name=name), self._entry.traceback or "", self.window()
        ).show()
