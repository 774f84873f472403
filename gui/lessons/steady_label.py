"""A label that says one of several texts and keeps the room of the longest: nothing below it moves when it changes."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtWidgets import QLabel

from engine.language import Said


class SteadyLabel(QLabel):
    """Says the first of its texts until it is told otherwise."""

    def __init__(self, *texts: str) -> None:
        super().__init__()
        self._texts = texts
        self.setProperty("role", "muted")
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.show_text(0)

    def show_text(self, place: int, **values: object) -> None:
        """Say this one, with these values in it."""
        text = self._texts[place]
        if values:
            text = text.format(**values)
        self.setText(text.again() if isinstance(text, Said) else text)

    def heightForWidth(self, width: int) -> int:  # noqa: N802
        """The height of the longest text at this width, in the present language."""
        flags = Qt.TextFlag.TextWordWrap | self.alignment()
        metrics = self.fontMetrics()
        texts = [text.again() if isinstance(text, Said) else text for text in (*self._texts, self.text())]
        return max(metrics.boundingRect(0, 0, width, 10_000, int(flags), text).height() for text in texts)

    def sizeHint(self) -> QSize:  # noqa: N802
        """As wide as Qt would have it."""
        width = super().sizeHint().width()
        return QSize(width, self.heightForWidth(width))

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Another language: its texts are of another length."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange:
            self.updateGeometry()
