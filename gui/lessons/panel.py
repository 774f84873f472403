"""The dock of lessons: one of them at a time, from its question to what its runs say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from engine.lessons.lesson import Lesson
from engine.lessons.verdict import Guess
from gui.lessons import words
from gui.lessons.question_view import QuestionView
from gui.lessons.run_row import RunRow
from gui.lessons.words import Stand
from gui.settings.choice_row import QuietComboBox
from gui.widgets.icons import icon
from gui.widgets.looks import as_tip
from gui.widgets.scroll_area import UprightScrollArea
from gui.widgets.theme import LIGHT, Theme


class LessonPanel(QWidget):
    """Shows what it is given, and tells what is pressed."""

    chosen = Signal(str)
    """The id of a lesson that is to be opened."""
    guessed = Signal(object)
    """A `Guess`."""
    train_asked = Signal(str)
    """The id of a run of the lesson."""
    hand_in_asked = Signal()
    """What was done in the lesson is to be saved as one file."""
    left = Signal()
    """The lesson is over: the person's own settings are wanted again."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("lesson")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.rows: dict[str, RunRow] = {}
        self._lesson: Lesson | None = None
        self.box = QuietComboBox()
        self.box.setAccessibleName(self.tr("Lesson"))
        self.box.setPlaceholderText(self.tr("Choose a lesson"))
        self.box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.box.setMinimumContentsLength(8)
        self.box.currentTextChanged.connect(lambda text: self.box.setToolTip(as_tip(text)))
        self.box.setMinimumHeight(self.fontMetrics().height() + 14)  # Hangul is higher than Latin
        self.box.activated.connect(self._on_chosen)
        self.previous = self._step(self.tr("The lesson before"), -1)
        self.next = self._step(self.tr("The next lesson"), 1)
        self.text = _label()
        self.question = QuestionView()
        self.question.guessed.connect(self.guessed)
        self.watch = _label("heading")
        self.watch.setText(self.tr("Train and watch"))
        self.hint = _label("muted")
        self._runs = QVBoxLayout()
        self._runs.setSpacing(8)
        self.verdict_heading = _label("heading")
        self.verdict_heading.setText(self.tr("What the runs say"))
        self.verdict = _label()
        self.look_heading = _label("heading")
        self.look_heading.setText(self.tr("Look at"))
        self.look = _label()
        self.correction_heading = _label("heading")
        self.correction_heading.setText(self.tr("Put right"))
        self.correction = _label()
        self.held = _label("muted")
        self.hand_in = QPushButton(self.tr("Hand in…"))
        self.hand_in.setToolTip(self.tr("Saves your guess, your runs and your conclusion as one file for your teacher"))
        self.hand_in.clicked.connect(self.hand_in_asked)
        self.leave = QPushButton(self.tr("Leave the lesson"))
        self.leave.setToolTip(self.tr("Your own settings come back"))
        self.leave.clicked.connect(self.left)
        self._lay_out()
        self.set_theme(LIGHT)
        self.show_lessons([])

    def _step(self, text: str, by: int) -> QToolButton:
        button = QToolButton()
        button.setProperty("role", "icon")
        button.setAutoRaise(True)
        button.setFixedSize(24, 24)
        button.setToolTip(text)
        button.setAccessibleName(text)
        button.clicked.connect(lambda: self.go(by))
        return button

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setContentsMargins(16, 12, 16, 8)
        head.setSpacing(4)
        head.addWidget(self.box, 1)
        head.addWidget(self.previous)
        head.addWidget(self.next)
        told = QWidget()
        told.setObjectName("lesson")
        self._body = QVBoxLayout(told)
        self._body.setContentsMargins(16, 4, 16, 12)
        self._body.setSpacing(12)
        self._body.addWidget(self.text)
        self._body.addWidget(self.question)
        for widget in (self.watch, self.hint):
            self._body.addWidget(widget)
        self._body.addLayout(self._runs)
        for widget in (
            self.verdict_heading, self.verdict, self.look_heading, self.look, self.correction_heading, self.correction,
            self.held,
        ):  # fmt: skip
            self._body.addWidget(widget)
        self._body.addWidget(self.hand_in, 0, Qt.AlignmentFlag.AlignLeft)
        self._body.addWidget(self.leave, 0, Qt.AlignmentFlag.AlignLeft)
        self._body.addStretch(1)
        self.area = UprightScrollArea()
        self.area.setAccessibleName(self.tr("Lesson"))
        self.area.setWidget(told)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.area, 1)

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        self.previous.setIcon(icon("chevron-left", theme.text, theme.outline))
        self.next.setIcon(icon("chevron-right", theme.text, theme.outline))

    # --- what it shows ---------------------------------------------------------------------------

    def show_lessons(self, lessons: Sequence[Lesson]) -> None:
        """Offer these lessons."""
        self.box.clear()
        for lesson in lessons:
            self.box.addItem(words.numbered(lesson), lesson.id)
        self.show_lesson(None, None)

    def show_lesson(self, lesson: Lesson | None, guess: Guess | None) -> None:
        """Open a lesson at its beginning; None: there is none."""
        self._lesson = lesson
        self.box.setCurrentIndex(self.box.findData(lesson.id) if lesson else -1)
        place = self.box.currentIndex()
        self.previous.setEnabled(place > 0)
        self.next.setEnabled(place + 1 < self.box.count())
        while (item := self._runs.takeAt(0)) is not None:
            item.widget().hide()
            item.widget().deleteLater()
        self.rows = {}
        parts = (self.question, self.watch, self.leave, self.look, self.look_heading)
        for part in parts:
            part.setVisible(lesson is not None)
        if lesson is None:
            self.text.setText(
                self.tr("A lesson asks a question, lets you guess, and trains what answers it. Choose one above.")
            )
        else:
            self.text.setText(words.paragraphs(lesson))
            self.question.show_question(lesson, guess)
            self.look.setText(words.look_at(lesson))
            for variant in lesson.variants:
                row = self.rows[variant.id] = RunRow(variant.id, words.of(variant.label))
                row.pressed.connect(self.train_asked)
                self._runs.addWidget(row)
        self.show_runs({}, {}, guess)
        self.show_verdict("")
        self.area.verticalScrollBar().setValue(0)

    def show_runs(
        self, stands: Mapping[str, Stand], findings: Mapping[str, str], guess: Guess | None, held: str = ""
    ) -> None:
        """Show how each run stands, and what is to be seen in it. Before there is a guess none can be trained."""
        asked = guess is None
        for id, row in self.rows.items():
            stand = stands.get(id, Stand.MISSING)
            row.show_standing(stand, may_train=not asked, found="" if asked else findings.get(id, ""))
        self.hint.setText(self.tr("Guess first: then the runs can be trained."))
        self.hint.setVisible(asked and self._lesson is not None)
        for part in (self.look, self.look_heading):
            part.setVisible(not asked and self._lesson is not None)
        self.held.setText(held)
        self.held.setVisible(bool(held) and not asked)

    def show_verdict(self, text: str) -> None:
        """Say what the runs say to the question, and with it what is often told otherwise; nothing: not known yet."""
        lesson = self._lesson
        self.verdict.setText(text)
        for part in (self.verdict, self.verdict_heading, self.hand_in):
            part.setVisible(bool(text))
        right = words.of(lesson.correction) if lesson is not None and lesson.correction is not None else ""
        self.correction.setText(right)
        for part in (self.correction, self.correction_heading):
            part.setVisible(bool(text) and bool(right))

    def go(self, by: int) -> None:
        """Open the lesson so many places further on, if there is one."""
        place = max(self.box.currentIndex(), -1) + by
        if 0 <= place < self.box.count():
            self.chosen.emit(self.box.itemData(place))

    @Slot(int)
    def _on_chosen(self, place: int) -> None:
        self.box.setToolTip(as_tip(self.box.itemText(place)))
        self.chosen.emit(self.box.itemData(place))


def _label(role: str = "") -> QLabel:
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    if role:
        label.setProperty("role", role)
    return label
