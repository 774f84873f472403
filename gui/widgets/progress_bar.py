"""A bar that tells how far something is, and stands still while it does."""

from __future__ import annotations

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QProgressBar


class ProgressBar(QProgressBar):
    """Moves by itself only while it says that something goes on, without saying how far.

    Qt's style begins to move such a bar and goes on, 30 times a second, until a later value is wide enough to be seen:
    in a long run that is minutes, of which each drawing takes from the training.
    """

    def event(self, event: QEvent) -> bool:
        """Refuse to be moved where there is nothing to move: that ends it."""
        if event.type() is QEvent.Type.StyleAnimationUpdate and self.minimum() < self.maximum():
            event.ignore()
            return True
        return super().event(event)
