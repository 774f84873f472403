"""The tab "Compare": what runs came to, the settings in which they differ, and what their seeds say."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QElapsedTimer, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSplitter,
    QStackedLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from engine.comparison import CURVES, Comparison, Group, compare
from gui.compare import words as words
from gui.compare.plot import ComparePlot, Line
from gui.compare.rows import (
    compared,
    group_looks,
    group_rows,
    looks,
    result_headings,
    result_rows,
    seed_headings,
    setting_rows,
)
from gui.compare.table import CompareTable, Heading
from gui.graph.run_curves import shared_epochs
from gui.panel import Panel
from gui.runs.run import Run
from gui.widgets.flow import FlowLayout
from gui.widgets.scroll_area import UprightScrollArea
from gui.widgets.theme import Theme
from gui.workbench import Workbench

MORE_SEEDS = 3
TABLES, PLOT = 520, 480
"""Heights, as shares of what there is."""
PAUSE_MILLISECONDS = 250
"""Between two refreshments, at least: runs of short epochs tell of them more often than the eye can follow."""


class ComparePanel(Panel):
    """Compares the runs it is shown. Needs two; with fewer it says how to choose them."""

    seeds_asked = Signal(object, int)
    """A run, and how many more of it are to be queued, with other seeds and all else the same."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self.runs: list[Run] = []
        self.comparison: Comparison | None = None
        self._since = QElapsedTimer()
        self._later = QTimer(self, singleShot=True)
        self._later.timeout.connect(self.touch)
        self.empty = QLabel(
            self.tr(
                "Tick two or more runs on the right to compare them: their results, the settings in which they differ, "
                "and their curves. Runs that differ in the seed alone are drawn as their mean with a band."
            )
        )
        self.empty.setProperty("role", "muted")
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.repeat, self.repeat_front = self._button(), self._button()
        self.results = CompareTable(self.tr("Results"), sortable=True)
        self.results.current_changed.connect(self._show_repeat)
        self.seeds = CompareTable(self.tr("Over seeds"), sortable=True)
        self.settings = CompareTable(self.tr("Settings that differ"), sortable=False)
        self.verdict = QLabel()
        self.verdict.setWordWrap(True)
        self.verdict.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.same = QLabel(self.tr("No setting differs."))
        self.same.setWordWrap(True)
        self.same.setProperty("role", "muted")
        self._plot: ComparePlot | None = None
        self._lay_out()

    # --- what is told ----------------------------------------------------------------------------

    def show_runs(self, runs: Sequence[Run]) -> None:
        """Compare these, oldest first as on the graph; the run in front is compared with them."""
        self.runs = list(runs)
        if self._since.isValid() and self._since.elapsed() < PAUSE_MILLISECONDS and self.isVisible():
            self._later.start(PAUSE_MILLISECONDS - self._since.elapsed())
            return
        self.touch()

    def show_run(self, run: Run | None) -> None:
        """Another run is in front, or its figures have changed."""
        self.run = run
        self.show_runs(self.runs)

    @property
    def chosen(self) -> Run | None:
        """The run that is chosen in the table of results, else the only one, else the one in front."""
        runs = self._compared()
        key = self.results.current if self.comparison else None
        only = runs[0] if len(runs) == 1 else self.run
        return next((run for run in runs if id(run) == key), only)

    @property
    def plot(self) -> ComparePlot:
        """The plot, which is made when it is seen for the first time: it would keep the window from opening."""
        if self._plot is None:
            self._plot = ComparePlot()
            self._splitter.addWidget(self._plot)
            self._splitter.setSizes([TABLES, PLOT])
            self._plot.set_theme(self.theme)
        return self._plot

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        if self._plot is not None:
            self._plot.set_theme(theme)
        super().set_theme(theme)

    # --- showing ---------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Compare anew."""
        self._since.start()
        runs = self._compared()
        self._pages.setCurrentIndex(1 if len(runs) > 1 else 0)
        self.comparison = compare([compared(run) for run in runs]) if len(runs) > 1 else None
        if self.comparison is not None:
            self._show_results(self.comparison, runs)
            self._show_groups(self.comparison, runs)
        self._show_repeat()

    def _show_results(self, comparison: Comparison, runs: Sequence[Run]) -> None:
        rows = result_rows(comparison, runs, looks(runs, self.run, self.theme))
        self.results.show_rows(result_headings(), rows, self.theme)
        repeated = bool(comparison.repeated)
        self._seeds_title.setVisible(repeated)
        self.seeds.setVisible(repeated)
        place = 1 if repeated else 0  # what holds over seeds comes first
        if self._column.indexOf(self._of_runs) != place:
            self._column.insertWidget(place, self._of_runs)

    def _show_groups(self, comparison: Comparison, runs: Sequence[Run]) -> None:
        catalogue, theme = self.bench.catalogue, self.theme
        names = words.group_names(comparison, catalogue)
        styles = group_looks(comparison, runs, self.run, theme)
        self.seeds.show_rows(seed_headings(), group_rows(comparison, names, styles), theme)
        told = words.verdicts(comparison, names)
        self.verdict.setTextFormat(Qt.TextFormat.RichText if told else Qt.TextFormat.PlainText)
        self.verdict.setText(told or self._warning(comparison))
        self.settings.show_rows([Heading(name) for name in names], setting_rows(comparison, catalogue), theme)
        self.settings.setVisible(bool(comparison.between_groups))
        self.same.setVisible(not comparison.between_groups)
        self.plot.show_lines(
            [
                Line(words.with_seeds(group, name), style, {figure: group.band(figure) for figure in CURVES}, already)
                for group, name, style, already in zip(
                    comparison.groups, names, styles, _drawn_already(comparison.groups), strict=True
                )
            ]
        )

    def _compared(self) -> list[Run]:
        """The runs that were ticked, and the one in front."""
        front = [self.run] if self.run is not None and self.run not in self.runs else []
        return [run for run in (*self.runs, *front) if run.history.epochs or run is not self.run]

    def _warning(self, comparison: Comparison) -> str:
        if comparison.repeated:
            return self.tr(
                "The other runs have one seed each: whether they differ by more than seed noise is not known yet. "
                "Repeat them with more seeds to tell."
            )
        return self.tr(
            "One seed each: a small difference between these runs may be noise. Repeat them with more seeds to tell."
        )

    # --- more seeds ------------------------------------------------------------------------------

    def _button(self) -> QPushButton:
        button = QPushButton(self.tr("Repeat with {count} more seeds").format(count=MORE_SEEDS))
        button.clicked.connect(self._repeat)
        return button

    @Slot()
    def _show_repeat(self) -> None:
        run = self.chosen
        if run is None:
            help = self.tr("Train a run first, or tick one on the right")
        elif run.config is None:
            help = self.tr("The settings of {run} can't be read").format(run=run.label)
        else:
            help = self.tr("Queue {count} more runs with the settings of {run}, each with another seed")
            help = help.format(count=MORE_SEEDS, run=run.label)
        for button in (self.repeat, self.repeat_front):
            button.setEnabled(run is not None and run.config is not None)
            button.setToolTip(help)
        self.repeat_front.setVisible(run is not None)

    @Slot()
    def _repeat(self) -> None:
        run = self.chosen
        if run is not None and run.config is not None:
            self.seeds_asked.emit(run, MORE_SEEDS)

    # --- layout ----------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        self._splitter = QSplitter(Qt.Orientation.Vertical)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.addWidget(self._tables())
        invitation = QWidget()
        middle = QVBoxLayout(invitation)
        middle.setContentsMargins(32, 0, 32, 0)
        middle.setSpacing(16)
        middle.addStretch(1)
        middle.addWidget(self.empty)
        middle.addWidget(self.repeat_front, 0, Qt.AlignmentFlag.AlignHCenter)
        middle.addStretch(2)
        pages = QWidget()
        self._pages = QStackedLayout(pages)
        self._pages.addWidget(invitation)
        self._pages.addWidget(self._splitter)
        page = QVBoxLayout(self)
        page.setContentsMargins(0, 8, 0, 0)
        page.setSpacing(0)
        page.addWidget(pages)

    def _tables(self) -> QWidget:
        self._seeds_title = self._heading(self.tr("Over seeds"), self.seeds)
        self._of_runs = _block(self._heading(self.tr("Results"), self.results, self.repeat), self.results)
        settings = self._heading(self.tr("Settings that differ"), self.settings)
        content = QWidget()
        content.setProperty("role", "page")
        self._column = QVBoxLayout(content)
        self._column.setContentsMargins(0, 0, 4, 8)
        self._column.setSpacing(12)
        for block in (
            self._of_runs,
            _block(self._seeds_title, self.seeds, self.verdict),
            _block(settings, self.settings, self.same),
        ):
            self._column.addWidget(block)
        self._column.addStretch(1)
        area = UprightScrollArea()
        area.setAccessibleName(self.tr("Results and settings"))
        area.setWidget(content)
        return area

    def _heading(self, text: str, table: CompareTable, *others: QWidget) -> QWidget:
        """The title of a table, with what is done to it on the right."""
        title = QLabel(text)
        title.setProperty("role", "heading")
        copy = QToolButton()
        copy.setText(self.tr("Copy"))
        copy.setProperty("role", "fold")
        copy.setAutoRaise(True)
        copy.setAccessibleName(self.tr("Copy: {table}").format(table=text))
        copy.setToolTip(self.tr("Copy the table, or its chosen rows, for a spreadsheet (Ctrl+C in the table)"))
        copy.clicked.connect(table.copy)
        doing = FlowLayout(8, right=True)
        for each in (*others, copy):
            doing.addWidget(each)
        line = QWidget()
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(title)
        row.addLayout(doing, 1)
        return line


def _drawn_already(groups: Sequence[Group]) -> list[int]:
    """How many of the first epochs of each are drawn by one before it: a fork shares its past."""
    rows = [group.runs[0].epochs if len(group.runs) == 1 else () for group in groups]
    return [max((shared_epochs(own, before) for before in rows[:place]), default=0) for place, own in enumerate(rows)]


def _block(*widgets: QWidget) -> QWidget:
    """Widgets under each other that belong together."""
    block = QWidget()
    column = QVBoxLayout(block)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(4)
    for widget in widgets:
        column.addWidget(widget)
    return block
