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
from gui.lessons.steady_label import SteadyLabel
from gui.lessons.words import Stand
from gui.settings.choice_row import QuietComboBox
from gui.widgets.flow import FlowLayout
from gui.widgets.icons import icon
from gui.widgets.looks import as_tip
from gui.widgets.measured import by_type
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
    further_asked = Signal()
    """What the lesson leads on to is to stand in the settings."""
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
        by_type(self.box, lambda metrics: self.box.setMinimumHeight(metrics.height() + 14))  # Hangul is high
        self.box.activated.connect(self._on_chosen)
        self.previous = self._step(self.tr("The lesson before"), -1)
        self.next = self._step(self.tr("The next lesson"), 1)
        self.text = _label()
        self.question = QuestionView()
        self.question.guessed.connect(self.guessed)
        self.watch = _label("heading")
        self.watch.setText(self.tr("Train and watch"))
        self.hint = SteadyLabel(
            self.tr("Guess first: then the runs can be trained."),
            self.tr("Press one and watch the curves. The next one may be pressed meanwhile: it waits its turn."),
        )
        self._runs = QVBoxLayout()
        self._runs.setSpacing(8)
        self.verdict_heading = _label("heading")
        self.verdict_heading.setText(self.tr("What the runs say"))
        self.verdict = _label()
        self.found = _label()
        self.look_heading = _label("heading")
        self.look_heading.setText(self.tr("Look at"))
        self.look = _label()
        self.further = QPushButton()
        self.further.setToolTip(self.tr("Puts the recipe into the settings and leaves the lesson. Then press Start."))
        self.further.clicked.connect(self.further_asked)
        self.correction_heading = _label("heading")
        self.correction_heading.setText(self.tr("Put right"))
        self.correction = _label()
        self.held = _label("muted")
        self.result = QPushButton(self.tr("Result"))
        self.result.setToolTip(self.tr("What the runs say to the question, once those that it takes are done"))
        self.result.clicked.connect(self.show_result)
        self.hand_in = QPushButton(self.tr("Hand in…"))
        self.hand_in.setToolTip(self.tr("Saves your guess, your runs and your conclusion as one file for your teacher"))
        self.hand_in.clicked.connect(self.hand_in_asked)
        self.leave = QPushButton(self.tr("Leave"))
        self.leave.setToolTip(self.tr("Your own settings come back"))
        self.leave.setAccessibleName(self.tr("Leave the lesson"))
        self.leave.clicked.connect(self.left)
        self.onward = QPushButton(self.tr("Next lesson"))
        self.onward.clicked.connect(lambda: self.go(1))
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
            self.verdict_heading, self.verdict, self.found, self.look_heading, self.look, self.correction_heading,
            self.correction, self.held,
        ):  # fmt: skip
            self._body.addWidget(widget)
        self._body.insertWidget(self._body.indexOf(self.look) + 1, self.further, 0, Qt.AlignmentFlag.AlignLeft)
        self._body.addStretch(1)
        self.area = UprightScrollArea()
        self.area.setAccessibleName(self.tr("Lesson"))
        self.area.setWidget(told)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(head)
        column.addWidget(self.area, 1)
        column.addWidget(self._make_foot())

    def _make_foot(self) -> QWidget:
        """What ends a lesson stands below what is told: it is always seen, and never moves."""
        self.foot = QWidget()
        line = FlowLayout(8)
        for button in (self.result, self.hand_in, self.onward, self.leave):
            line.addWidget(button)
        column = QVBoxLayout(self.foot)
        column.setContentsMargins(16, 8, 16, 8)
        column.addLayout(line)
        return self.foot

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
        self.onward.setEnabled(self.next.isEnabled())
        self.onward.setToolTip(as_tip(self.box.itemText(place + 1)))
        for part in (self.question, self.watch, self.hint, self.foot, self.look, self.look_heading):
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
        """Show how each run stands, and what is to be seen in it. Before there is a guess none can be trained.

        What is seen in the runs stands below all of their buttons: none of these moves when a run ends.
        """
        asked = guess is None
        for id, row in self.rows.items():
            row.show_standing(stands.get(id, Stand.MISSING), may_train=not asked)
        self.hint.show_text(0 if asked else 1)
        told = "" if asked else "\n".join(findings[id] for id in self.rows if findings.get(id))
        self.found.setText(told)
        self.found.setVisible(bool(told))
        self._show_heading()
        for part in (self.look, self.look_heading):
            part.setVisible(not asked and self._lesson is not None)
        further = self._lesson.further if self._lesson is not None else None
        self.further.setText(words.of(further.label) if further is not None else "")
        self.further.setVisible(not asked and further is not None)
        self.held.setText(held)
        self.held.setVisible(bool(held) and not asked)

    def show_verdict(self, text: str, answer: str | None = None) -> None:
        """Say what the runs say to the question, and with it what is often told otherwise; nothing: not known yet.

        `answer` is the choice that they prove right: it is marked where it was chosen from.
        """
        lesson = self._lesson
        self.question.show_answer(answer if text else None, known=bool(text))
        self.verdict.setText(text)
        self.verdict.setVisible(bool(text))
        self.hand_in.setEnabled(bool(text))
        self.result.setEnabled(bool(text))
        self._show_heading()
        right = words.of(lesson.correction) if lesson is not None and lesson.correction is not None else ""
        self.correction.setText(right)
        for part in (self.correction, self.correction_heading):
            part.setVisible(bool(text) and bool(right))

    def ask_first(self) -> None:
        """Bring the question into view, and the keyboard to it."""
        self.area.ensureWidgetVisible(self.question)
        self.question.take_focus()

    @Slot()
    def show_result(self) -> None:
        """Bring what the runs say into view, from its heading on."""
        top = self.verdict_heading.mapTo(self.area.widget(), self.verdict_heading.rect().topLeft()).y()
        self.area.verticalScrollBar().setValue(top)

    def _show_heading(self) -> None:
        self.verdict_heading.setVisible(bool(self.verdict.text() or self.found.text()))

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
