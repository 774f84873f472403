"""The window of submissions: who understood, the curves of those that are chosen, and whether they can be repeated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QEvent, Qt, Slot
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSplitter,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from engine.csv_file import write_table
from engine.lessons.band import Bands, band_file, read_bands
from engine.lessons.lesson import Lesson
from engine.message import InputError, Message
from engine.submissions.outcome import Replay
from engine.submissions.pile import Opened, open_pile, table_text
from engine.submissions.submission import SUFFIX
from gui import numbers
from gui.background import Trouble
from gui.lessons.words import of
from gui.submissions import words
from gui.submissions.plot import SubmissionsPlot
from gui.submissions.replays import Replays
from gui.widgets.flow import FlowLayout
from gui.widgets.roomy_area import let_scroll
from gui.widgets.scroll_area import UprightScrollArea
from gui.widgets.sortable_table import Column, SortableTable
from gui.widgets.theme import LIGHT, Theme
from gui.words import say
from gui.workbench import Workbench

WORK = "submissions"
"""The key of the work in the background."""
FIGURES = ("val_loss", "val_accuracy", "clean_train_loss")


class SubmissionsWindow(QDialog):
    """Stays beside the main window. It reads files; nothing of them is changed or copied."""

    def __init__(self, bench: Workbench, lessons: Mapping[str, Lesson], parent: QWidget | None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setProperty("role", "page")
        self.setWindowTitle(self.tr("Submissions"))
        self.setAcceptDrops(True)
        self.resize(940, 600)
        self._bench, self._lessons = bench, dict(lessons)
        self._paths: list[Path] = []
        self.pile: list[Opened] = []
        self._bands: dict[str, Bands] = {}
        self._outcomes: dict[Path, Replay] = {}
        self._lines: list[str] = []
        """What is told of what is open."""
        self.replays = Replays(bench.workspace, self)
        self.replays.changed.connect(self._on_replays)
        self.replays.done.connect(self._on_replayed)
        self.told = _label("muted")
        self.table = self._make_table()
        self.run, self.figure = QComboBox(), QComboBox()
        for box, name in ((self.run, self.tr("Run of the lesson")), (self.figure, self.tr("Figure"))):
            box.setAccessibleName(name)
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
            box.activated.connect(self._draw)
        names = (self.tr("validation loss"), self.tr("validation accuracy in %"), self.tr("clean training loss"))
        for figure, name in zip(FIGURES, names, strict=True):
            self.figure.addItem(name, figure)
        self.plot = SubmissionsPlot()
        self.details = _label()
        self.details.setContentsMargins(12, 8, 8, 8)
        self.empty = _label("muted")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setText(self.tr("Open what students have handed in: files, or the folder that holds them."))
        self._lay_out()
        self.set_theme(LIGHT)
        self._show()

    # --- its parts -------------------------------------------------------------------------------

    def _make_table(self) -> SortableTable:
        columns = [
            Column(self.tr("Student"), self.tr("As the student wrote it"), left=True),
            Column(self.tr("Lesson"), self.tr("Which lesson it is"), left=True, yields=True),
            Column(self.tr("Guess"), self.tr("What was answered before the runs"), left=True, yields=True),
            Column(self.tr("Right?"), self.tr("Whether the runs say the same as the guess"), left=True),
            Column(
                self.tr("The runs say"), self.tr("What the student's runs say to the question"), left=True, yields=True
            ),
            Column(self.tr("Runs"), self.tr("How many runs of the lesson are done"), numbers.count),
            Column(self.tr("Check"), self.tr("Whether its figures agree, and whether they come out again"), left=True),
        ]
        table = SortableTable(self.tr("Submissions"), columns, shortened=True)
        table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        table.selectionModel().selectionChanged.connect(self._on_selected)
        return table

    def _button(self, text: str, tip: str) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tip)
        button.setAutoDefault(False)
        return button

    def _lay_out(self) -> None:
        self.open_files = self._button(self.tr("Open files…"), self.tr("Submissions may be dropped here, too"))
        self.open_folder = self._button(self.tr("Open folder…"), self.tr("All submissions that lie in it"))
        self.replay = self._button(
            self.tr("Train again"), self.tr("Trains the runs of the chosen ones again and compares every figure")
        )
        self.replay_all = self._button(self.tr("Train all again"), self.tr("One after another, beside this window"))
        self.stop = self._button(self.tr("Stop"), self.tr("What is checked already stays"))
        self.copy = self._button(self.tr("Copy table"), self.tr("For a spreadsheet"))
        self.save = self._button(self.tr("Save table…"), self.tr("A CSV file for the mark book"))
        bar = FlowLayout(8)
        for button, do in (
            (self.open_files, self._ask_files), (self.open_folder, self._ask_folder), (self.replay, self._replay),
            (self.replay_all, self._replay_all), (self.stop, self.replays.stop), (self.copy, self._copy),
            (self.save, self._ask_save),
        ):  # fmt: skip
            button.clicked.connect(do)
            bar.addWidget(button)
        choices = QHBoxLayout()
        choices.addWidget(self.run)
        choices.addWidget(self.figure)
        choices.addStretch(1)
        curves = QWidget()
        column = QVBoxLayout(curves)
        column.setContentsMargins(0, 8, 0, 0)
        column.addLayout(choices)
        column.addWidget(self.plot, 1)
        area = UprightScrollArea()
        self.details.setProperty("role", "page")
        area.setWidget(self.details)
        area.setAccessibleName(self.tr("The chosen submission"))
        lower = QSplitter(Qt.Orientation.Horizontal)
        lower.addWidget(curves)
        lower.addWidget(area)
        lower.setSizes([560, 360])
        both = QSplitter(Qt.Orientation.Vertical)
        both.addWidget(self.table)
        both.addWidget(lower)
        both.setSizes([300, 280])
        for splitter in (lower, both):
            splitter.setChildrenCollapsible(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 12, 16, 12)
        column.setSpacing(8)
        column.addLayout(bar)
        column.addWidget(self.told)
        self._pages = QStackedLayout()
        self._pages.addWidget(self.empty)
        self._pages.addWidget(both)
        column.addLayout(self._pages, 1)
        let_scroll(self)

    @Slot(object)
    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        self.plot.set_theme(theme)

    # --- opening ---------------------------------------------------------------------------------

    def open_paths(self, paths: Sequence[Path]) -> None:
        """Open these beside those that are open; what was open is read again."""
        self._paths = list(dict.fromkeys([*self._paths, *paths]))
        asked, lessons = tuple(self._paths), self._lessons
        self.told.setText(self.tr("Reading…"))
        self._bench.background.ask(WORK, lambda: open_pile(asked, lessons), self._on_opened, self._on_trouble)

    def _on_opened(self, found: tuple[list[Opened], list[Message]]) -> None:
        pile, wrong = found
        self.pile = [replace(each, replay=self._outcomes.get(each.path)) for each in pile]
        for id in {each.submission.lesson for each in pile} & self._lessons.keys():
            self._bands.setdefault(id, read_bands(band_file(self._lessons[id])))
        counted = [each for each in pile if each.latest]
        right = sum(each.submission.right is True for each in counted)
        text = self.tr("{count} submissions, {right} guessed right.")
        self._lines = [text.format(count=numbers.count(len(counted)), right=numbers.count(right))]
        if older := len(pile) - len(counted):
            text = self.tr("{count} more don't count: the same student has handed in a later one.")
            self._lines.append(text.format(count=numbers.count(older)))
        self._lines += map(say, wrong)
        self._tell()
        self.table.current = -1
        self._show()
        self._on_selected()

    def _tell(self) -> None:
        """What is open, and how far training again has come."""
        lines, left = list(self._lines), len(self.replays.waiting) + self.replays.busy
        if left:
            done = numbers.count(sum(each.replay is not None for each in self.pile))
            lines.append(self.tr("Trained again: {done}. Still to come: {left}.").format(done=done, left=left))
        self.told.setText("\n".join(lines))

    def _on_trouble(self, trouble: Trouble) -> None:
        self.told.setText(say(trouble.text))

    @Slot()
    def _ask_files(self) -> None:
        names, _ = QFileDialog.getOpenFileNames(
            self, self.tr("Open submissions"), "", f"{self.tr('Submissions')} (*{SUFFIX})"
        )
        if names:
            self.open_paths([Path(name) for name in names])

    @Slot()
    def _ask_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(self, self.tr("Open a folder of submissions"))
        if name:
            self.open_paths([Path(name)])

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        """Take files and folders."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        """Open what was dropped."""
        event.acceptProposedAction()
        self.open_paths([Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()])

    # --- showing ---------------------------------------------------------------------------------

    @property
    def chosen(self) -> list[Opened]:
        """The submissions that are chosen in the table, from the top."""
        return [self.pile[row] for row in self.table.chosen_rows() if row < len(self.pile)]

    @Slot()
    def _show(self) -> None:
        self._pages.setCurrentIndex(1 if self.pile else 0)
        chosen = self.table.chosen_rows()
        self.table.show_rows([self._row(each) for each in self.pile])
        self.table.choose(chosen)
        self.replay.setEnabled(bool(self.chosen))
        self.replay_all.setEnabled(bool(self.pile))
        self.stop.setEnabled(self.replays.busy)
        for button in (self.copy, self.save):
            button.setEnabled(bool(self.pile))

    def _row(self, each: Opened) -> list[str | float]:
        made, lesson = each.submission, self._lessons.get(each.submission.lesson)
        trains, waits = each.path == self.replays.present, each.path in self.replays.waiting
        return [
            words.name(each), words.title(each, lesson), words.choice(made.guess, lesson), words.right(each),
            words.choice(made.answer, lesson), len(made.runs), words.check(each, trains=trains, waits=waits),
        ]  # fmt: skip

    @Slot()
    def _on_selected(self) -> None:
        chosen = self.chosen
        self.replay.setEnabled(bool(chosen))
        if not chosen:
            text = self.tr("Choose one to read its conclusion, or several to compare their curves.")
        else:
            text = "\n\n".join(words.details(each, self._lessons.get(each.submission.lesson)) for each in chosen)
        self.details.setText(text)
        self._offer_runs()
        self._draw()

    @property
    def _lesson(self) -> str:
        """The lesson whose curves are drawn: of the first that is chosen, else of the first there is."""
        first = next(iter([*self.chosen, *self.pile]), None)
        return first.submission.lesson if first is not None else ""

    def _offer_runs(self) -> None:
        """The runs of the lesson to choose from; the one that was chosen stays, where there is such a one."""
        lesson, before = self._lessons.get(self._lesson), self.run.currentData()
        found = [each for each in self.pile if each.submission.lesson == self._lesson]
        ids = list(dict.fromkeys(run.id for each in found for run in each.submission.runs))
        labels = {variant.id: str(of(variant.label)) for variant in lesson.variants} if lesson is not None else {}
        self.run.clear()
        for id in ids:
            self.run.addItem(labels.get(id, id), id)
        self.run.setCurrentIndex(max(0, self.run.findData(before)) if ids else -1)

    @Slot()
    def _draw(self) -> None:
        id, figure, chosen = self.run.currentData(), self.figure.currentData(), [each.path for each in self.chosen]
        curves = [
            (each.submission.student, run.rows, each.path in chosen)
            for each in self.pile
            if each.submission.lesson == self._lesson
            for run in each.submission.runs
            if run.id == id
        ]
        self.plot.show_curves(curves, figure, self._bands.get(self._lesson, {}).get((id, figure)))

    # --- training again --------------------------------------------------------------------------

    @Slot()
    def _replay(self) -> None:
        self.replays.ask(each.path for each in self.chosen)

    @Slot()
    def _replay_all(self) -> None:
        self.replays.ask(each.path for each in self.pile if each.replay is None)

    @Slot()
    def _on_replays(self) -> None:
        self._tell()
        self._show()

    @Slot(object, object)
    def _on_replayed(self, path: Path, found: Replay | None) -> None:
        if found is None:
            self._lines.append(self.tr("{file} could not be trained again.").format(file=path.name))
            self._tell()
            return
        self._outcomes[path] = found
        self.pile = [replace(each, replay=found) if each.path == path else each for each in self.pile]
        self._tell()
        self._show()
        self._on_selected()

    # --- for the mark book -----------------------------------------------------------------------

    @Slot()
    def _copy(self) -> None:
        lines = ["\t".join(" ".join(text.split()) for text in row) for row in self.table.texts()]
        QGuiApplication.clipboard().setText("\n".join(lines) + "\n")
        self.told.setText(self.tr("The table is on the clipboard."))

    @Slot()
    def _ask_save(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, self.tr("Save table"), "submissions.csv", "CSV (*.csv)")
        if not name:
            return
        path = Path(name).with_suffix(".csv")
        try:
            write_table(path, table_text(self.pile))
        except InputError as error:
            self.told.setText(say(error.message))
        else:
            self.told.setText(self.tr("Saved: {path}").format(path=path))

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Say everything in another language."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange:
            self._show()
            self._on_selected()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        """Nothing is trained any more."""
        self._end()
        super().closeEvent(event)

    def reject(self) -> None:
        """Escape closes it, too."""
        self._end()
        super().reject()

    def _end(self) -> None:
        self._bench.background.forget(WORK)
        self.replays.close()


def _label(role: str = "") -> QLabel:
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    label.setAlignment(Qt.AlignmentFlag.AlignTop)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    if role:
        label.setProperty("role", role)
    return label
