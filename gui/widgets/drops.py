"""What is dropped anywhere in the window belongs to the window."""

from __future__ import annotations

from PySide6.QtWidgets import QAbstractScrollArea, QWidget


def let_drops_pass(widget: QWidget) -> None:
    """Let files that are dropped on a field or a plot, which would take them for text or swallow them, pass it."""
    widget.setAcceptDrops(False)
    if isinstance(widget, QAbstractScrollArea):
        widget.viewport().setAcceptDrops(False)
