"""The menu of the graph: the whole of it, its scale, and what can be taken out of it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget


class GraphMenu(QMenu):
    """Actions alone: the graph says what they do."""

    def __init__(self, graph: QWidget) -> None:
        super().__init__(graph)
        self.whole = self._add(self.tr("Show the whole graph"))
        self.log = self._add(self.tr("Logarithmic"))
        self.log.setCheckable(True)
        self.addSeparator()
        self.copy = self._add(self.tr("Copy picture"))
        self.copy.setShortcut(QKeySequence.StandardKey.Copy)
        self.copy.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        graph.addAction(self.copy)
        self.save_picture = self._add(self.tr("Save picture…"))
        self.save_figures = self._add(self.tr("Save figures (CSV)…"))

    def show_state(self, *, log: bool, has_figures: bool) -> None:
        """Show which scale is in use, and offer figures where there are any."""
        self.log.setChecked(log)
        self.save_figures.setEnabled(has_figures)

    def _add(self, text: str) -> QAction:
        return self.addAction(text)
