"""The plugins of one kind, under a heading that counts them."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QToolButton, QVBoxLayout, QWidget

from engine.catalogue import Catalogue, Entry
from engine.config import RunConfig
from engine.strategy import Advice, Strategy
from gui.fields import FieldRow
from gui.plugin_row import PluginRow, UnloadedRow
from gui.words import kind_title

ORDERED = "augmentation"
"""The kind of which the order is the user's."""


class Group(QWidget):
    """A heading that folds the rows under it."""

    def __init__(self, heading: str) -> None:
        super().__init__()
        self._title = heading
        self._heading = QToolButton()
        self._heading.setProperty("role", "group")
        self._heading.setCheckable(True)
        self._heading.setChecked(True)
        self._heading.setAutoRaise(True)
        self._heading.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._heading.setArrowType(Qt.ArrowType.DownArrow)
        self._heading.toggled.connect(self._folded)
        self._rows = QWidget()
        self._layout = QVBoxLayout(self._rows)
        self._layout.setContentsMargins(8, 0, 0, 8)
        self._layout.setSpacing(2)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._heading)
        column.addWidget(self._rows)

    def show_count(self, ticked: int | None, count: int) -> None:
        """Show `ticked/all` in the heading."""
        figures = f"{count}" if ticked is None else f"{ticked}/{count}"
        self._heading.setText(f"{self._title}  {figures}")
        self._heading.setAccessibleName(self.tr("{name}, {figures}").format(name=self._title, figures=figures))

    def append(self, widget: QWidget) -> None:
        """Put a widget below the rows."""
        self._layout.addWidget(widget)

    def unfold(self) -> None:
        """Open it."""
        self._heading.setChecked(True)

    def _folded(self, opened: bool) -> None:
        self._heading.setArrowType(Qt.ArrowType.DownArrow if opened else Qt.ArrowType.RightArrow)
        self._rows.setVisible(opened)


class PluginGroup(Group):
    """All plugins of a kind of which a run may have several."""

    ticked = Signal(object, bool)
    changed = Signal(object, str)
    reordered = Signal(list)
    """The ids of the ticked plugins of this kind, in their new order."""
    invalid = Signal()

    def __init__(self, kind: str, entries: Sequence[Entry], catalogue: Catalogue) -> None:
        super().__init__(kind_title(kind))
        self.kind = kind
        self._ids = [entry.id for entry in entries]
        self._order = list(self._ids)
        self.rows: dict[str, PluginRow] = {}
        for entry in entries:
            row = PluginRow(entry, catalogue, ordered=kind == ORDERED)
            row.ticked.connect(self.ticked)
            row.changed.connect(self.changed)
            row.invalid.connect(self.invalid)
            row.moved.connect(self._moved)
            self._layout.addWidget(row)
            self.rows[entry.id] = row
        self._in_sight = set(self._ids)
        self._others = QToolButton()
        self._others.setAutoRaise(True)
        self._others.setProperty("role", "fold")
        self._others.setCheckable(True)
        self._others.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._others.toggled.connect(self._show_rows)
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

    def filter(self, words: str) -> bool:
        """Show the rows that match; whether there are any. Without words, those that are shown without a filter."""
        found = _filter(self, list(self.rows.values()), words)
        if words:
            self._others.hide()
        else:
            self._show_rows()
        return found

    def _show_rows(self) -> None:
        hidden = [id for id in self._ids if id not in self._in_sight]
        opened = self._others.isChecked()
        for id in hidden:
            self.rows[id].setVisible(opened)
        for id in self._in_sight & self.rows.keys():
            self.rows[id].show()
        self._others.setVisible(bool(hidden))
        self._others.setArrowType(Qt.ArrowType.DownArrow if opened else Qt.ArrowType.RightArrow)
        text = self.tr("{count} fewer") if opened else self.tr("{count} more")
        self._others.setText(text.format(count=len(hidden)))
        self._others.setAccessibleName(f"{self._title}: {self._others.text()}")

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

    def __init__(self, entries: Sequence[Entry]) -> None:
        super().__init__("")
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
