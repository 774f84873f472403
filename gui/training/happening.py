"""What is happening: the present run in words."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import Qt, Signal, SignalInstance
from PySide6.QtWidgets import QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from engine.events import Failed
from gui.runs.run import Run
from gui.settings.fields import Note
from gui.training.diagnosis_view import DiagnosisView
from gui.training.lr_field import LrField
from gui.training.report import facts, headline, invitation, warnings
from gui.training.session import State
from gui.widgets.flow import FlowLayout
from gui.widgets.looks import give
from gui.widgets.scroll_area import UprightScrollArea
from gui.widgets.text_window import TextWindow


class Happening(QWidget):
    """The dock on the upper right."""

    continue_pressed = Signal()
    more_pressed = Signal()
    what_if_pressed = Signal()
    fork_pressed = Signal()
    lr_entered = Signal(str)
    """What was typed as the learning rate to go on with."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("happening")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._run: Run | None = None
        self.headline = QLabel()
        self.headline.setProperty("role", "headline")
        self.headline.setTextFormat(Qt.TextFormat.PlainText)
        self.facts = QLabel()
        self.warning = Note()
        self.diagnosis = DiagnosisView()
        for label in (self.headline, self.facts):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.continue_button = self._button(self.tr("Continue"), self.continue_pressed)
        self.more_button = self._button(self.tr("10 more epochs"), self.more_pressed)
        self.what_if_button = self._button(self.tr("See what would have happened"), self.what_if_pressed)
        self.what_if_button.setToolTip(
            self.tr("Train the remaining epochs without the stopping rule, as a new run: this one stays as it is")
        )
        self.fork_button = self._button(self.tr("Fork here"), self.fork_pressed)
        self.fork_button.setToolTip(
            self.tr("Go on from here with the settings on the left, as a new run: this one stays as it is")
        )
        self.details_button = self._button(self.tr("Show traceback"), None)
        self.details_button.clicked.connect(self._show_traceback)
        self.lr_field = LrField()
        self.lr_field.entered.connect(self.lr_entered)
        self._lay_out()

    def _lay_out(self) -> None:
        told = QWidget()
        told.setObjectName("happening")
        words = QVBoxLayout(told)
        words.setContentsMargins(16, 12, 16, 8)
        words.setSpacing(8)
        words.addWidget(self.headline)
        words.addWidget(self.diagnosis)
        words.addWidget(self.facts)
        words.addWidget(self.warning)
        words.addWidget(self.lr_field)
        buttons = FlowLayout(spacing=8)
        for button in (
            self.continue_button, self.more_button, self.what_if_button, self.fork_button, self.details_button
        ):  # fmt: skip
            buttons.addWidget(button)
        words.addLayout(buttons)
        words.addStretch(1)
        area = UprightScrollArea()
        area.setAccessibleName(self.tr("What is happening"))
        area.setWidget(told)
        area.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(area)

    def show_run(self, run: Run | None, state: State) -> None:
        """Tell of a run, or invite to start one."""
        self._run = run
        ready = state is State.READY
        self.headline.setText(headline(run, state))
        self.facts.setText(_paragraphs(facts(run) if run else [] if state is State.LOADING else [invitation()]))
        failed = run is not None and isinstance(run.outcome, Failed)
        give(self.headline, role="failure" if failed else "headline")
        notes = warnings(run) if run else []
        self.warning.say("warning", "\n".join(notes)) if notes else self.warning.clear()
        self.continue_button.setVisible(run is not None and ready and run.continue_from is not None)
        self.more_button.setVisible(run is not None and ready and run.extend_from is not None)
        self.what_if_button.setVisible(run is not None and ready and run.ended_early and run.checkpoint is not None)
        self.fork_button.setVisible(run is not None and ready and run.checkpoint is not None)
        self.lr_field.setVisible(state is State.PAUSED)
        self.details_button.setVisible(failed and bool(run.outcome.traceback))

    def show_lr(self, lr: float) -> None:
        """Show the learning rate that the run has now."""
        self.lr_field.show_value(lr)

    def show_lr_error(self, text: str) -> None:
        """Say why what was typed is no learning rate; empty: it is one."""
        self.lr_field.show_error(text)

    def _button(self, text: str, pressed: SignalInstance | None) -> QPushButton:
        button = QPushButton(text)
        if pressed is not None:
            button.clicked.connect(pressed)
        return button

    def _show_traceback(self) -> None:
        if self._run is not None and isinstance(self._run.outcome, Failed):
            heading = self.tr("Why {run} failed").format(run=self._run.label)
            TextWindow(heading, self._run.outcome.traceback, self.window()).show()


def _paragraphs(lines: list[str]) -> str:
    """Lines as paragraphs with some air between them."""
    return "".join(f'<p style="margin: 0 0 6px 0">{escape(line)}</p>' for line in lines)
