"""One run of a lesson: the button that trains it, and how it stands."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from gui.lessons.words import Stand, standing
from gui.widgets.elided_button import ElidedButton
from gui.widgets.elided_label import ElidedLabel


class RunRow(QWidget):
    """A run that is done may be watched again. The column that says how it stands is as wide as its longest word."""

    pressed = Signal(str)
    """The id of the variant: it is to be trained."""

    def __init__(self, id: str, label: str) -> None:
        super().__init__()
        self.id = id
        self.button = ElidedButton(label)
        self.button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)  # as wide as its place
        self.button.clicked.connect(self._on_pressed)
        self.stand = ElidedLabel()
        self.stand.setProperty("role", "muted")
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        line.addWidget(self.button, 1)
        line.addWidget(self.stand)
        self._make_room()

    def show_standing(self, stand: Stand, *, may_train: bool) -> None:
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

    def _make_room(self) -> None:
        metrics = self.stand.fontMetrics()
        self.stand.setFixedWidth(max(metrics.horizontalAdvance(standing(each)) for each in Stand) + 2)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """In another language or type, the words are of another width."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.LanguageChange, QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._make_room()

    @Slot()
    def _on_pressed(self) -> None:
        self.pressed.emit(self.id)
