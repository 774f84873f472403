"""The runs of this session and of the workspace, newest first, as the list shows them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    Signal,
)

from gui.runs.run import Run, dated, tell, unique_label
from gui.runs.watch import Sighting
from gui.runs.words import Line, line, status
from gui.training.session import State
from gui.widgets.looks import as_tip

Index = QModelIndex | QPersistentModelIndex
RUN = Qt.ItemDataRole.UserRole
LINE = Qt.ItemDataRole.UserRole + 1
FRONT = Qt.ItemDataRole.UserRole + 2
"""Whether the run is the one that is drawn in front."""
AT_ONCE = 20
"""More new runs than that are listed in one go."""


class RunModel(QAbstractListModel):
    """All runs. One that is kept in a folder is known by it; a ticked one is drawn."""

    ticked = Signal()
    """A person ticked or unticked a run."""
    renamed = Signal(object, str)
    """A person gave a run another name."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.runs: list[Run] = []
        self.present: Run | None = None
        """The run that is drawn in front."""
        self._worked_on: tuple[Run, State | None] | None = None
        self._drawn: set[Run] = set()
        self._by_folder: dict[Path, Run] = {}
        self._words: dict[Run, str] = {}

    # --- what Qt asks ----------------------------------------------------------------------------

    def rowCount(self, parent: Index | None = None) -> int:  # noqa: N802
        """As many as there are runs."""
        return 0 if parent is not None and parent.isValid() else len(self.runs)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """What there is to know of a run."""
        if not index.isValid():
            return None
        run = self.runs[index.row()]
        if role == RUN:
            return run
        if role == LINE:
            return self.line(run)
        if role == FRONT:
            return run is self.present
        if role == Qt.ItemDataRole.CheckStateRole:
            return Qt.CheckState.Checked if self.is_drawn(run) else Qt.CheckState.Unchecked
        if role == Qt.ItemDataRole.EditRole:
            return run.title
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return self.line(run).spoken()
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tool_tip(run)
        return None

    def _tool_tip(self, run: Run) -> str:
        parts = [run.title, self.line(run).status, f"{run.begun:%Y-%m-%d %H:%M}", ", ".join(run.notes.tags)]
        return as_tip("\n".join(filter(None, [*parts, run.notes.notes[:300]])))

    def setData(self, index: Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:  # noqa: N802
        """Tick a run, or give it another name. The present run is always drawn."""
        run = self.runs[index.row()]
        if role == Qt.ItemDataRole.CheckStateRole and run is not self.present:
            self.tick(run, Qt.CheckState(value) == Qt.CheckState.Checked)
            self.ticked.emit()
            return True
        if role == Qt.ItemDataRole.EditRole and isinstance(value, str) and value.strip() != run.title:
            self.renamed.emit(run, value.strip())
            return True
        return False

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Every run can be ticked; one that is kept in a folder can be renamed."""
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsUserCheckable
        flags |= Qt.ItemFlag.ItemNeverHasChildren
        kept = index.isValid() and self.runs[index.row()].folder is not None
        return flags | Qt.ItemFlag.ItemIsEditable if kept else flags

    # --- what is known ---------------------------------------------------------------------------

    def line(self, run: Run) -> Line:
        """The row of a run."""
        return line(run, self._state(run), datetime.now())

    @property
    def state(self) -> State | None:
        """What the session does with its run."""
        return self._worked_on[1] if self._worked_on else None

    def _state(self, run: Run) -> State | None:
        return self.state if self._worked_on and self._worked_on[0] is run else None

    def is_drawn(self, run: Run) -> bool:
        """Whether a run is drawn on the graph."""
        return run is self.present or run in self._drawn

    def known(self, run: Run) -> Run | None:
        """The run of the list that is this one, or is kept in the same folder."""
        if run.folder is not None and run.folder in self._by_folder:
            return self._by_folder[run.folder]
        return run if self.row(run) is not None else None

    def row(self, run: Run) -> int | None:
        """Where a run stands; None where it is not listed."""
        return next((row for row, other in enumerate(self.runs) if other is run), None)

    def found_by(self, run: Run) -> str:
        """What a search finds a run by, in lower case."""
        stands = status(run, self._state(run))
        return f"{self._words.get(run, '')}\n{run.label}\n{run.title}\n{stands}".casefold()

    # --- what changes ----------------------------------------------------------------------------

    def add(self, run: Run) -> None:
        """List a run, under a label of its own; one that is kept in the same folder is the same run, loaded before."""
        known = self.known(run)
        run.label = unique_label(run.label, {other.label for other in self.runs if other not in (run, known)})
        if known is None:
            row = self._place(run)
            self.beginInsertRows(QModelIndex(), row, row)
            self.runs.insert(row, run)
            if run.folder is not None:
                self._by_folder[run.folder] = run
            self.endInsertRows()
        elif known is not run:
            self._replace(known, run)

    def remove(self, run: Run) -> None:
        """Take a run off the list."""
        row = self.row(run)
        if row is not None:
            self.beginRemoveRows(QModelIndex(), row, row)
            del self.runs[row]
            self._by_folder = {folder: other for folder, other in self._by_folder.items() if other is not run}
            self._drawn.discard(run)
            self._words.pop(run, None)
            self.endRemoveRows()

    def tick(self, run: Run, on: bool) -> None:
        """Draw a run or not."""
        (self._drawn.add if on else self._drawn.discard)(run)
        self.refresh(run)

    def work_on(self, run: Run, state: State | None) -> None:
        """The session does this with this run."""
        before, self._worked_on = self._worked_on, (run, state)
        if before is not None and before[0] is not run:
            self.refresh(before[0])
        self.refresh(run)

    def refresh(self, run: Run) -> None:
        """The figures of a run may have changed, or it has got its folder."""
        row = self.row(run)
        if row is None:
            return
        if run.folder is not None:
            other = self._by_folder.get(run.folder)
            if other is not run:
                if other is not None:  # its folder was seen before the run was told of it
                    run.record = other.record
                    self.remove(other)
                    row = self.row(run)
                # From an older checkpoint it goes on in another folder: what the former one holds is a run of its own.
                self._by_folder = {folder: each for folder, each in self._by_folder.items() if each is not run}
                self._by_folder[run.folder] = run
        self.dataChanged.emit(self.index(row), self.index(row))

    def take_up(self, sightings: Sequence[Sighting]) -> bool:
        """Bring the list in line with what lies in the workspace; whether a drawn run looks otherwise now."""
        there = {sighting.record.folder: sighting for sighting in sightings}
        # A run that was never seen there is too new for this sighting.
        gone = [
            run for folder, run in self._by_folder.items()
            if folder not in there and run.record is not None and run is not self.present
        ]  # fmt: skip
        changed = any(run in self._drawn for run in gone)
        for run in gone:
            self.remove(run)
        for folder, run in list(self._by_folder.items()):
            if folder in there and run.record is not there[folder].record:
                changed |= self._tell(run, there[folder])
        self._list([sighting for folder, sighting in there.items() if folder not in self._by_folder])
        return changed

    def _tell(self, run: Run, sighting: Sighting) -> bool:
        """Let a run know what its folder tells; whether it looks otherwise on the graph."""
        title, epochs = run.title, run.history.epochs
        tell(run, sighting.record, sighting.config)
        self._words[run] = sighting.words
        if run.title != title:
            run.label = unique_label(run.title if run.started else dated(run), self._labels(run))
        self.refresh(run)
        return run in self._drawn and (run.title != title or run.history.epochs is not epochs)

    def _list(self, sightings: Sequence[Sighting]) -> None:
        """List runs that were not known."""
        labels = self._labels(None)
        new: list[Run] = []
        for sighting in sightings:
            back = self.present is not None and self.present.folder == sighting.record.folder  # from the bin
            run = self.present if self.present is not None and back else Run("")
            tell(run, sighting.record, sighting.config)
            run.label = unique_label(run.label or dated(run), labels)
            labels.add(run.label)
            self._words[run] = sighting.words
            new.append(run)
        if len(new) > AT_ONCE:
            self.beginResetModel()
            self.runs = sorted([*self.runs, *new], key=lambda run: run.begun, reverse=True)
            self._by_folder |= {run.folder: run for run in new if run.folder is not None}
            self.endResetModel()
        else:
            for run in new:
                self.add(run)

    def _labels(self, but: Run | None) -> set[str]:
        return {run.label for run in self.runs if run is not but}

    def _place(self, run: Run) -> int:
        return bisect_right(self.runs, -run.begun.timestamp(), key=lambda other: -other.begun.timestamp())

    def _replace(self, known: Run, run: Run) -> None:
        """Put a run, as it was loaded, in the place of what was known of it."""
        run.record, run.begun = known.record, known.begun
        self._words[run] = self._words.pop(known, "")
        if known in self._drawn:
            self._drawn.remove(known)
            self._drawn.add(run)
        if run.folder is not None:
            self._by_folder[run.folder] = run
        self.runs[self.runs.index(known)] = run
        self.refresh(run)


class RunFilter(QSortFilterProxyModel):
    """The runs in which all words of a search are found."""

    def __init__(self, runs: RunModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._runs = runs
        self._wanted: list[str] = []
        self.setSourceModel(runs)

    def search(self, text: str) -> None:
        """Show only runs with all of these words."""
        self._wanted = text.casefold().split()
        self.invalidate()

    def filterAcceptsRow(self, row: int, parent: Index) -> bool:  # noqa: N802
        """Whether a run is shown."""
        if not self._wanted:
            return True
        words = self._runs.found_by(self._runs.runs[row])
        return all(word in words for word in self._wanted)

    def run_at(self, index: Index) -> Run | None:
        """The run at a place of the filtered list."""
        run = index.data(RUN) if index.isValid() else None
        return run if isinstance(run, Run) else None

    def shown(self, runs: Iterable[Run]) -> list[QModelIndex]:
        """Where these runs stand in the filtered list, as far as they are shown."""
        rows = (self._runs.row(run) for run in runs)
        places = (self.mapFromSource(self._runs.index(row)) for row in rows if row is not None)
        return [place for place in places if place.isValid()]
