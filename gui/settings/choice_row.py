"""A kind of which a run has exactly one strategy: a choice, and the chosen one's parameters under it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QPaintEvent, QPalette, QWheelEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QVBoxLayout,
    QWidget,
)

from engine.catalogue import Catalogue
from engine.strategy import Advice, Strategy
from gui.settings.controls import control_height
from gui.settings.explanation import InfoButton, tooltip
from gui.settings.fields import SPACING, FieldRow
from gui.settings.strategy_form import StrategyForm
from gui.widgets.fold_button import FoldButton
from gui.widgets.measured import by_type
from gui.widgets.name_label import NameLabel, ResetButton
from gui.widgets.note import Note, total
from gui.words import kind_title, summary, title

OPEN_UP_TO = 2
"""A form of at most so many lines is always open; a longer one is folded until something in it is changed."""


class QuietComboBox(QComboBox):
    """A choice that scrolling past does not change, and that is as narrow as it has to be."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)
        by_type(self, lambda _: self.setMinimumHeight(control_height(self)))

    def sizeHint(self) -> QSize:  # noqa: N802
        """With `AdjustToContents`, room for the widest entry: Qt forgets the arrow, and entries that came later."""
        hint = super().sizeHint()
        if self.sizeAdjustPolicy() != QComboBox.SizeAdjustPolicy.AdjustToContents:
            return hint
        widest = max((self.fontMetrics().horizontalAdvance(self.itemText(i)) for i in range(self.count())), default=0)
        return QSize(hint.width() + max(0, widest - self._room_for_text(hint)), hint.height())

    def _room_for_text(self, size: QSize) -> int:
        """Pixels for the text, where it has this size."""
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        option.rect = QRect(QPoint(0, 0), size)
        part = QStyle.SubControl.SC_ComboBoxEditField
        return self.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, option, part, self).width() - 4

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Room for some letters, also where a text stands in for a choice: Qt would make room for all of that."""
        if self.sizeAdjustPolicy() == QComboBox.SizeAdjustPolicy.AdjustToContents:
            return self.sizeHint()  # Qt keeps a minimum from before it had entries
        hint = super().minimumSizeHint()
        least = (self.minimumContentsLength() + 2) * self.fontMetrics().horizontalAdvance("X")
        return QSize(min(hint.width(), least + 24), hint.height())

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Another language: Qt keeps the room for the former words until it is told of another policy."""
        super().changeEvent(event)
        policy = QComboBox.SizeAdjustPolicy
        if event.type() is QEvent.Type.LanguageChange and self.sizeAdjustPolicy() == policy.AdjustToContents:
            self.setSizeAdjustPolicy(policy.AdjustToContentsOnFirstShow)
            self.setSizeAdjustPolicy(policy.AdjustToContents)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Draw it, the text shortened where there is no room for it: Qt would cut through a letter."""
        painter, option = QStylePainter(self), QStyleOptionComboBox()
        self.initStyleOption(option)
        if self.currentIndex() < 0:
            option.currentText = self.placeholderText()
            option.palette.setBrush(QPalette.ColorRole.ButtonText, option.palette.placeholderText())
        room = self._room_for_text(self.size())
        option.currentText = self.fontMetrics().elidedText(option.currentText, Qt.TextElideMode.ElideRight, room)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Leave the wheel to the panel."""
        event.ignore()


class ChoiceRow(QWidget):
    """Chooses one strategy of a kind. `recall(id)` gives the parameters that a strategy had before, if any.

    `default` is the id of the one that is chosen where nobody chooses.
    """

    changed = Signal(object, str)
    """The strategy chosen or changed, and the parameter edited; empty for a choice."""
    invalid = Signal()

    def __init__(self, kind: str, catalogue: Catalogue, recall: Callable[[str], Strategy | None], default: str) -> None:
        super().__init__()
        self.kind = kind
        self._default = default
        self._catalogue = catalogue
        self._recall = recall
        self.form: StrategyForm | None = None
        self._strategy: Strategy | None = None
        self._advice: Sequence[Advice] = ()
        self._classes = catalogue.of_kind(kind)
        self.combo = QuietComboBox()
        for cls in self._classes:
            self.combo.addItem(title(cls), cls.id)
            self.combo.setItemData(self.combo.count() - 1, tooltip(cls), Qt.ItemDataRole.ToolTipRole)
        self.combo.setAccessibleName(kind_title(kind))
        self._info = InfoButton(self._classes[0], "")
        usual = next((title(cls) for cls in self._classes if cls.id == default), "")
        self.reset = ResetButton(kind_title(kind), usual)
        self._fold = FoldButton()
        self.note = Note()
        self._lay_out()
        self.combo.activated.connect(self._chosen)
        self._fold.toggled.connect(self._folded)
        self.reset.clicked.connect(self._on_reset)

    def _lay_out(self) -> None:
        # Its reset stands beside its name, so that the choices are as wide as the fields.
        self._label = NameLabel(kind_title(self.kind), self.reset)
        self._label.setBuddy(self.combo)
        line = QHBoxLayout()
        line.setSpacing(SPACING)
        line.addWidget(self._label)
        line.addWidget(self.combo, 1)
        line.addWidget(self._info)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(SPACING)
        self._column.addLayout(line)
        self._column.addWidget(self.note)
        fold = QHBoxLayout()
        fold.setContentsMargins(self._label.width() + SPACING, 0, 0, 0)
        fold.addWidget(self._fold)
        fold.addStretch(1)
        self._column.addLayout(fold)

    def show_strategy(self, strategy: Strategy, *, keep_errors: bool = False) -> None:
        """Show the chosen strategy; `keep_errors` as in `StrategyForm`."""
        other = self._strategy is None or type(self._strategy) is not type(strategy)
        self._strategy = strategy
        self.combo.setCurrentIndex(self.combo.findData(strategy.id))
        self.combo.setToolTip(tooltip(type(strategy)))
        self.combo.setAccessibleDescription(summary(type(strategy)))
        self._info.explain(type(strategy), self._catalogue.entry(strategy.id).origin)
        self._mark(strategy.id != self._default)
        if other:
            self._make_form(strategy)
        elif self.form is not None:
            self.form.show_strategy(strategy, keep_errors=keep_errors)

    def _make_form(self, strategy: Strategy) -> None:
        if self.form is not None:
            self.form.hide()
            self.form.deleteLater()
        self.form = None
        count = len(type(strategy).model_fields)
        self._fold.setVisible(count > OPEN_UP_TO)
        name = self.tr("{count} parameters").format(count=count)
        self._fold.name(name, self.tr("{count} parameters of {name}").format(count=count, name=title(type(strategy))))
        self._advice = ()  # it was of another
        if count == 0:
            return
        self.form = StrategyForm(strategy, self._catalogue)
        self.form.changed.connect(self._form_changed)
        self.form.invalid.connect(self._form_invalid)
        self._column.addWidget(self.form)
        self.form.follow(self._fold)
        self._fold.setChecked(count <= OPEN_UP_TO or self.form.changes > 0)
        self._folded(self._fold.isChecked())

    def show_advice(self, advice: Sequence[Advice]) -> None:
        """Show advice beside the parameters that it concerns, or under the choice."""
        self._advice = advice
        opened = self.form is not None and self._fold.isChecked()
        fields = {row.parameter.name for row in self.form.rows} if self.form is not None and opened else set()
        self.note.say_advice([item for item in advice if item.field not in fields])
        if self.form is not None:
            self.form.show_advice(advice)
        self._tell_hidden()

    @property
    def changes(self) -> int:
        """How much of it is not as it is by default: the choice, and its parameters."""
        return self._label.marked + (self.form.changes if self.form is not None else 0)

    @property
    def problems(self) -> tuple[int, int]:
        """How many errors and warnings are said of it."""
        if self.form is None:
            return self.note.count
        return total([self.note.count, self.form.problems]) if self._fold.isChecked() else (
            self.note.count[0] + len(self.form.errors()), self.note.count[1]
        )  # fmt: skip

    def errors(self) -> list[FieldRow]:
        """The lines of its form whose text is no value."""
        return self.form.errors() if self.form is not None else []

    def reveal(self) -> None:
        """Open the form."""
        self._fold.setChecked(True)

    def _chosen(self, index: int) -> None:
        id = self.combo.itemData(index)
        if self._strategy is not None and self._strategy.id == id:
            return
        self.changed.emit(self._recall(id) or self._classes[index](), "")

    def _form_changed(self, strategy: Strategy, name: str) -> None:
        self._strategy = strategy
        self.changed.emit(strategy, name)

    def _form_invalid(self) -> None:
        self._tell_hidden()
        self.invalid.emit()

    def _on_reset(self) -> None:
        self.combo.setFocus()
        self._chosen(self.combo.findData(self._default))

    def _mark(self, changed: bool) -> None:
        self._label.mark(changed)
        self.reset.setVisible(changed)

    def _tell_hidden(self) -> None:
        """Say on the fold what differs and what is no value under it; advice stands under the choice then."""
        if self.form is not None:
            changed = self.form.changes
            hidden = self.tr("{count} changed").format(count=changed) if changed else ""
            self._fold.tell(hidden=hidden, problems=(len(self.form.errors()), 0))

    def _folded(self, opened: bool) -> None:
        if self.form is not None:
            self.form.setVisible(opened)
        self.show_advice(self._advice)
