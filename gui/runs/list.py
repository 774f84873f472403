"""The list of runs; a ticked one is drawn behind the present one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, Qt, QTimer, QUrl, Signal, Slot
from PySide6.QtGui import (
    QAction,
    QContextMenuEvent,
    QDesktopServices,
    QGuiApplication,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QPalette,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QApplication, QListView, QMenu

from gui.runs.delegate import RowRooms, RunDelegate, RunHeading, box_width
from gui.runs.model import RunFilter, RunModel
from gui.runs.run import Run, unique_label
from gui.runs.watch import Sighting
from gui.training.session import State

WORKING = (State.PREPARING, State.RUNNING, State.PAUSED, State.STOPPING)


class RunList(QListView):
    """Newest first. All that can be done with a run is in its menu, and has a key."""

    overlays_changed = Signal()
    """Which runs are drawn behind the present one, or how they look."""
    opened = Signal(object)
    """A run is to be loaded."""
    continue_asked = Signal(object)
    """A run is to go on."""
    bin_asked = Signal(list)
    """Runs are to be put into the bin."""
    export_asked = Signal(object)
    """The network of a run is to be taken away."""
    notes_asked = Signal()
    """Tags and notes are to be written on the selected run."""
    runs_changed = Signal()
    """Runs came or went, or what is known of one has changed on the disk."""
    selected = Signal()
    """Other runs are selected, or what can be done with them has changed."""

    def __init__(self) -> None:
        super().__init__()
        self.heading = RunHeading(self)
        self.runs = RunModel(self)
        self._filter = RunFilter(self.runs, self)
        self.setModel(self._filter)
        self.setItemDelegate(RunDelegate(self))
        self.setUniformItemSizes(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setAccessibleName(self.tr("Runs"))
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._changed)
        self.runs.ticked.connect(self.overlays_changed)
        self.runs.dataChanged.connect(self._changed_soon)
        self.activated.connect(self._activated)
        self.selectionModel().selectionChanged.connect(self._changed)
        self._make_actions()

    def _make_actions(self) -> None:
        keys = QKeySequence.StandardKey
        self.load_action = self._action(self.tr("Load"), self._load, "Return", "Enter")
        self.continue_action = self._action(self.tr("Continue"), self._continue)
        self.draw_action = self._action(self.tr("Draw behind the present run"), self._draw, "Space")
        self.draw_action.setCheckable(True)
        self.rename_action = self._action(self.tr("Rename"), self._rename, "F2")
        self.notes_action = self._action(self.tr("Tags and notes…"), self.notes_asked.emit, "Ctrl+T")
        self.show_action = self._action(self.tr("Show folder"), self.show_folder)
        self.copy_action = self._action(self.tr("Copy path"), self._copy, keys.Copy)
        self.export_action = self._action(self.tr("Export…"), lambda: self.export_asked.emit(self.chosen[0]))
        self.bin_action = self._action(self.tr("Move to bin"), self._to_bin, keys.Delete)
        self._enable()

    def _action(self, text: str, do: Callable[[], None], *keys: str | QKeySequence.StandardKey) -> QAction:
        action = QAction(text, self)
        action.setShortcuts([QKeySequence(key) for key in keys])
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        action.triggered.connect(lambda: do())
        self.addAction(action)
        return action

    # --- what others ask -------------------------------------------------------------------------

    @property
    def all_runs(self) -> list[Run]:
        """All runs, newest first, also those that the search leaves out."""
        return list(self.runs.runs)

    @property
    def overlays(self) -> list[Run]:
        """The ticked runs, without the present one, oldest first."""
        present = self.runs.present
        return [run for run in reversed(self.runs.runs) if self.runs.is_drawn(run) and run is not present]

    @property
    def chosen(self) -> list[Run]:
        """The selected runs, newest first."""
        rows = sorted(self.selectionModel().selectedRows(), key=lambda index: index.row())
        return [run for run in map(self._filter.run_at, rows) if run is not None]

    @property
    def shown(self) -> list[Run]:
        """The runs that the search leaves, newest first."""
        rows = (self._filter.run_at(self._filter.index(row, 0)) for row in range(self._filter.rowCount()))
        return [run for run in rows if run is not None]

    @property
    def busy(self) -> bool:
        """Whether the session works on a run, so that no other can be loaded or go on."""
        return self.runs.state in WORKING

    def label_for(self, run: Run) -> str:
        """What a run that was loaded is called: as it is listed, else apart from all others."""
        known = self.runs.known(run)
        return known.label if known is not None else unique_label(run.label, [other.label for other in self.runs.runs])

    def add(self, run: Run, *, first: bool = True) -> None:
        """List a run, in the order of time; one that is kept in the same folder is the same run, loaded before."""
        self.runs.add(run)
        self.runs_changed.emit()

    def set_present(self, run: Run, *, keep_former: bool) -> None:
        """Make a run the one that is drawn in front; the former one is ticked where it is to stay in sight."""
        self.add(run)
        former, self.runs.present = self.runs.present, run
        if former is not None and former is not run:
            self.tick(former, keep_former)
        self.tick(run, True)

    def tick(self, run: Run, on: bool) -> None:
        """Tick or untick a run, without a signal."""
        self.runs.tick(run, on)

    def refresh_row(self, run: Run) -> None:
        """Show a run's figures as they are now, whatever the session does."""
        self.runs.refresh(run)

    def refresh(self, run: Run, state: State | None) -> None:
        """Show a run's figures as they are now; `state` is what the session does with it."""
        before = self.busy
        self.runs.work_on(run, state)
        if self.busy != before:
            self._changed()

    def remove(self, run: Run) -> None:
        """Take a run off the list."""
        drawn = run in self.overlays
        self.runs.remove(run)
        self.runs_changed.emit()
        if drawn:
            self.overlays_changed.emit()

    def take_up(self, sightings: Sequence[Sighting]) -> None:
        """Bring the list in line with what lies in the workspace."""
        redraw = self.runs.take_up(sightings)
        self.runs_changed.emit()
        self.viewport().update()
        if redraw:
            self.overlays_changed.emit()

    def search(self, text: str) -> None:
        """Show only the runs in which all of these words are found."""
        self._filter.search(text)

    def select(self, runs: list[Run]) -> None:
        """Select these runs, as far as they are shown."""
        self.clearSelection()
        for place in self._filter.shown(runs):
            self.selectionModel().select(place, self.selectionModel().SelectionFlag.Select)
            self.selectionModel().setCurrentIndex(place, self.selectionModel().SelectionFlag.NoUpdate)

    def height_of(self, rows: int) -> int:
        """The height in which so many rows are seen under the heading."""
        width = self.viewport().width()
        row = RowRooms.within(QRect(0, 0, width, 0), box_width(self), self.fontMetrics()).height
        return self.heading.needed_height(width) + rows * row + 2 * self.frameWidth()

    @Slot()
    def show_folder(self) -> None:
        """Show the folder of the first selected run in the system's file manager."""
        for run in self.chosen[:1]:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(run.folder)))

    # --- what a person does ----------------------------------------------------------------------

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802
        """Offer what can be done with the selected runs."""
        if self.chosen:
            self.menu().popup(event.globalPos())

    def menu(self) -> QMenu:
        """All that can be done with the selected runs."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for group in (
            (self.load_action, self.continue_action, self.draw_action),
            (self.rename_action, self.notes_action),
            (self.export_action,),
            (self.show_action, self.copy_action),
            (self.bin_action,),
        ):
            menu.addActions(group)
            menu.addSeparator()
        return menu

    def _enable(self) -> None:
        runs, present = self.chosen, self.runs.present
        one = runs[0] if len(runs) == 1 else None
        in_folders = bool(runs) and all(run.folder is not None for run in runs)
        self.load_action.setEnabled(self.can_load(one))
        self.continue_action.setEnabled(self.can_continue(one))
        behind = [run for run in runs if run is not present]
        self.draw_action.setEnabled(bool(behind))
        self.draw_action.setChecked(bool(behind) and all(map(self.runs.is_drawn, behind)))
        self.rename_action.setEnabled(one is not None and one.folder is not None)
        self.notes_action.setEnabled(one is not None and one.folder is not None)
        self.export_action.setEnabled(one is not None and one.checkpoint is not None)
        self.show_action.setEnabled(one is not None and one.folder is not None)
        self.copy_action.setEnabled(in_folders)
        self.bin_action.setEnabled(in_folders)

    def can_load(self, run: Run | None) -> bool:
        """Whether a run can be loaded now."""
        return run is not None and not self.busy and run.checkpoint is not None

    def can_continue(self, run: Run | None) -> bool:
        """Whether a run can go on now."""
        return run is not None and not self.busy and run.continue_from is not None

    @Slot(QModelIndex)
    def _activated(self, index: QModelIndex | QPersistentModelIndex) -> None:
        run = self._filter.run_at(index)
        if run is not None:
            self.opened.emit(run)

    @Slot()
    def _changed_soon(self) -> None:
        """Many runs may change at once: what can be done with the selected ones is asked when all have."""
        self._soon.start()

    @Slot()
    def _changed(self) -> None:
        self._enable()
        self.selected.emit()

    @Slot()
    def _load(self) -> None:
        for run in self.chosen[:1]:
            self.opened.emit(run)

    @Slot()
    def _continue(self) -> None:
        for run in self.chosen[:1]:
            self.continue_asked.emit(run)

    @Slot()
    def _draw(self) -> None:
        """Tick all that are selected; where all are ticked, untick them."""
        behind = [run for run in self.chosen if run is not self.runs.present]
        on = not all(map(self.runs.is_drawn, behind))
        for run in behind:
            self.runs.tick(run, on)
        self.overlays_changed.emit()

    @Slot()
    def _rename(self) -> None:
        self.edit(self.currentIndex())

    @Slot()
    def _copy(self) -> None:
        QGuiApplication.clipboard().setText("\n".join(str(run.folder) for run in self.chosen if run.folder))

    @Slot()
    def _to_bin(self) -> None:
        runs = [run for run in self.chosen if run.folder is not None]
        if runs:
            self.bin_asked.emit(runs)

    # --- where there is nothing ------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Draw the runs; where there are none, say what will be here."""
        super().paintEvent(event)
        if self._filter.rowCount():
            return
        text = (
            self.tr("No run has all these words.")
            if self.runs.runs
            else self.tr("Every run is kept here, those of the command line too. Press Start (F5) to make the first.")
        )
        painter = QPainter(self.viewport())
        painter.setPen(QApplication.palette().color(QPalette.ColorRole.PlaceholderText))
        room = self.viewport().rect().adjusted(16, 16, -16, -16)
        painter.drawText(room, Qt.AlignmentFlag.AlignHCenter | Qt.TextFlag.TextWordWrap, text)

    # --- the heading -----------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Keep the heading over the columns."""
        super().resizeEvent(event)
        self._place_heading()

    def updateGeometries(self) -> None:  # noqa: N802
        """Keep the heading over the columns, with and without a scroll bar."""
        super().updateGeometries()
        self._place_heading()

    def _place_heading(self) -> None:
        room = self.viewport().geometry()
        height = self.heading.needed_height(room.width())
        if self.viewportMargins().top() != height:
            self.setViewportMargins(0, height, 0, 0)
            room = self.viewport().geometry()
        self.heading.setGeometry(room.left(), room.top() - height, room.width(), height)
