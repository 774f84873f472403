"""The selected run: what it was set to, what it came to, and what is written on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QGridLayout, QLabel, QLineEdit, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from engine.run_records.notes import MAX_TAG, MAX_TAGS, Notes, notes_of
from gui import numbers
from gui.runs.run import Run
from gui.runs.words import size, summary
from gui.training.report import margin
from gui.widgets.drops import let_drops_pass
from gui.widgets.elided_label import ElidedLabel
from gui.widgets.flow import FlowLayout
from gui.widgets.measured import by_type
from gui.words import say

KEEP_MILLISECONDS = 800
"""How long after the last key what is written is kept."""
NOTE_LINES = 3
_TOP, _MIDDLE = Qt.AlignmentFlag.AlignTop, Qt.AlignmentFlag.AlignVCenter


class RunDetails(QWidget):
    """A small form. What is written is kept by itself."""

    written = Signal(object, object)
    """A run, and the `Notes` that were written on it."""
    load_pressed = Signal(object)
    continue_pressed = Signal(object)
    show_pressed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._run: Run | None = None
        self._kept = Notes()
        self.hint = QLabel()
        self.hint.setWordWrap(True)
        self.hint.setProperty("role", "muted")
        self.facts = {key: ElidedLabel() for key in ("settings", "epochs", "test", "time", "disk")}
        self.tags = QLineEdit()
        self.tags.setPlaceholderText(self.tr("baseline, to keep"))
        self.tags.setToolTip(self.tr("Words to find the run by, with commas between them"))
        self.tags.setMaxLength(MAX_TAGS * (MAX_TAG + 2))
        self.notes = QPlainTextEdit()
        for field in (self.tags, self.notes):
            let_drops_pass(field)
        self.notes.setTabChangesFocus(True)
        self.notes.setToolTip(self.tr("What is worth remembering of the run"))
        height = self.notes.setFixedHeight
        by_type(self.notes, lambda metrics: height(NOTE_LINES * metrics.lineSpacing() + 16))
        self.load_button = self._button(self.tr("Load"), self.tr("Draw the run in front, with its settings"))
        self.continue_button = self._button(self.tr("Continue"), self.tr("Train the rest of its epochs"))
        self.show_button = self._button(self.tr("Show folder"), self.tr("Open the folder that the run is kept in"))
        self._timer = QTimer(self, singleShot=True, interval=KEEP_MILLISECONDS)
        self._lay_out()
        self._connect()
        self.show_runs([], can_load=False, can_continue=False)

    def _button(self, text: str, tip: str) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tip)
        return button

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        for row, (name, widget) in enumerate((
            (self.tr("Settings"), self.facts["settings"]),
            (self.tr("Epochs"), self.facts["epochs"]),
            (self.tr("Test"), self.facts["test"]),
            (self.tr("Time"), self.facts["time"]),
            (self.tr("Disk"), self.facts["disk"]),
            (self.tr("Tags"), self.tags),
            (self.tr("Notes"), self.notes),
        )):  # fmt: skip
            label = QLabel(name)
            label.setProperty("role", "muted")
            label.setBuddy(widget)
            widget.setAccessibleName(name)
            grid.addWidget(label, row, 0, _TOP if widget is self.notes else _MIDDLE)
            grid.addWidget(widget, row, 1)
        buttons = FlowLayout(spacing=8)
        for button in (self.load_button, self.continue_button, self.show_button):
            buttons.addWidget(button)
        self.form = QWidget()
        column = QVBoxLayout(self.form)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(grid)
        column.addLayout(buttons)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.hint)
        whole.addWidget(self.form)

    def _connect(self) -> None:
        self._timer.timeout.connect(self.keep)
        self.tags.textEdited.connect(lambda: self._timer.start())
        self.notes.textChanged.connect(self._typed)
        self.tags.editingFinished.connect(self.keep)
        self.notes.installEventFilter(self)
        for button, signal in (
            (self.load_button, self.load_pressed),
            (self.continue_button, self.continue_pressed),
            (self.show_button, self.show_pressed),
        ):
            button.clicked.connect(self._tell(signal.emit))

    def _tell(self, emit: Callable[[Run], None]) -> Callable[[], None]:
        return lambda: emit(self._run) if self._run is not None else None

    # --- what is shown ---------------------------------------------------------------------------

    def show_runs(self, runs: Sequence[Run], *, can_load: bool, can_continue: bool) -> None:
        """Show the selected run; of several, how many there are."""
        run = runs[0] if len(runs) == 1 else None
        if run is not self._run:
            self.keep()
            self._run, self._kept = run, Notes()
            self._show_notes(run.notes if run else Notes())
        elif run is not None and run.notes != self._kept and not self._unkept():
            self._show_notes(run.notes)
        self.hint.setText(self._hint(runs))
        self.hint.setVisible(run is None)
        self.form.setVisible(run is not None)
        if run is not None:
            self._show_facts(run)
            self.load_button.setEnabled(can_load)
            self.continue_button.setVisible(run.continue_from is not None)
            self.continue_button.setEnabled(can_continue)
            for widget in (self.tags, self.notes, self.show_button):
                widget.setEnabled(run.folder is not None)

    def write(self) -> None:
        """Put the cursor where tags are written."""
        self.tags.setFocus()

    def _hint(self, runs: Sequence[Run]) -> str:
        if len(runs) < 2:
            return self.tr("Select a run to see what it was set to, and to write tags and notes on it.")
        total = sum(run.record.bytes for run in runs if run.record)
        return self.tr("{count} runs, {size}").format(count=len(runs), size=size(total))

    def _show_facts(self, run: Run) -> None:
        record = run.record
        facts = {
            "settings": summary(run.config) if run.config else self.tr("need a plugin that is not here"),
            "epochs": self._epochs(run),
            "test": self._test(run),
            "time": self.tr("{time}, begun {day}").format(
                time=numbers.duration(run.seconds), day=f"{run.begun:%Y-%m-%d %H:%M}"
            ),
            "disk": self.tr("{size} in {folder}").format(size=size(record.bytes), folder=record.folder.name)
            if record
            else numbers.NONE,
        }
        for key, text in facts.items():
            self.facts[key].setText(text)

    def _epochs(self, run: Run) -> str:
        done = len(run.history.epochs)
        text = self.tr("{done} of {all}").format(done=numbers.count(done), all=numbers.count(max(run.epochs, done)))
        reason = run.reason or (run.record.reason if run.record and run.outcome is None else None)
        return f"{text} · {say(reason)}" if reason is not None and reason.code != "all-epochs" else text

    def _test(self, run: Run) -> str:
        loss, accuracy = run.test
        if loss is None:
            return numbers.NONE
        told = self.tr("loss {loss}").format(loss=numbers.loss(loss))
        if accuracy is None:
            return told
        count = (
            run.started.parts[2] if run.started else run.record.samples[2] if run.record and run.record.samples else 0
        )
        spread = f" ± {numbers.percent(margin(accuracy, count))}" if count else ""
        return f"{numbers.percent(accuracy)}{spread}, {told}"

    # --- what is written -------------------------------------------------------------------------

    def _show_notes(self, notes: Notes) -> None:
        self._timer.stop()
        self._kept = notes
        self.tags.setText(", ".join(notes.tags))
        self.notes.setPlainText(notes.notes)

    def _written(self) -> Notes:
        """What stands in the fields, with the name that the run has."""
        name = self._run.notes.name if self._run else ""
        return notes_of(name, self.tags.text().split(","), self.notes.toPlainText())

    def _unkept(self) -> bool:
        written = self._written()
        return (written.tags, written.notes) != (self._kept.tags, self._kept.notes)

    @Slot()
    def _typed(self) -> None:
        if self.notes.hasFocus():
            self._timer.start()

    @Slot()
    def keep(self) -> None:
        """Keep what is written, if anything is new."""
        self._timer.stop()
        run = self._run
        if run is not None and run.folder is not None and self._unkept():
            self._kept = self._written()
            self.written.emit(run, self._kept)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Keep what was written when the field is left."""
        if event.type() == QEvent.Type.FocusOut:
            self.keep()
        return super().eventFilter(watched, event)
