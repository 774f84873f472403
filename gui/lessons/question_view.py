"""The question of a lesson, with its answers to choose from: a guess is given once."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QRadioButton,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from engine.lessons.lesson import Lesson
from engine.lessons.verdict import Guess
from gui.lessons import words
from gui.widgets.flow import FlowLayout

MARK = 20
"""Pixels for a mark beside an answer, kept free until there is one."""


class QuestionView(QWidget):
    """Until there is a guess, or the question is skipped, it asks; then it shows what was guessed."""

    guessed = Signal(object)
    """A `Guess`."""

    def __init__(self) -> None:
        super().__init__()
        self._lesson: Lesson | None = None
        self.question = QLabel()
        self.question.setProperty("role", "heading")
        self.question.setWordWrap(True)
        self.buttons: dict[str, QRadioButton] = {}
        self.marks: dict[str, QLabel] = {}
        """Beside each answer: whether the runs prove it right, once they do."""
        self._guess_shown: str | None = None
        self._group: QButtonGroup | None = None
        self._choices = QVBoxLayout()
        self._choices.setSpacing(4)
        self.give = QPushButton(self.tr("This is my guess"))
        self.give.clicked.connect(self._on_give)
        self.skip = QPushButton(self.tr("Skip the guess"))
        self.skip.setFlat(True)
        self.skip.clicked.connect(self._on_skip)
        asks, self.after = QWidget(), QLabel()
        self.after.setProperty("role", "muted")
        self.after.setWordWrap(True)
        line = FlowLayout(8)
        line.addWidget(self.give)
        line.addWidget(self.skip)
        asks.setLayout(line)
        self._turn = QStackedLayout()
        """The buttons before the guess, a word after it: in one place, so that what is below stays where it is."""
        self._turn.addWidget(asks)
        self._turn.addWidget(self.after)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.question)
        column.addLayout(self._choices)
        column.addLayout(self._turn)

    def show_question(self, lesson: Lesson, guess: Guess | None) -> None:
        """Ask the question of a lesson, or show how it was answered."""
        self._lesson = lesson
        self.question.setText(words.of(lesson.question.text))
        self._clear()
        self._group = QButtonGroup(self)
        self._group.buttonClicked.connect(self._on_chosen)
        for choice in lesson.question.choices:
            self._add(choice.id, words.of(choice.text))
        self._show_guess(guess)

    def show_answer(self, answer: str | None, *, known: bool) -> None:
        """Mark which choice the runs prove right, and a guess that came out otherwise; nothing while it isn't known."""
        for id, mark in self.marks.items():
            wrong = known and id != answer and self._guess_shown == id
            mark.setText("\N{CHECK MARK}" if known and id == answer else "\N{BALLOT X}" if wrong else "")
            said = self.tr("the runs say this") if mark.text() == "\N{CHECK MARK}" else self.tr("it came out otherwise")
            self.buttons[id].setAccessibleDescription(said if mark.text() else "")
            mark.setToolTip(said if mark.text() else "")

    def take_focus(self) -> None:
        """Let the keyboard choose among the answers."""
        first = next(iter(self.buttons.values()), None)
        if first is not None:
            first.setFocus(Qt.FocusReason.OtherFocusReason)

    def _add(self, id: str, text: str) -> None:
        """An answer: its words stand in a label beside the button, as they may take several lines."""
        button, label, mark = QRadioButton(), _Answer(text), QLabel()
        mark.setProperty("role", "heading")
        mark.setFixedWidth(MARK)
        mark.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignHCenter)
        button.setAccessibleName(text)
        label.pressed.connect(button.click)
        line = QHBoxLayout()
        line.setSpacing(4)
        line.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(label, 1)
        line.addWidget(mark)
        self._choices.addLayout(line)
        assert self._group is not None
        self._group.addButton(button)
        self.buttons[id], self.marks[id] = button, mark

    def _clear(self) -> None:
        while (item := self._choices.takeAt(0)) is not None:
            line = item.layout()
            while (part := line.takeAt(0)) is not None:
                part.widget().hide()
                part.widget().deleteLater()
            line.deleteLater()
        if self._group is not None:
            self._group.deleteLater()
        self.buttons, self.marks = {}, {}

    def _show_guess(self, guess: Guess | None) -> None:
        for id, button in self.buttons.items():
            button.setEnabled(guess is None)
            if guess is not None and guess.choice == id:
                button.setChecked(True)
        self.give.setEnabled(False)
        self._guess_shown = guess.choice if guess is not None else None
        skipped = guess is not None and guess.choice is None
        self.after.setText(
            self.tr("The guess was skipped. Now train, below.")
            if skipped
            else self.tr("That is your guess. Now train, below, and see.")
        )
        self._turn.setCurrentIndex(0 if guess is None else 1)

    @Slot()
    def _on_chosen(self) -> None:
        self.give.setEnabled(True)

    @Slot()
    def _on_give(self) -> None:
        chosen = next((id for id, button in self.buttons.items() if button.isChecked()), None)
        if chosen is not None:
            self._guess(chosen)

    @Slot()
    def _on_skip(self) -> None:
        self._guess(None)

    def _guess(self, choice: str | None) -> None:
        if self._lesson is not None:
            guess = Guess(self._lesson.id, choice)
            self._show_guess(guess)
            self.guessed.emit(guess)


class _Answer(QLabel):
    """The words of an answer; a click on them chooses it."""

    pressed = Signal()

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Tell of a click."""
        if event.type() == QEvent.Type.MouseButtonRelease:
            self.pressed.emit()
        return False
