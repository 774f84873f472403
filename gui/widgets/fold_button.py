"""A button that folds what stands under it, and says what is wrong or different there while it is folded."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Slot
from PySide6.QtWidgets import QToolButton

from gui.language import said_again
from gui.widgets.looks import give
from gui.widgets.note import counted


class FoldButton(QToolButton):
    """An arrow and a text. `toggled` tells of opening and folding."""

    def __init__(self, text: str = "", *, role: str = "fold", opened: bool = False) -> None:
        super().__init__()
        self._text, self._name, self._hidden, self._problems = text, text, "", (0, 0)
        self.setAutoRaise(True)
        self.setProperty("role", role)
        self.setCheckable(True)
        self.setChecked(opened)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.toggled.connect(self._write)
        self._write()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Say it in another language."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange:
            self._text, self._name, self._hidden = map(said_again, (self._text, self._name, self._hidden))
            self._write()

    def name(self, text: str, accessible: str = "") -> None:
        """What it says, and what a screen reader says of it where that is more."""
        self._text, self._name = text, accessible or text
        self._write()

    def tell(self, *, hidden: str = "", problems: tuple[int, int] = (0, 0)) -> None:
        """What is to be said while it is folded: in words, and how many errors and warnings there are."""
        self._hidden, self._problems = hidden, problems
        self._write()

    @Slot()
    def _write(self) -> None:
        folded = not self.isChecked()
        self.setArrowType(Qt.ArrowType.RightArrow if folded else Qt.ArrowType.DownArrow)
        told = [part for part in (self._hidden, counted(*self._problems)) if part and folded]
        self.setText("  ".join([self._text, *told]))
        self.setAccessibleName(", ".join([self._name, *told]))
        give(self, wrong=folded and self._problems[0] > 0)
