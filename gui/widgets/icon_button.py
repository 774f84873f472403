"""A small button that is an icon, in the colours of the present theme."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QApplication, QToolButton

from gui.widgets.icons import icon


class IconButton(QToolButton):
    """A button without text. Give it a tool tip and an accessible name."""

    def __init__(self, name: str, *, accent: bool = False) -> None:
        super().__init__()
        self._name = name
        self._role = QPalette.ColorRole.Highlight if accent else QPalette.ColorRole.PlaceholderText
        self.setAutoRaise(True)
        self.setIconSize(QSize(14, 14))
        self.setFixedSize(24, 24)
        self.setProperty("role", "icon")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._draw()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Draw the icon anew in the colours of another theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._draw()

    def _draw(self) -> None:
        colours = QApplication.palette()  # a style sheet gives the button one colour for every kind of text
        mute = colours.color(QPalette.ColorRole.Mid).name()
        self.setIcon(icon(self._name, colours.color(self._role).name(), mute))
