"""How a widget asks for one of the looks of the style sheet."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget


def give(widget: QWidget, **properties: object) -> None:
    """Set properties that the style sheet selects by, such as `role="muted"`, and style the widget anew."""
    changed = False
    for name, value in properties.items():
        if widget.property(name) != value:
            widget.setProperty(name, value)
            changed = True
    if changed:
        widget.style().unpolish(widget)
        widget.style().polish(widget)
