"""Python's collector of cycles, in the window's own thread alone.

Left to itself it runs in whichever thread happens to allocate, and may there delete a widget that nothing refers to any
more: Qt does not survive that. So it is switched off, and asked for on a timer.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer, Slot

MILLISECONDS = 1000


class Collector(QObject):
    """Collects what Python's own thresholds say is due. Make it in the window's own thread."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._timer = QTimer(self)
        self._timer.setInterval(MILLISECONDS)
        self._timer.timeout.connect(self.collect)

    def install(self) -> None:
        """Take it over from Python. Nothing is collected until `begin`."""
        gc.disable()

    @Slot()
    def begin(self) -> None:
        """Collect from now on. While modules are loaded nothing goes, and each look through them all takes time."""
        self._timer.start()

    def remove(self) -> None:
        """Give it back."""
        self._timer.stop()
        gc.enable()

    @Slot()
    def collect(self) -> None:
        """Collect the oldest generation that is due, and the younger ones with it."""
        counts = zip(gc.get_count(), gc.get_threshold(), strict=True)
        due = [generation for generation, (count, most) in enumerate(counts) if count > most > 0]
        if due:
            gc.collect(max(due))
