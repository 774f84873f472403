"""What a network says of a part: the classes on one side, the images on the other; one at a time where it is narrow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from gui.numbers import count, percent
from gui.predictions.confusion_matrix import ConfusionMatrix
from gui.predictions.detail import PredictionDetail
from gui.predictions.images import PredictionImages
from gui.widgets.measured import by_type
from gui.widgets.segments import Segments
from gui.widgets.sortable_table import Column, SortableTable
from gui.widgets.theme import Theme

if TYPE_CHECKING:
    from engine.trained.predictions import Predictions

NARROW = 640
"""Below so many pixels there is room for one side."""
CLASSES, IMAGES = range(2)


class PredictionReview(QWidget):
    """Shows the predictions of a classification."""

    def __init__(self) -> None:
        super().__init__()
        self.matrix = ConfusionMatrix()
        self.table = SortableTable(self.tr("Figures of each class"), self._columns())
        self.detail = PredictionDetail()
        self.images = PredictionImages(self.detail)
        self.side = Segments(self.tr("Side"), [
            (self.tr("Classes"), self.tr("The confusion matrix and the figures of each class")),
            (self.tr("Images"), self.tr("The images, worst mistakes first")),
        ])  # fmt: skip
        self.view = Segments(self.tr("Classes as"), [
            (self.tr("Matrix"), self.tr("The confusion matrix: which classes are taken for which")),
            (self.tr("Per class"), self.tr("Precision, recall and F1 of each class")),
        ])  # fmt: skip
        self.rates = QCheckBox(self.tr("Rates"))
        self.rates.setToolTip(self.tr("Each cell shows its share of its row, in per cent, instead of its samples"))
        self.sentence = QLabel()
        self.sentence.setWordWrap(True)
        self.sentence.setTextFormat(Qt.TextFormat.PlainText)
        lines = self.sentence.setMinimumHeight
        by_type(self.sentence, lambda metrics: lines(2 * metrics.height()))  # nothing moves as it changes
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        # not that of both sides: where there is no room, one is shown
        by_type(self, lambda metrics: self.setMinimumSize(280, max(240, 12 * metrics.height())))
        self._lay_out()
        self._connect()

    def _columns(self) -> list[Column]:
        return [
            Column(self.tr("Class"), self.tr("Choose a class to see its images alone")),
            Column(self.tr("Precision"), self.tr("Of the samples that were called so, the share that is so"), percent),
            Column(self.tr("Recall"), self.tr("Of the samples of this class, the share that was recognised"), percent),
            Column(self.tr("F1"), self.tr("Harmonic mean of precision and recall"), percent),
            Column(self.tr("Samples"), self.tr("Samples of this class (support)"), count),
        ]

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self.view)
        line.addStretch(1)
        line.addWidget(self.rates)
        shown = QWidget()
        column = QVBoxLayout(shown)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.sentence)
        column.addWidget(self.matrix, 1)
        self._stack = QStackedWidget()
        self._stack.addWidget(shown)
        self._stack.addWidget(self.table)
        self._classes = QWidget()
        classes = QVBoxLayout(self._classes)
        classes.setSpacing(8)
        classes.addLayout(line)
        classes.addWidget(self._stack, 1)
        self.images.layout().setContentsMargins(0, 0, 0, 8)
        self.detail.layout().setContentsMargins(0, 8, 0, 0)
        self._samples = QSplitter(Qt.Orientation.Vertical)
        self._samples.setChildrenCollapsible(False)
        self._samples.addWidget(self.images)
        self._samples.addWidget(self.detail)
        self._sides = QSplitter(Qt.Orientation.Horizontal)
        self._sides.setChildrenCollapsible(False)
        beside = QWidget()
        margin = QVBoxLayout(beside)
        margin.setContentsMargins(0, 0, 0, 0)
        margin.addWidget(self._samples)
        self._beside = beside
        self._sides.addWidget(self._classes)
        self._sides.addWidget(beside)
        for splitter, shares in ((self._samples, (560, 440)), (self._sides, (500, 500))):
            splitter.setSizes(shares)
            for number, share in enumerate(shares):
                splitter.setStretchFactor(number, share)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(8)
        whole.addWidget(self.side, 0, Qt.AlignmentFlag.AlignLeft)
        whole.addWidget(self._sides, 1)

    def _connect(self) -> None:
        self.side.chosen.connect(self._arrange)
        self.view.chosen.connect(self._show_view)
        self.rates.toggled.connect(self.matrix.show_rates)
        self.matrix.looked_at.connect(self._tell)
        self.matrix.opened.connect(self._open_cell)
        self.table.chosen.connect(self._open_class)

    @property
    def is_narrow(self) -> bool:
        """Whether one side is shown at a time."""
        return self.width() < NARROW

    def show_predictions(self, made: Predictions) -> None:
        """Show these."""
        self.matrix.show_counts(made.confusion, made.class_names)
        figures = made.figures
        columns = (figures.precision.tolist(), figures.recall.tolist(), figures.f1.tolist(), figures.support.tolist())
        self.table.show_rows(list(zip(made.class_names, *columns, strict=True)))
        self.images.show_predictions(made)
        self._tell(*(self.matrix.current or (-1, -1)))
        self._arrange()

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        for part in (self.matrix, self.images, self.detail):
            part.set_theme(theme)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Show both sides where there is room."""
        super().resizeEvent(event)
        self._arrange()

    @Slot()
    def _arrange(self) -> None:
        self.side.setVisible(self.is_narrow)
        self._classes.setVisible(not self.is_narrow or self.side.current == CLASSES)
        self._beside.setVisible(not self.is_narrow or self.side.current == IMAGES)
        for widget, left, right in ((self._classes, 0, 8), (self._beside, 8, 0)):
            margin = 0 if self.is_narrow else 1
            widget.layout().setContentsMargins(margin * left, 0, margin * right, 0)

    @Slot(int)
    def _show_view(self, number: int) -> None:
        self._stack.setCurrentIndex(number)
        self.rates.setVisible(number == 0)

    @Slot(int, int)
    def _tell(self, row: int, column: int) -> None:
        told = self.tr("Point at a cell to read it; click it, or press Enter, to see its images.")
        self.sentence.setText(self.matrix.sentence(row, column) if row >= 0 else told)

    @Slot(int, int)
    def _open_cell(self, row: int, column: int) -> None:
        self.images.open_cell(row, column)
        self._turn_to_images()

    @Slot(int)
    def _open_class(self, number: int) -> None:
        if number >= 0:
            self.images.open_class(number)

    def _turn_to_images(self) -> None:
        if self.is_narrow:
            self.side.current = IMAGES
            self._arrange()
            self.images.grid.setFocus()
