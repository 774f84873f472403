"""What is measured by type is measured again when the type has another size."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QWidget


def by_type(widget: QWidget, measure: Callable[[QFontMetrics], object]) -> None:
    """Call `measure` with the metrics of a widget's font: now, and whenever it has another font."""
    measure(widget.fontMetrics())
    widget.installEventFilter(_Watch(widget, measure))


class _Watch(QObject):
    """Lives as long as its widget."""

    def __init__(self, widget: QWidget, measure: Callable[[QFontMetrics], object]) -> None:
        super().__init__(widget)
        self._measure = measure

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Measure again; the event goes on to the widget."""
        if event.type() == QEvent.Type.FontChange and isinstance(watched, QWidget):
            self._measure(watched.fontMetrics())
        return False
