"""One run of a lesson: the button that trains it, how it stands, and what is to be seen in it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from gui.lessons.words import Stand, standing
from gui.widgets.elided_label import ElidedLabel


class RunRow(QWidget):
    """A run that is done may be watched again."""

    pressed = Signal(str)
    """The id of the variant: it is to be trained."""

    def __init__(self, id: str, label: str) -> None:
        super().__init__()
        self.id = id
        self.button = QPushButton(label)
        self.button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.button.clicked.connect(self._on_pressed)
        self.stand = ElidedLabel()
        self.stand.setProperty("role", "muted")
        self.found = QLabel()
        self.found.setTextFormat(Qt.TextFormat.PlainText)
        self.found.setWordWrap(True)
        self.found.hide()
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self.button, 3)
        line.addWidget(self.stand, 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(line)
        column.addWidget(self.found)

    def show_standing(self, stand: Stand, *, may_train: bool, found: str) -> None:
        """Show how the run stands."""
        self.stand.setText(standing(stand))
        coming = stand in (Stand.WAITS, Stand.TRAINS)
        self.button.setEnabled(may_train and not coming)
        tips = {
            Stand.DONE: self.tr("Train it once more, to watch it"),
            Stand.LEFT: self.tr("Go on with it"),
            Stand.WAITS: self.tr("It trains when the run before it has ended"),
            Stand.TRAINS: self.tr("It trains: watch the curves"),
        }
        tip = tips.get(stand, self.tr("Train it, over the curves that are there"))
        self.button.setToolTip(tip if may_train else self.tr("Guess first"))
        self.found.setText(found)
        self.found.setVisible(bool(found))

    @Slot()
    def _on_pressed(self) -> None:
        self.pressed.emit(self.id)
