"""A user's own pictures and what the network calls them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from gui.numbers import count, loss
from gui.predictions.detail import Chosen, PredictionDetail
from gui.widgets.image_grid import ImageGrid, Picture
from gui.widgets.scroll_area import UprightScrollArea
from gui.widgets.text_window import TextWindow
from gui.widgets.theme import Theme
from gui.words import say

if TYPE_CHECKING:
    from engine.trained.classify import Classified


class ClassifyView(QWidget):
    """Shows a `Classified`, and one of its pictures large."""

    back_pressed = Signal()
    more_pressed = Signal()
    invert_asked = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.classified: Classified | None = None
        self._names: tuple[str, ...] = ()
        self._probabilities = True
        self.heading = QLabel()
        self.heading.setProperty("role", "heading")
        self.heading.setWordWrap(True)
        self.back = QPushButton(self.tr("Back to the data"))
        self.back.setToolTip(self.tr("Shows the predictions of the run's own samples again"))
        self.back.clicked.connect(self.back_pressed)
        self.more = QPushButton(self.tr("Other images…"))
        self.more.setToolTip(self.tr("Choose other image files to classify"))
        self.more.clicked.connect(self.more_pressed)
        self.invert = QCheckBox(self.tr("Invert light and dark"))
        self.invert.setToolTip(
            self.tr("For photographs on a light ground and a network that was trained on a dark one, or the reverse")
        )
        self.invert.toggled.connect(self.invert_asked)
        self.note = QLabel()
        self.note.setProperty("role", "muted")
        self.note.setWordWrap(True)
        self.grid = ImageGrid()
        self.grid.setAccessibleName(self.tr("Your images"))
        self.grid.setMinimumHeight(96)
        self.grid.selected.connect(self._selected)
        self.detail = PredictionDetail()
        self.refused = QLabel()
        self.refused.setWordWrap(True)
        self.refused.setTextFormat(Qt.TextFormat.PlainText)
        self.why = QPushButton(self.tr("Show why"))
        self.why.setToolTip(self.tr("Lists each file that could not be read, with the reason"))
        self.why.clicked.connect(self._show_reasons)
        self._lay_out()

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.heading, 1)
        buttons.addWidget(self.more)
        buttons.addWidget(self.back)
        upper = QWidget()
        column = QVBoxLayout(upper)
        column.setContentsMargins(0, 0, 0, 8)
        column.setSpacing(8)
        column.addWidget(self.grid, 1)
        left_out = QHBoxLayout()
        left_out.setSpacing(8)
        left_out.addWidget(self.refused, 1)
        left_out.addWidget(self.why)
        column.addLayout(left_out)
        self.parts = QSplitter(Qt.Orientation.Vertical)
        self.parts.setChildrenCollapsible(False)
        self.detail.layout().setContentsMargins(0, 8, 0, 0)
        self.parts.addWidget(upper)
        self.parts.addWidget(self.detail)
        self.parts.setStretchFactor(0, 1)
        inner = QWidget()
        whole = QVBoxLayout(inner)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(8)
        whole.addLayout(buttons)
        whole.addWidget(self.invert)
        whole.addWidget(self.note)
        whole.addWidget(self.parts, 1)
        area = UprightScrollArea()
        area.setAccessibleName(self.tr("Your images"))
        area.setWidget(inner)
        inner.setAutoFillBackground(False)  # which the area has turned on
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(area)

    def show_classified(
        self, classified: Classified, names: tuple[str, ...], probabilities: bool, by_itself: bool
    ) -> None:
        """Show what a network says of some pictures; `by_itself` where light and dark were exchanged unasked."""
        row = self.grid.current if self.classified is not None and self.classified.pile is classified.pile else 0
        self.classified, self._names, self._probabilities = classified, names, probabilities
        number = len(classified.images)
        text = self.tr("1 image of yours") if number == 1 else self.tr("{count} images of yours")
        self.heading.setText(text.format(count=count(number)))
        blocked = self.invert.blockSignals(True)
        self.invert.setChecked(classified.inverted)
        self.invert.blockSignals(blocked)
        self.invert.setVisible(number > 0)
        self.note.setText(self._note(by_itself))
        self.note.setVisible(number > 0)
        self._show_refused()
        self.grid.show_pictures([self._picture(each) for each in range(number)], 72)
        self.parts.widget(1).setVisible(number > 0)
        self.grid.setVisible(number > 0)
        if number:
            self.grid.current = max(0, min(row, number - 1))
        else:
            self.detail.clear()

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        self.grid.set_theme(theme)
        self.detail.set_theme(theme)

    def _note(self, by_itself: bool) -> str:
        assert self.classified is not None
        height, width = self.classified.images.shape[2:] if self.classified.images.ndim == 4 else (0, 0)
        grey = self.classified.images.shape[1] == 1
        size = f"{width}×{height}"
        fitted = (
            self.tr("Seen by the network as here: grey, {size}, the shorter side fitted, the middle kept.")
            if grey
            else self.tr("Seen by the network as here: {size}, the shorter side fitted, the middle kept.")
        ).format(size=size)
        if not by_itself:
            return fitted
        why = self.tr("Light and dark were exchanged: these have a light ground, the training images a dark one.")
        return f"{why} {fitted}"

    def reasons(self) -> list[str]:
        """Why files are not among the pictures, a line each."""
        return [say(each.reason) for each in self.classified.pile.refused] if self.classified is not None else []

    def _show_refused(self) -> None:
        assert self.classified is not None
        reasons, left_out = self.reasons(), self.classified.pile.left_out
        told = []
        if len(reasons) == 1:
            told.append(self.tr("Not read: {reason}.").format(reason=reasons[0]))
        elif reasons:
            told.append(self.tr("{count} files could not be read.").format(count=count(len(reasons))))
        if left_out:
            told.append(self.tr("{count} more files were left out.").format(count=count(left_out)))
        self.refused.setText(" ".join(told))
        self.refused.setVisible(bool(told))
        self.why.setVisible(len(reasons) > 1)

    def _show_reasons(self) -> None:
        TextWindow(self.tr("Files that could not be read"), "\n".join(self.reasons()), self.window()).show()

    def _picture(self, number: int) -> Picture:
        from engine.trained.predictions import displayed

        made = self.classified
        assert made is not None
        called, name = int(made.predicted[number]), made.pile.files[number].name
        value = float(made.outputs[number, called])
        sure = f"{100 * value:.0f} %" if self._probabilities else loss(value)
        caption = f"{self._names[called]} {sure}"
        return Picture(displayed(made.images[number]), caption, f"{name}: {caption}")

    def _selected(self, number: int) -> None:
        from engine.trained.predictions import displayed

        made = self.classified
        if made is None or number < 0:
            return
        image = made.images[number]
        self.detail.show_chosen(Chosen(
            image, displayed(image), made.outputs[number], int(made.predicted[number]), self._names,
            self._probabilities, title=made.pile.files[number].name,
        ))  # fmt: skip
