"""A label that says one of several texts and keeps the room of the longest: nothing below it moves when it changes."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtWidgets import QLabel

from gui.language import said_again


class SteadyLabel(QLabel):
    """Says the first of its texts until it is told otherwise."""

    def __init__(self, *texts: str) -> None:
        super().__init__()
        self._texts = list(texts)
        self.setProperty("role", "muted")
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.show_text(0)

    def show_text(self, place: int) -> None:
        """Say this one."""
        self.setText(self._texts[place])

    def heightForWidth(self, width: int) -> int:  # noqa: N802
        """The height of the longest text at this width."""
        flags = Qt.TextFlag.TextWordWrap | self.alignment()
        metrics = self.fontMetrics()
        return max(metrics.boundingRect(0, 0, width, 10_000, int(flags), text).height() for text in self._texts)

    def sizeHint(self) -> QSize:  # noqa: N802
        """As wide as Qt would have it."""
        width = super().sizeHint().width()
        return QSize(width, self.heightForWidth(width))

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Another language: its other texts are said anew."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange:
            self._texts = [said_again(text) for text in self._texts]
            self.updateGeometry()
