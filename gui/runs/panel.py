"""The runs of this session and of the workspace: the dock under what is happening."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Qt, Slot
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from engine.message import Message
from engine.run_records.bin import Emptied
from engine.run_records.notes import Notes
from gui.runs.details import RunDetails
from gui.runs.filing import Moved, RunFiling
from gui.runs.foot import RunsFoot
from gui.runs.list import RunList
from gui.runs.run import Run
from gui.runs.waiting import WaitingList
from gui.runs.watch import RunWatch, Sight
from gui.runs.words import size
from gui.widgets.banner import Answer, Banners
from gui.widgets.drops import let_drops_pass
from gui.widgets.fold_button import FoldButton
from gui.widgets.scroll_area import UprightScrollArea
from gui.words import say
from gui.workbench import Workbench

SHARE_OF_DETAILS = 0.42
"""Of the panel's height, at most: the rest is scrolled to."""
ROWS_IN_SIGHT = 2
"""Runs that are seen in any case, as long as `LEAST_OF_DETAILS` pixels are left."""
LEAST_OF_DETAILS = 72


class RunsPanel(QWidget):
    """The list of runs, a search over it, the selected run under it, and what all take on the disk."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("runs")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._watch: RunWatch | None = None
        self._filing: RunFiling | None = None
        self.waiting = WaitingList()
        self.waiting_removed = self.waiting.removed
        self.waiting_moved = self.waiting.moved
        self.waiting_cleared = self.waiting.cleared
        self.search = QLineEdit()
        let_drops_pass(self.search)
        self.search.setPlaceholderText(self.tr("Search runs (Ctrl+Shift+F)"))
        self.search.setToolTip(self.tr("Words of the name, tags, notes, model, techniques, data set or status"))
        self.search.setAccessibleName(self.tr("Search runs"))
        self.search.setClearButtonEnabled(True)
        self.list = RunList()
        self.notices = Banners()
        self.fold = FoldButton(self.tr("Details"))
        self.fold.setToolTip(self.tr("Settings, results, tags and notes of the selected run"))
        self.details = RunDetails()
        self.foot = RunsFoot()
        self._lay_out()
        self._connect()
        self._unfold(False)

    def _lay_out(self) -> None:
        self._told = told = QWidget()
        told.setObjectName("runs")
        inner = QVBoxLayout(told)
        inner.setContentsMargins(8, 0, 4, 8)
        inner.addWidget(self.details)
        inner.addStretch(1)
        self._area = UprightScrollArea()
        self._area.setAccessibleName(self.tr("Runs"))
        self._area.setWidget(told)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 4)
        column.setSpacing(4)
        column.addWidget(self.waiting)
        column.addWidget(self.search)
        column.addWidget(self.list, 1)
        column.addWidget(self.notices)
        column.addWidget(self.fold)
        column.addWidget(self._area)
        column.addWidget(self.foot)

    def _connect(self) -> None:
        runs = self.list
        self.search.textChanged.connect(runs.search)
        self.search.installEventFilter(self)
        self.fold.toggled.connect(self._unfold)
        runs.selected.connect(self._show_details)
        runs.notes_asked.connect(self._write_notes)
        runs.bin_asked.connect(self._to_bin)
        runs.runs.renamed.connect(self._rename)
        self.details.written.connect(self._write)
        self.details.load_pressed.connect(runs.opened)
        self.details.continue_pressed.connect(runs.continue_asked)
        self.details.show_pressed.connect(runs.show_folder)

    # --- what others ask -------------------------------------------------------------------------

    def begin(self, bench: Workbench) -> None:
        """List what lies in the workspace, now and from now on. Called once, when the techniques are known."""
        self._filing = filing = RunFiling(bench, self)
        self._watch = watch = RunWatch(bench, self)
        watch.seen.connect(self._on_seen)
        watch.failed.connect(self._on_failed)
        filing.done.connect(watch.look)
        filing.binned.connect(self._on_binned)
        filing.restored.connect(self._on_restored)
        filing.emptied.connect(self._on_emptied)
        filing.failed.connect(self._on_failed)
        self.foot.restore_asked.connect(filing.restore_folder)
        self.foot.empty_asked.connect(filing.empty)

    def show_waiting(self, labels: Sequence[str]) -> None:
        """Show the runs that wait their turn, the next one first."""
        self.waiting.show_waiting(labels)

    def focus_search(self) -> None:
        """Put the cursor into the search."""
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def keep(self) -> None:
        """Keep what is being written: the window closes."""
        self.details.keep()
        if self._filing is not None:
            self._filing.finish()

    # --- what a person does ----------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """In the search, Down goes to the list and Escape ends it."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() == Qt.Key.Key_Down:
                self.list.setFocus(Qt.FocusReason.TabFocusReason)
                self.list.select(self.list.chosen or self.list.shown[:1])
                return True
            if event.key() == Qt.Key.Key_Escape and self.search.text():
                self.search.clear()
                return True
        return super().eventFilter(watched, event)

    @Slot(bool)
    def _unfold(self, opened: bool) -> None:
        self._area.setVisible(opened)
        if opened:
            self._show_details()
        else:
            self.details.keep()

    @Slot()
    def _show_details(self) -> None:
        runs = self.list.chosen
        one = runs[0] if len(runs) == 1 else None
        if self.fold.isChecked():
            can_load, can_continue = self.list.can_load(one), self.list.can_continue(one)
            self.details.show_runs(runs, can_load=can_load, can_continue=can_continue)
            self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Give the details their share."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        rows = self.list.height_of(ROWS_IN_SIGHT)
        room = self.list.height() + self._area.height() - rows if self._area.isVisible() else self.height()
        share = max(LEAST_OF_DETAILS, min(round(SHARE_OF_DETAILS * self.height()), room))
        self._area.setFixedHeight(min(self._told.sizeHint().height(), share))

    @Slot()
    def _write_notes(self) -> None:
        self.fold.setChecked(True)
        self.details.write()

    @Slot(object, str)
    def _rename(self, run: Run, name: str) -> None:
        if self._filing is not None and run.folder is not None:
            self._filing.rename(run.folder, name)

    @Slot(object, object)
    def _write(self, run: Run, notes: Notes) -> None:
        if self._filing is not None and run.folder is not None:
            self._filing.write(run.folder, notes.tags, notes.notes)

    @Slot(list)
    def _to_bin(self, runs: list[Run]) -> None:
        self.details.keep()
        if self._filing is not None:
            self._filing.to_bin([(run, run in self.list.overlays) for run in runs])

    # --- what comes of it ------------------------------------------------------------------------

    @Slot(object)
    def _on_seen(self, sight: Sight) -> None:
        self.list.take_up(sight.runs)
        used = sum(sighting.record.bytes for sighting in sight.runs)
        self.foot.show_use(len(sight.runs), used, sight.binned, sight.bin_bytes)

    @Slot(object)
    def _on_binned(self, moved: Moved) -> None:
        self._tell_refused(moved.refused)
        if not moved.runs:
            return
        for each in moved.runs:
            self.list.remove(each.run)
        count = len(moved.runs)
        text = self.tr("{run} is in the bin.").format(run=moved.runs[0].run.title)
        if count > 1:
            text = self.tr("{count} runs are in the bin.").format(count=count)
        filing = self._filing
        assert filing is not None
        self.notices.say("bin", "info", text, [Answer(self.tr("Undo"), lambda: filing.restore(moved.runs))])

    @Slot(object)
    def _on_restored(self, moved: Moved) -> None:
        self._tell_refused(moved.refused)
        for each in moved.runs:
            each.run.folder = each.folder
            self.list.add(each.run)
            self.list.tick(each.run, each.drawn)
        if moved.runs:
            self.list.select([each.run for each in moved.runs])
            self.list.overlays_changed.emit()

    @Slot(object)
    def _on_emptied(self, emptied: Emptied) -> None:
        self.notices.clear("bin")
        text = self.tr("{size} freed.").format(size=size(emptied.bytes))
        if emptied.left:
            names = ", ".join(Path(folder).name for folder in emptied.left[:3])
            text += " " + self.tr("What could not be deleted: {names}").format(names=names)
        self.notices.say("emptied", "warning" if emptied.left else "info", text)

    @Slot(object)
    def _on_failed(self, text: Message) -> None:
        self.notices.say("failed", "error", say(text))

    def _tell_refused(self, refused: Sequence[Message]) -> None:
        self.notices.clear("failed")
        if refused:
            self.notices.say("failed", "error", "\n".join(map(say, refused[:3])))
