"""The words of tabs are cut short where there is little room; with still less, the tabs scroll."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QTabBar

LEAST_SHARE = 0.95
"""Of what all tabs need: with less, Qt leaves a letter of each of their words."""


class TabsInSight(QObject):
    """Belongs to a bar, and looks after it. Give each tab its word as a tool tip."""

    def __init__(self, bar: QTabBar) -> None:
        super().__init__(bar)
        self._bar = bar
        self._show_scroll(False)
        bar.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Look again where there is another room, or other words."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.FontChange, QEvent.Type.LayoutRequest):
            self._look()
        return False

    def _look(self) -> None:
        bar = self._bar
        around = 12
        needed = sum(bar.fontMetrics().horizontalAdvance(bar.tabText(place)) + around for place in range(bar.count()))
        room = bar.parentWidget().width() if bar.parentWidget() is not None else bar.width()
        scrolls = room < LEAST_SHARE * needed
        if scrolls != bar.usesScrollButtons():
            self._show_scroll(scrolls)

    def _show_scroll(self, scrolls: bool) -> None:
        """No tab is out of sight as long as enough is left of the words."""
        self._bar.setUsesScrollButtons(scrolls)
        self._bar.setElideMode(Qt.TextElideMode.ElideNone if scrolls else Qt.TextElideMode.ElideRight)
