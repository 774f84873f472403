"""The runs of this session and of the workspace; a ticked one is drawn behind the present one."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QListWidget, QListWidgetItem

from gui.report import row_text
from gui.run import Run, unique_label
from gui.run_delegate import RunDelegate
from gui.session import State

RUN = Qt.ItemDataRole.UserRole


class RunList(QListWidget):
    """Newest first. Emits `overlays_changed` when a run is ticked or unticked, `opened` when one is activated."""

    overlays_changed = Signal()
    opened = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setItemDelegate(RunDelegate(self))
        self.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(self.tr("Runs"))
        self.setToolTip(self.tr("Tick a run to draw it behind the present one. Double-click to load it."))
        self._present: Run | None = None
        self.itemChanged.connect(self._item_changed)
        self.itemActivated.connect(self._activated)

    @property
    def all_runs(self) -> list[Run]:
        """All runs, as listed."""
        return [self.item(row).data(RUN) for row in range(self.count())]

    @property
    def overlays(self) -> list[Run]:
        """The ticked runs, without the present one, oldest first."""
        items = [self.item(row) for row in reversed(range(self.count()))]
        return [
            item.data(RUN)
            for item in items
            if item.checkState() == Qt.CheckState.Checked and item.data(RUN) is not self._present
        ]

    def label_for(self, run: Run) -> str:
        """What a run that was loaded is called: as it is listed, else apart from all others."""
        item = self._item(run)
        if item is not None:
            return str(item.data(RUN).label)
        return unique_label(run.label, [other.label for other in self.all_runs])

    def add(self, run: Run, *, first: bool = True) -> None:
        """List a run; one that is kept in the same folder is the same run, loaded before."""
        known = self._item(run)
        if known is not None:
            known.setData(RUN, run)
            return
        item = QListWidgetItem()
        item.setData(RUN, run)
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        item.setCheckState(Qt.CheckState.Unchecked)
        self.blockSignals(True)
        self.insertItem(0 if first else self.count(), item)
        self.blockSignals(False)
        self.refresh(run, None)

    def set_present(self, run: Run, *, keep_former: bool) -> None:
        """Make a run the one that is drawn in front; the former one is ticked where it is to stay in sight."""
        self.add(run)
        former, self._present = self._present, run
        if former is not None and former is not run:
            self.tick(former, keep_former)
            self.refresh(former, None)
        self.tick(run, True)

    def tick(self, run: Run, on: bool) -> None:
        """Tick or untick a run, without a signal."""
        item = self._item(run)
        if item is not None:
            self.blockSignals(True)
            item.setCheckState(Qt.CheckState.Checked if on else Qt.CheckState.Unchecked)
            self.blockSignals(False)

    def refresh(self, run: Run, state: State | None) -> None:
        """Show a run's figures as they are now."""
        item = self._item(run)
        text = row_text(run, state if run is self._present else None)
        if item is not None and item.text() != text:
            self.blockSignals(True)
            item.setText(text)
            item.setToolTip(str(run.folder or ""))
            self.blockSignals(False)
            self.viewport().update()

    def _item(self, run: Run) -> QListWidgetItem | None:
        for row in range(self.count()):
            item = self.item(row)
            listed = item.data(RUN)
            if listed is run or (run.folder is not None and listed.folder == run.folder):
                return item
        return None

    def _item_changed(self, item: QListWidgetItem) -> None:
        run = item.data(RUN)
        if run is self._present:
            self.tick(run, True)  # the present run is always drawn
            return
        self.overlays_changed.emit()

    def _activated(self, item: QListWidgetItem) -> None:
        self.opened.emit(item.data(RUN))
