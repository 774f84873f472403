"""The images of a part as the network called them: the worst mistakes first, by filter and by page."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from gui.numbers import count, loss
from gui.predictions.detail import Chosen, PredictionDetail
from gui.predictions.suspect_list import SuspectList
from gui.widgets.icon_button import IconButton
from gui.widgets.image_grid import MAX_CAPTION, ImageGrid, Picture
from gui.widgets.theme import Theme
from gui.widgets.type_size import tabular

if TYPE_CHECKING:
    from engine.trained.predictions import Predictions

PAGE = 100
"""Images on a page."""
CAPTION = MAX_CAPTION - 20
"""Pixels of a caption: the grid's, less its margin and a mark."""
LEGIBLE = 6
"""Characters of a name, at least, that say which it is."""
MISTAKES, ALL, RIGHT, SUSPECTED = range(4)


class PredictionImages(QWidget):
    """A choice of the samples, a page of it, and the sample that is looked at."""

    def __init__(self, detail: PredictionDetail) -> None:
        super().__init__()
        self.detail = detail
        self.predictions: Predictions | None = None
        self.rows: np.ndarray = np.zeros(0, dtype=np.int64)
        """The samples of the choice, in their order."""
        self.cell: tuple[int, int] | None = None
        self.class_number = -1
        self._page = 0
        self._by_hand = False
        """Whether the user has gone to the sample that is looked at."""
        self.filter = QComboBox()
        self.filter.setAccessibleName(self.tr("Which images"))
        self.filter.setToolTip(self.tr("Which images are shown, and in which order"))
        self.filter.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.filter.setMinimumContentsLength(12)
        for text in self._filter_texts(None):
            self.filter.addItem(text)
        self.filter.activated.connect(self._filtered)
        self.suspects = SuspectList()
        self.narrowed = QLabel()
        self.narrowed.setTextFormat(Qt.TextFormat.PlainText)
        self.narrowed.setWordWrap(True)
        self.widen = QPushButton(self.tr("Show all classes"))
        self.widen.setToolTip(self.tr("Shows the images of every class again"))
        self.widen.clicked.connect(self.show_all_classes)
        self.grid = ImageGrid()
        self.grid.setAccessibleName(self.tr("Images"))
        self.grid.selected.connect(self._selected)
        self.empty = QLabel()
        self.empty.setProperty("role", "muted")
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._make_pager()
        self._lay_out()

    def _make_pager(self) -> None:
        self.before, self.after = IconButton("chevron-left"), IconButton("chevron-right")
        for button, name, step in (
            (self.before, self.tr("Page before"), -1),
            (self.after, self.tr("Next page"), 1),
        ):
            button.setAccessibleName(name)
            button.setToolTip(name)
            button.clicked.connect(lambda checked=False, step=step: self._turn(step))
        self.place = QLabel()
        self.place.setFont(tabular(self.font()))
        self.place.setAlignment(Qt.AlignmentFlag.AlignCenter)

    def _lay_out(self) -> None:
        pager = QHBoxLayout()
        pager.setSpacing(4)
        pager.addStretch(1)
        for widget in (self.before, self.place, self.after):
            pager.addWidget(widget)
        narrow = QHBoxLayout()
        narrow.setSpacing(8)
        narrow.addWidget(self.narrowed, 1)
        narrow.addWidget(self.widen)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.filter)
        column.addWidget(self.suspects)
        column.addLayout(narrow)
        column.addWidget(self.grid, 1)
        column.addWidget(self.empty, 1)
        column.addLayout(pager)

    # --- what is chosen --------------------------------------------------------------------------

    def show_predictions(self, predictions: Predictions) -> None:
        """Show these; the filter, the classes and a sample chosen by hand stay where they are the same samples."""
        before = self.predictions
        same = before is not None and before.part == predictions.part and len(before) == len(predictions)
        row = self._row() if same and self._by_hand else -1
        if not same or before is None or before.classes != predictions.classes:
            self.cell, self.class_number = None, -1
        self.predictions = predictions
        self._fill(row)

    def open_cell(self, true: int, predicted: int) -> None:
        """Show the images of a cell of the confusion matrix alone."""
        self.cell, self.class_number = (true, predicted), -1
        self._fill()

    def open_class(self, number: int) -> None:
        """Show the images alone that are of a class or were called so."""
        self.cell, self.class_number = None, number
        self._fill()

    def show_all_classes(self) -> None:
        """Show the images of every class again."""
        self.cell, self.class_number = None, -1
        self._fill()

    def _filtered(self) -> None:
        self.cell = None
        self._fill()

    def _chosen_rows(self) -> np.ndarray:
        made = self.predictions
        assert made is not None
        if self.cell is not None:
            return made.cell(*self.cell)
        kinds = {MISTAKES: ~made.right, ALL: np.ones(len(made), bool), RIGHT: made.right, SUSPECTED: made.suspected}
        fits = kinds[self.filter.currentIndex()]
        if self.class_number >= 0:
            fits = fits & ((made.targets == self.class_number) | (made.predicted == self.class_number))
        return made.worst_first[fits[made.worst_first]]

    # --- showing ---------------------------------------------------------------------------------

    def _fill(self, row: int = -1) -> None:
        """Show the choice from its first page, or from the page of this sample."""
        if self.predictions is None:
            return
        self._by_hand = row >= 0
        self.rows = self._chosen_rows() if self.predictions.has_images else self.rows[:0]
        for number, text in enumerate(self._filter_texts(self.predictions)):
            self.filter.setItemText(number, text)
        self.suspects.show_predictions(self.predictions, visible=self.filter.currentIndex() == SUSPECTED)
        self._say_narrowed()
        place = np.flatnonzero(self.rows == row)
        self._show_page(int(place[0]) if len(place) else 0)

    def _turn(self, step: int) -> None:
        self._by_hand = True
        self._show_page((self._page + step) * PAGE)

    def _show_page(self, place: int) -> None:
        """Show the page of this place in the choice, and choose what is there."""
        self._page = place // PAGE
        first = self._page * PAGE
        rows = self.rows[first : first + PAGE]
        self.grid.show_pictures([self._picture(int(row)) for row in rows])
        self.grid.setVisible(len(rows) > 0)
        self.empty.setVisible(len(rows) == 0)
        self.empty.setText(self._nothing())
        told = self.tr("{first}–{last} of {count}")
        self.place.setText(told.format(first=first + 1, last=first + len(rows), count=count(len(self.rows))))
        for widget in (self.before, self.place, self.after):
            widget.setVisible(len(self.rows) > PAGE)
        self.before.setEnabled(self._page > 0)
        self.after.setEnabled(first + PAGE < len(self.rows))
        if len(rows):
            by_hand = self._by_hand
            self.grid.current = place - first
            self._by_hand = by_hand
        else:
            self.detail.clear()

    def _picture(self, row: int) -> Picture:
        made = self.predictions
        assert made is not None
        true, called, right = int(made.targets[row]), int(made.predicted[row]), bool(made.right[row])
        value = float(made.certainty[row])
        sure = f"{100 * value:.0f} %" if made.gives_probabilities else loss(value)
        names = made.class_names
        words = [names[called]] if right else [names[true], names[called]]
        told = self.tr("{caption}, loss {loss}")
        tip = told.format(caption=f"{' → '.join(words)} {sure}", loss=loss(float(made.losses[row])))
        caption = sure if self.cell is not None else caption_of(words, sure, self.fontMetrics())
        tone = ("good" if right else "bad") if self.cell is None and self.filter.currentIndex() == ALL else ""
        return Picture(made.pixels(row), caption, tip, tone)

    def _selected(self, number: int) -> None:
        made = self.predictions
        if made is None or number < 0:
            return
        self._by_hand = True
        row = int(self.rows[self._page * PAGE + number])
        self.detail.show_chosen(Chosen(
            made.input(row), made.pixels(row), made.outputs[row], int(made.predicted[row]), made.class_names,
            made.gives_probabilities, int(made.targets[row]), float(made.losses[row]),
        ))  # fmt: skip

    def _row(self) -> int:
        """The sample that is looked at; -1 for none."""
        return int(self.rows[self._page * PAGE + self.grid.current]) if self.grid.current >= 0 else -1

    def _filter_texts(self, made: Predictions | None) -> list[str]:
        right = int(made.right.sum()) if made is not None else 0
        all_, suspected = (len(made), int(made.suspected.sum())) if made is not None else (0, 0)
        return [
            self.tr("Mistakes, worst first ({count})").format(count=count(all_ - right)),
            self.tr("All, worst first ({count})").format(count=count(all_)),
            self.tr("Right, least sure first ({count})").format(count=count(right)),
            self.tr("Labels that may be wrong ({count})").format(count=count(suspected)),
        ]

    def _say_narrowed(self) -> None:
        made = self.predictions
        assert made is not None
        text, number = "", count(len(self.rows))
        if self.cell is not None:
            true, called = (made.class_names[each] for each in self.cell)
            told = (
                self.tr("{name}, recognised: {count}, least sure first")
                if true == called
                else self.tr("{name} called {other}: {count}, surest first")
            )
            text = told.format(name=true, other=called, count=number)
        elif self.class_number >= 0:
            name = made.class_names[self.class_number]
            text = self.tr("Is {name} or was called so: {count}").format(name=name, count=number)
        self.narrowed.setText(text)
        self.narrowed.setVisible(bool(text))
        self.widen.setVisible(bool(text))

    def _nothing(self) -> str:
        if self.predictions is not None and not self.predictions.has_images:
            return self.tr("The samples of this data set are no images: there is nothing to be seen of a single one.")
        if self.cell is not None:
            return self.tr("No image is in this cell.")
        return {
            MISTAKES: self.tr("No mistakes here."),
            SUSPECTED: self.tr(
                "No label is suspected: nowhere is the network surer of another class than it usually is of that class."
            ),
        }.get(self.filter.currentIndex(), self.tr("No images here."))

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        self.grid.set_theme(theme)


def caption_of(names: list[str], figure: str, metrics: QFontMetrics, room: int = CAPTION) -> str:
    """`Shirt → Coat 97 %`; where that is too long, without the figure, then with shorter names, then the last alone."""
    arrow = " → "
    for text in (f"{arrow.join(names)} {figure}", arrow.join(names)):
        if metrics.horizontalAdvance(text) <= room:
            return text
    left = room - metrics.horizontalAdvance(arrow) * (len(names) - 1)
    shortest = min(metrics.horizontalAdvance(name) for name in names)
    share = max(left // len(names), left - shortest if len(names) > 1 else left)
    if share < LEGIBLE * metrics.averageCharWidth():
        return metrics.elidedText(f"→ {names[-1]}", Qt.TextElideMode.ElideRight, room)
    return arrow.join(metrics.elidedText(name, Qt.TextElideMode.ElideRight, share) for name in names)
