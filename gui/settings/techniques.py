"""The techniques of which a run may have several: a filter, and under it a group for each kind."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QLabel, QLineEdit, QVBoxLayout, QWidget

from engine.catalogue import Catalogue
from engine.config import RunConfig
from engine.strategy import KINDS, Advice
from gui.settings.fields import SPACING, FieldRow
from gui.settings.lr_course import LrCourse
from gui.settings.plugin_group import ORDERED, PluginGroup, UnloadedGroup
from gui.settings.plugin_row import PluginRow, UnloadedRow
from gui.widgets.drops import let_drops_pass
from gui.widgets.note import counted, total

SCHEDULED = "scheduler"
"""The kind under whose plugins the course of the learning rate is drawn."""


class Techniques(QWidget):
    """Shows which techniques are ticked; whoever owns it makes settings of what is done here, and shows those."""

    ticked = Signal(object, bool)
    """The strategy, and whether it is ticked now."""
    changed = Signal(object, str)
    """The strategy with another parameter, and which."""
    reordered = Signal(list)
    """The ids of the ticked augmentations, in their new order."""
    invalid = Signal()
    """What is typed in a form became or ceased to be no value."""

    def __init__(self, catalogue: Catalogue, parent: QWidget) -> None:
        super().__init__(parent)
        self.heading = QLabel(self.tr("Techniques"))
        self.heading.setProperty("role", "heading")
        self.filter_box = QLineEdit()
        let_drops_pass(self.filter_box)
        self.filter_box.setPlaceholderText(self.tr("Filter (Ctrl+F)"))
        self.filter_box.setAccessibleName(self.tr("Filter techniques"))
        self.filter_box.setToolTip(self.tr("Words of a name or an explanation, in English or Korean."))
        self.filter_box.setClearButtonEnabled(True)
        self.filter_box.textChanged.connect(self._filter)
        self.filtered = QLabel()
        self.filtered.setProperty("role", "muted")
        self.filtered.setWordWrap(True)
        self.filtered.hide()
        self._any_found = True
        self.lr_course = LrCourse()
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(SPACING)
        for widget in (self.heading, self.filter_box, self.filtered):
            self._column.addWidget(widget)
        entries = catalogue.entries
        self.groups: list[PluginGroup] = []
        for kind, base in KINDS.items():
            of_kind = [entry for entry in entries if entry.kind == kind and entry.strategy]
            if base.many and of_kind:
                self.groups.append(self._group(PluginGroup(kind, of_kind, catalogue, self)))
        failed = [entry for entry in entries if not entry.strategy]
        self._failed = UnloadedGroup(failed, self) if failed else None
        if self._failed is not None:
            self._column.addWidget(self._failed)

    def _group(self, group: PluginGroup) -> PluginGroup:
        group.ticked.connect(self.ticked)
        group.changed.connect(self.changed)
        group.reordered.connect(self.reordered)
        group.invalid.connect(self._validity_changed)
        if group.kind == SCHEDULED:
            group.append(self.lr_course)
        self._column.addWidget(group)
        return group

    # --- showing ---------------------------------------------------------------------------------

    def show_config(self, config: RunConfig, *, keep_errors: bool) -> None:
        """Show which are ticked, with what parameters and in what order."""
        for group in self.groups:
            group.show_config(config, keep_errors=keep_errors)
        self.lr_course.show_config(config)

    def show_advice(self, advice: Sequence[tuple[str, Advice]]) -> None:
        """Show each piece of advice at the technique that it concerns."""
        for group in self.groups:
            group.show_advice(advice)
        self._tell_filtered()

    def show_running(self, running: RunConfig | None, present: RunConfig) -> None:
        """Mark what differs from the run that is training; None: there is none."""
        ticked = None if running is None else {strategy.id: strategy for strategy in running.with_}
        for group in self.groups:
            group.show_running(ticked, present)

    def keep_in_sight(self, ids: Collection[str]) -> None:
        """Show these and the ticked ones, the others behind buttons; where none is given, all."""
        for group in self.groups:
            group.keep_in_sight(ids)

    # --- what can be asked -----------------------------------------------------------------------

    @property
    def rows(self) -> dict[str, PluginRow]:
        """The rows, by the ids of their techniques."""
        return {id: row for group in self.groups for id, row in group.rows.items()}

    @property
    def unloaded(self) -> list[UnloadedRow]:
        """The rows of those that could not be loaded."""
        return self._failed.rows if self._failed else []

    def errors(self) -> list[FieldRow]:
        """Lines whose text is no value."""
        return [row for group in self.groups for row in group.errors()]

    def order_with(self, id: str) -> list[str]:
        """The ids of the ticked augmentations and this one, as they stand below each other."""
        return next(group.order_with(id) for group in self.groups if group.kind == ORDERED)

    def reveal(self, id: str) -> None:
        """Bring the row of a technique into the open, whatever hides it."""
        self.filter_box.clear()
        for group in self.groups:
            if id in group.rows:
                group.reveal(id)

    # --- the filter ------------------------------------------------------------------------------

    @Slot()
    def _filter(self) -> None:
        words = self.filter_box.text()
        found = [section.filter(words) for section in (*self.groups, *([self._failed] if self._failed else []))]
        self._any_found = any(found)
        self._tell_filtered()

    def _tell_filtered(self) -> None:
        """Say what the filter leaves, and what of it matters that it hides."""
        said = []
        if self.filter_box.text():
            if not self._any_found:
                said.append(self.tr("No technique matches."))
            hidden = [row for row in self.rows.values() if row.box.isChecked() and row.isHidden()]
            if hidden:
                said.append(self.tr("Ticked, but hidden by the filter: {count}").format(count=len(hidden)))
                said.append(counted(*total(row.problems for row in hidden)))
        self.filtered.setText("  ".join(part for part in said if part))
        self.filtered.setVisible(bool(said))

    @Slot()
    def _validity_changed(self) -> None:
        for group in self.groups:
            group.show_problems()
        self._tell_filtered()
        self.invalid.emit()
