"""The plugins of one kind, under a heading that counts them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.catalogue import Catalogue, Entry
from engine.config import RunConfig
from engine.strategy import Advice, Strategy
from gui.settings.fields import FieldRow
from gui.settings.plugin_row import PluginRow, UnloadedRow
from gui.widgets.fold_button import FoldButton
from gui.widgets.note import total
from gui.words import kind_title

ORDERED = "augmentation"
"""The kind of which the order is the user's."""


class Group(QWidget):
    """A heading that folds the rows under it."""

    def __init__(self, heading: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._title = heading
        self.heading = FoldButton(role="group", opened=True)
        self.heading.toggled.connect(self._folded)
        self._rows = QWidget(self)
        self._layout = QVBoxLayout(self._rows)
        self._layout.setContentsMargins(8, 0, 0, 8)
        self._layout.setSpacing(2)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.heading)
        column.addWidget(self._rows)

    def show_count(self, ticked: int | None, count: int) -> None:
        """Show `ticked/all` in the heading."""
        figures = f"{count}" if ticked is None else f"{ticked}/{count}"
        accessible = self.tr("{name}, {figures}").format(name=self._title, figures=figures)
        self.heading.name(f"{self._title}  {figures}", accessible)

    def append(self, widget: QWidget) -> None:
        """Put a widget below the rows."""
        self._layout.addWidget(widget)

    def unfold(self) -> None:
        """Open it."""
        self.heading.setChecked(True)

    def _folded(self, opened: bool) -> None:
        self._rows.setVisible(opened)


class PluginGroup(Group):
    """All plugins of a kind of which a run may have several."""

    ticked = Signal(object, bool)
    changed = Signal(object, str)
    reordered = Signal(list)
    """The ids of the ticked plugins of this kind, in their new order."""
    invalid = Signal()

    def __init__(self, kind: str, entries: Sequence[Entry], catalogue: Catalogue, parent: QWidget) -> None:
        super().__init__(kind_title(kind), parent)
        self.kind = kind
        self._ids = [entry.id for entry in entries]
        self._order = list(self._ids)
        self.rows: dict[str, PluginRow] = {}
        for entry in entries:
            row = PluginRow(entry, catalogue, self._rows, ordered=kind == ORDERED)
            row.ticked.connect(self.ticked)
            row.changed.connect(self.changed)
            row.invalid.connect(self.invalid)
            row.moved.connect(self._moved)
            self._layout.addWidget(row)
            self.rows[entry.id] = row
        self._words = ""
        self._in_sight = set(self._ids)
        self._others = FoldButton()
        self._others.toggled.connect(self._others_toggled)
        self._layout.addWidget(self._others)
        self._show_rows()

    def keep_in_sight(self, ids: Collection[str]) -> None:
        """Show these plugins and the ticked ones, the others behind a button; where none is given, all."""
        self._in_sight = set(ids) if ids else set(self._ids)
        self._in_sight.update(id for id, row in self.rows.items() if row.box.isChecked())
        self._others.setChecked(False)
        self._show_rows()

    def show_config(self, config: RunConfig, *, keep_errors: bool) -> None:
        """Show which are ticked, with what parameters and in what order."""
        ticked = {s.id: s for s in config.with_ if s.id in self.rows}
        offered = {s.id: s for s in config.offered}
        for id, row in self.rows.items():
            row.show_strategy(ticked.get(id) or offered.get(id), ticked=id in ticked, keep_errors=keep_errors)
        self.show_count(len(ticked), len(self.rows))
        if not ticked.keys() <= self._in_sight:
            self._in_sight.update(ticked)
            self._show_rows()
        if self.kind == ORDERED:
            self._show_order(list(ticked))

    def show_advice(self, advice: Sequence[tuple[str, Advice]]) -> None:
        """Show each piece of advice at the plugin that it concerns."""
        for id, row in self.rows.items():
            row.show_advice([item for owner, item in advice if owner == id])
        self.show_problems()

    def show_problems(self) -> None:
        """Say in the heading, while it is folded, what is wrong under it."""
        self.heading.tell(problems=total(row.problems for row in self.rows.values()))

    def show_running(self, running: dict[str, Strategy] | None, config: RunConfig) -> None:
        """Mark what differs from the run that is training; None: there is none."""
        present = {s.id: s for s in config.with_}
        for id, row in self.rows.items():
            row.show_next(running is not None and running.get(id) != present.get(id))

    def errors(self) -> list[FieldRow]:
        """Lines whose text is no value."""
        return [error for row in self.rows.values() for error in row.errors()]

    def order_with(self, id: str) -> list[str]:
        """The ids of the ticked plugins and this one, as they stand below each other."""
        return [other for other in self._order if other == id or self.rows[other].box.isChecked()]

    def reveal(self, id: str) -> None:
        """Bring the row of a plugin of this group into the open."""
        self.unfold()
        if id not in self._in_sight:
            self._others.setChecked(True)

    @property
    def ticked_out_of_sight(self) -> int:
        """How many ticked plugins a filter hides."""
        return sum(row.box.isChecked() and row.isHidden() for row in self.rows.values())

    def filter(self, words: str) -> bool:
        """Show the rows that match; whether there are any. Without words, those that are shown without a filter."""
        self._words = words
        return self._show_rows()

    def _show_rows(self) -> bool:
        found = _filter(self, list(self.rows.values()), self._words)
        hidden = [id for id in self._ids if id not in self._in_sight]
        opened = self._others.isChecked()
        self._others.setVisible(bool(hidden) and not self._words)
        text = self.tr("{count} fewer") if opened else self.tr("{count} more")
        text = text.format(count=len(hidden))
        self._others.name(text, self.tr("{name}: {text}").format(name=self._title, text=text))
        if not self._words:
            for id in hidden:
                self.rows[id].setVisible(opened)
        return found

    def _others_toggled(self) -> None:
        self._show_rows()

    def _show_order(self, ticked: list[str]) -> None:
        """Put the ticked rows, in their order, into the places that the ticked ones have; the others stay."""
        following = iter(ticked)
        self._order = [next(following) if id in ticked else id for id in self._ids]
        for place, id in enumerate(self._order):
            row = self.rows[id]
            if self._layout.indexOf(row) != place:
                self._layout.insertWidget(place, row)
            position = ticked.index(id) if id in ticked else 0
            row.show_order(first=position == 0, last=position == len(ticked) - 1)

    def _moved(self, id: str, delta: int) -> None:
        order = [other for other in self._order if self.rows[other].box.isChecked()]
        place = order.index(id)
        if 0 <= place + delta < len(order):
            order[place], order[place + delta] = order[place + delta], order[place]
            self.reordered.emit(order)


class UnloadedGroup(Group):
    """Plugins that could not be loaded, with the reasons."""

    def __init__(self, entries: Sequence[Entry], parent: QWidget) -> None:
        super().__init__("", parent)
        self._title = self.tr("Not loaded")
        self.rows = [UnloadedRow(entry) for entry in entries]
        for row in self.rows:
            self._layout.addWidget(row)
        self.show_count(None, len(self.rows))

    def filter(self, words: str) -> bool:
        """Show the rows that match; whether there are any."""
        return _filter(self, self.rows, words)


def _filter(group: Group, rows: Sequence[PluginRow | UnloadedRow], words: str) -> bool:
    found = False
    for row in rows:
        matches = row.matches(words)
        row.setVisible(matches)
        found = found or matches
    group.setVisible(found)
    if words and found:
        group.unfold()
    return found
