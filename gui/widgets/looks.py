"""How a widget asks for one of the looks of the style sheet, and how a tool tip shows a text as it is."""

from __future__ import annotations

import html

from PySide6.QtWidgets import QWidget


def as_tip(text: str) -> str:
    """A text that anyone may have written, for a tool tip: Qt takes what looks like HTML for that, and reads from the
    disk, or fetches from another machine, whatever picture it names."""
    return f"<qt>{html.escape(text)}</qt>".replace("\n", "<br>") if "<" in text else text


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
