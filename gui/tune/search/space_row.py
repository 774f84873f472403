"""One line of what a search may choose: a box, and where it is ticked the range or the words to choose from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QCoreApplication, QEvent, Qt, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QLineEdit, QMenu, QToolButton, QVBoxLayout, QWidget

from engine.searches.space import Free
from gui.tune.search import words
from gui.widgets.elided_label import ElidedLabel
from gui.widgets.flow import FlowLayout
from gui.widgets.looks import give
from gui.widgets.measured import by_type
from gui.widgets.note import Note

INDENT = 24


def _tr(text: str) -> str:
    return QCoreApplication.translate("SearchSpace", text)


class Left(NamedTuple):
    """What a user did to a line."""

    picked: bool
    written: str | None
    """None where it is as it was proposed."""


class SpaceRow(QWidget):
    """Unticked it is one line, with its range in words at the right."""

    changed = Signal()
    """By the user."""

    def __init__(self, free: Free, title: str, help: str, known: Sequence[str], *, picked: bool) -> None:
        super().__init__()
        self.free = free
        self.box = QCheckBox(title)
        self.box.setToolTip(help)
        self.box.setChecked(picked)
        self.summary = ElidedLabel()
        self.summary.setProperty("role", "muted")
        self.summary.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if known:
            self.editor: RangeEdit | WordsButton | TextEdit = WordsButton(free, known, title)
        else:
            self.editor = TextEdit(free, title) if free.choices else RangeEdit(free, title)
        self.note = Note()
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.box)
        head.addWidget(self.summary, 1)
        under = QVBoxLayout()
        under.setContentsMargins(INDENT, 0, 0, 4)
        under.setSpacing(4)
        under.addWidget(self.editor)
        under.addWidget(self.note)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addLayout(under)
        self.box.clicked.connect(self._on_edited)
        self.editor.edited.connect(self._on_edited)
        self._arrange()

    @property
    def picked(self) -> bool:
        """Whether it is to be searched."""
        return self.box.isChecked()

    @property
    def text(self) -> str:
        """As `--tune` has it."""
        return f"{self.free.name}={self.editor.written}"

    @property
    def left(self) -> Left:
        """As the user has left it."""
        written = self.editor.written
        return Left(self.picked, written if written != self.editor.first else None)

    def take(self, left: Left) -> None:
        """Be as a line of the same name was left."""
        self.box.setChecked(left.picked)
        if left.written is not None:
            self.editor.written = left.written
        self._arrange()

    def show_problem(self, text: str) -> None:
        """Say what is wrong with what was typed; nothing is where it is empty."""
        give(self.editor, invalid=bool(text))
        if text:
            self.note.say("error", text)
        else:
            self.note.clear()

    def lock(self) -> None:
        """Show what a study searches, which does not change any more."""
        self.box.setEnabled(False)
        self.editor.hide()
        self.summary.show()

    @Slot()
    def _on_edited(self) -> None:
        self._arrange()
        self.changed.emit()

    def _arrange(self) -> None:
        self.editor.setVisible(self.picked)
        self.summary.setVisible(not self.picked)
        self.summary.setText(words.reach(self.free))


class RangeEdit(QWidget):
    """From the lowest to the highest value, evenly or by the logarithm."""

    edited = Signal()

    def __init__(self, free: Free, title: str) -> None:
        super().__init__()
        self.low, self.high = QLineEdit(), QLineEdit()
        for field, name in ((self.low, _tr("{title}: lowest")), (self.high, _tr("{title}: highest"))):
            field.setAccessibleName(name.format(title=title))
            width = field.setFixedWidth
            by_type(field, lambda metrics, width=width: width(11 * metrics.averageCharWidth() + 16))
            field.textEdited.connect(self.edited)
        self.log = QCheckBox(_tr("by the logarithm"))
        self.log.setToolTip(_tr("Each factor of ten gets as many trials; evenly where it is not ticked"))
        self.log.setAccessibleName(_tr("{title}: by the logarithm").format(title=title))
        self.log.clicked.connect(self.edited)
        line = FlowLayout(8, line_spacing=4)
        self.setLayout(line)
        to = QLabel(_tr("to"))
        for widget in (self.low, to, self.high, self.log):
            line.addWidget(widget)
        self.written = self.first = str(free).partition("=")[2]

    @property
    def written(self) -> str:
        """As `--tune` has it."""
        ends = (field.text().strip() for field in (self.low, self.high))
        return "..".join(ends) + (":log" if self.log.isChecked() else "")

    @written.setter
    def written(self, text: str) -> None:
        low, _, rest = text.partition("..")
        high, colon, _ = rest.partition(":")
        self.low.setText(low)
        self.high.setText(high)
        self.log.setChecked(bool(colon))


class WordsButton(QToolButton):
    """A menu in which some of the words are ticked."""

    edited = Signal()

    def __init__(self, free: Free, known: Sequence[str], title: str) -> None:
        super().__init__()
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        self._title = title
        self.list = _StayingMenu(self)
        self.list.setToolTipsVisible(True)
        for each in known:
            action = self.list.addAction(words.word(each))
            action.setData(each)
            action.setCheckable(True)
            action.toggled.connect(self._on_toggled)
        self.setMenu(self.list)
        self.written = self.first = "+".join(free.choices)

    @property
    def written(self) -> str:
        """As `--tune` has it."""
        return "+".join(action.data() for action in self._ticked)

    @written.setter
    def written(self, text: str) -> None:
        chosen = text.split("+")
        for action in self.list.actions():
            blocked = action.blockSignals(True)
            action.setChecked(action.data() in chosen)
            action.blockSignals(blocked)
        self._show()

    @property
    def _ticked(self) -> list[QAction]:
        return [action for action in self.list.actions() if action.isChecked()]

    @Slot()
    def _on_toggled(self) -> None:
        self._show()
        self.edited.emit()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Say the words in another language."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange:
            self._show()

    def _show(self) -> None:
        shown = [action.text() for action in self._ticked]
        text = ", ".join(shown) if len(shown) < 4 else _tr("{count} of {all}").format(
            count=len(shown), all=len(self.list.actions())
        )  # fmt: skip
        self.setText(f"{text or _tr('none')} \N{BLACK DOWN-POINTING SMALL TRIANGLE}")
        self.setToolTip(", ".join(shown))
        self.setAccessibleName(f"{self._title}: {', '.join(shown)}")


class _StayingMenu(QMenu):
    """Stays open while several of its words are ticked."""

    def mouseReleaseEvent(self, event: object) -> None:  # noqa: N802
        """Tick, and stay."""
        action = self.activeAction()
        if action is not None and action.isCheckable():
            action.trigger()
        else:
            super().mouseReleaseEvent(event)  # type: ignore[arg-type]


class TextEdit(QLineEdit):
    """Values with `+` between, such as lists of numbers."""

    edited = Signal()

    def __init__(self, free: Free, title: str) -> None:
        super().__init__()
        self.setAccessibleName(title)
        self.setToolTip(_tr("Values with + between them; a list has commas: 128,64+256,128"))
        self.textEdited.connect(self.edited)
        self.written = self.first = "+".join(free.choices)

    @property
    def written(self) -> str:
        """As `--tune` has it."""
        return self.text().replace(" ", "")

    @written.setter
    def written(self, text: str) -> None:
        self.setText(text)
