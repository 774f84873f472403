"""The runs of the workspace that could be members of an ensemble, each with a box."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QCoreApplication, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTreeWidget, QTreeWidgetItem

from engine.ensembles.candidates import Candidate, refused_beside
from gui import numbers
from gui.runs.run import label_of, unique_label
from gui.widgets.looks import as_tip
from gui.widgets.measured import by_type
from gui.words import say

ROWS = 6
"""Runs that are seen without scrolling, at most."""
FOLDER = Qt.ItemDataRole.UserRole


class MemberList(QTreeWidget):
    """Newest first. Those that can't stand beside the first ticked one are grey, and say why in their tool tip."""

    ticks_changed = Signal()
    """By the user."""

    def __init__(self) -> None:
        super().__init__()
        self.ticked: list[Path] = []
        """The folders of the ticked runs, in the order in which they were ticked."""
        self.names: dict[Path, str] = {}
        """What each run is called here, by its folder: no two the same."""
        self._candidates: dict[Path, Candidate] = {}
        self.setAccessibleName(self.tr("Runs that can be combined"))
        self.setHeaderLabels([self.tr("Run"), self.tr("Accuracy")])
        self.headerItem().setToolTip(1, self.tr("On the validation part, of its best epoch"))
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)  # the end has the seed
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.header().setStretchLastSection(False)
        self.header().setSectionsMovable(False)
        self.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.itemChanged.connect(self._changed)
        by_type(self, lambda _: QTimer.singleShot(0, self, self._fit))  # then its heading has the other font, too

    @property
    def fitting(self) -> list[Candidate]:
        """The runs that could be members of some ensemble."""
        return [each for each in self._candidates.values() if each.unfit is None]

    @property
    def chosen(self) -> list[Candidate]:
        """The ticked runs, in the order in which they were ticked."""
        return [self._candidates[folder] for folder in self.ticked]

    def item_of(self, folder: Path) -> QTreeWidgetItem:
        """The line of a run. Raises `KeyError`."""
        for item in self._items():
            if item.data(0, FOLDER) == str(folder):
                return item
        raise KeyError(folder)

    def show_candidates(self, candidates: Sequence[Candidate]) -> None:
        """List these; what is ticked stays so, as long as it is there."""
        before = list(self._candidates)
        self._candidates = {each.record.folder: each for each in candidates}
        self.ticked = [folder for folder in self.ticked if folder in self._candidates]
        self.names = _names(candidates)
        if before != list(self._candidates):
            self._rebuild()
        self._write()

    def tick(self, folders: Sequence[Path]) -> None:
        """Tick these, and no others."""
        self.ticked = list(folders)
        self._write()

    def _items(self) -> list[QTreeWidgetItem]:
        return [self.topLevelItem(row) for row in range(self.topLevelItemCount())]

    def _rebuild(self) -> None:
        current = self.currentItem().data(0, FOLDER) if self.currentItem() is not None else None
        offset = self.verticalScrollBar().value()
        self.clear()
        for folder in self._candidates:
            item = QTreeWidgetItem(self)
            item.setData(0, FOLDER, str(folder))
            item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            if str(folder) == current:
                self.setCurrentItem(item)
        self.verticalScrollBar().setValue(offset)
        self._fit()

    def _fit(self) -> None:
        row = self.sizeHintForRow(0) if self._candidates else self.fontMetrics().height()
        rows = max(2, min(ROWS, len(self._candidates)))
        self.setFixedHeight(self.header().sizeHint().height() + rows * row + 2 * self.frameWidth() + 2)

    def _write(self) -> None:
        """What each line says, and whether it can be ticked."""
        blocked = self.blockSignals(True)
        first = self._candidates[self.ticked[0]] if self.ticked else None
        for item in self._items():
            candidate = self._candidates[Path(item.data(0, FOLDER))]
            folder, best = candidate.record.folder, candidate.record.best
            reason = candidate.unfit if first is None else refused_beside(candidate, first)
            ticked = folder in self.ticked
            can = reason is None or ticked  # what is ticked can be unticked
            item.setText(0, self.names[folder])
            item.setText(1, numbers.percent(best.val_accuracy if best else None))
            item.setFlags(
                Qt.ItemFlag.ItemIsSelectable
                | Qt.ItemFlag.ItemIsUserCheckable
                | (Qt.ItemFlag.ItemIsEnabled if can else Qt.ItemFlag.NoItemFlags)
            )
            item.setCheckState(0, Qt.CheckState.Checked if ticked else Qt.CheckState.Unchecked)
            begun = self.tr("begun {time}").format(time=f"{candidate.record.started:%Y-%m-%d %H:%M}")
            told = [f"{self.names[folder]}, {begun}", *([say(reason)] if reason is not None else [])]
            for column in range(self.columnCount()):
                item.setToolTip(column, as_tip("\n".join(told)))
            item.setData(0, Qt.ItemDataRole.AccessibleDescriptionRole, say(reason) if reason is not None else "")
        self.blockSignals(blocked)
        self.viewport().update()

    @Slot(QTreeWidgetItem, int)
    def _changed(self, item: QTreeWidgetItem, column: int) -> None:
        folder, ticked = Path(item.data(0, FOLDER)), item.checkState(0) == Qt.CheckState.Checked
        if column != 0 or ticked == (folder in self.ticked):
            return
        if ticked:
            self.ticked.append(folder)
        else:
            self.ticked.remove(folder)
        self._write()
        self.ticks_changed.emit()


def _tr(text: str) -> str:
    return QCoreApplication.translate("Members", text)


def _names(candidates: Sequence[Candidate]) -> dict[Path, str]:
    names: dict[Path, str] = {}
    for candidate in reversed(candidates):  # so that a name stays when a newer run bears it too
        record = candidate.record
        title = record.notes.name or (label_of(candidate.config) if candidate.config is not None else record.title)
        seed = record.settings.get("seed")
        label = _tr("{run}, seed {seed}").format(run=title, seed=seed) if isinstance(seed, int) else title
        names[record.folder] = unique_label(label, names.values())
    return names
