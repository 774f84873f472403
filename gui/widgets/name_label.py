"""The name of a line in a form, marked where the line is not as it is by default, and the way back."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QWidget

from gui.widgets.icon_button import IconButton
from gui.widgets.measured import by_type

LABEL_CHARACTERS = 15
"""Width of the column of names, in average characters: the same in every form, so that columns align."""
MARGIN = 8
"""Room for the mark."""
DOT = 2.5
"""Its radius."""


class NameLabel(QLabel):
    """A name in a column as wide as all such columns, with a dot at its right where it is marked.

    A button given as `beside` stands within the column, between the name and the dot.
    """

    def __init__(self, text: str, beside: QWidget | None = None) -> None:
        super().__init__(text)
        self.marked = False
        self._beside = beside
        self.setWordWrap(True)
        if beside is not None:
            beside.setFixedWidth(18)
        room = 0 if beside is None else beside.width()
        self.setContentsMargins(0, 0, MARGIN + room, 0)
        by_type(self, lambda metrics: self.setFixedWidth(metrics.averageCharWidth() * LABEL_CHARACTERS + MARGIN))
        if beside is not None:
            beside.setParent(self)
            self.setMinimumHeight(beside.height())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Keep the button in its place."""
        super().resizeEvent(event)
        if self._beside is not None:
            self._beside.move(
                self.width() - MARGIN - self._beside.width(), (self.height() - self._beside.height()) // 2
            )

    def mark(self, marked: bool) -> None:
        """Say that the line differs from its default, or does not."""
        self.marked = marked
        self.setAccessibleDescription(self.tr("changed") if marked else "")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Draw the dot beside the text."""
        super().paintEvent(event)
        if self.marked:
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self.palette().highlight())
            painter.drawEllipse(QPointF(self.width() - MARGIN / 2, self.height() / 2), DOT, DOT)


class ResetButton(IconButton):
    """Back to the default. Hidden where there is nothing to reset, and nothing shifts when it appears."""

    def __init__(self, name: str, default: str) -> None:
        super().__init__("reset", accent=True)
        self.setToolTip(self.tr("Changed. Back to the default: {value}").format(value=default))
        self.setAccessibleName(self.tr("Reset {name}").format(name=name))
        policy = self.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.setSizePolicy(policy)
        self.hide()
