"""The images of a part, page by page, and one of them enlarged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from engine.config import RunConfig
from gui import numbers
from gui.background import Trouble
from gui.data.facts import figure
from gui.settings.choice_row import QuietComboBox
from gui.widgets.flow import FlowLayout
from gui.widgets.image_grid import ImageGrid, Picture, draw_image
from gui.widgets.looks import give
from gui.widgets.theme import Theme
from gui.widgets.type_size import tabular
from gui.words import say
from gui.workbench import Workbench

if TYPE_CHECKING:
    from engine.preview.data_view import Facts, Page, Sample

LARGE = 112
"""Pixels of the longer edge of an image that is shown large."""


class Samples(QWidget):
    """A page of images, and what chooses it. Emits `selected` with a `Sample`, or None."""

    selected = Signal(object)

    def __init__(self, bench: Workbench) -> None:
        super().__init__()
        self._bench = bench
        self._config: RunConfig | None = None
        self._page: Page | None = None
        self._label, self._number = -1, 0
        self.part = QuietComboBox()
        self.part.setSizeAdjustPolicy(QuietComboBox.SizeAdjustPolicy.AdjustToContents)
        self.part.setMinimumContentsLength(0)
        self.part.setAccessibleName(self.tr("Part of the data set"))
        self.part.setToolTip(self.tr("Which part's images are shown."))
        self.shuffled = QCheckBox(self.tr("Shuffled"))
        self.shuffled.setChecked(True)
        self.shuffled.setToolTip(self.tr("Show the images in a mixed order, always the same; else as they are stored."))
        self.where = QLabel()
        self.where.setFont(tabular(self.where.font()))
        give(self.where, role="muted")
        self.back = self._arrow(Qt.ArrowType.LeftArrow, self.tr("Previous page"))
        self.on = self._arrow(Qt.ArrowType.RightArrow, self.tr("Next page"))
        self.trouble = QLabel()
        self.trouble.setTextFormat(Qt.TextFormat.PlainText)
        self.trouble.setWordWrap(True)
        self.trouble.hide()
        give(self.trouble, role="error")
        self.grid = ImageGrid()
        self.grid.setAccessibleName(self.tr("Images"))
        self._lay_out()
        self.part.activated.connect(self._chosen_anew)
        self.shuffled.toggled.connect(self._chosen_anew)
        self.back.clicked.connect(lambda: self._turn(-1))
        self.on.clicked.connect(lambda: self._turn(1))
        self.grid.selected.connect(self._selected)

    def _arrow(self, arrow: Qt.ArrowType, name: str) -> QToolButton:
        button = QToolButton()
        button.setArrowType(arrow)
        button.setAutoRaise(True)
        button.setToolTip(name)
        button.setAccessibleName(name)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        return button

    def _lay_out(self) -> None:
        pager = QWidget()
        line = QHBoxLayout(pager)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(0)
        for widget in (self.back, self.where, self.on):
            line.addWidget(widget)
        head = FlowLayout(8, line_spacing=4)
        for widget in (self.part, self.shuffled, pager):
            head.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self.trouble)
        column.addWidget(self.grid, 1)

    def show_parts(self, config: RunConfig, facts: Facts, label: int) -> None:
        """Show the images of a data set, of one class or (-1) of all; the part stays where it is there too."""
        self._config, self._label, self._number = config, label, 0
        kept = self.part.currentData()
        names = {"training": self.tr("Training"), "validation": self.tr("Validation"), "test": self.tr("Test")}
        self.part.clear()
        for name in facts.shapes:
            self.part.addItem(names[name], name)
        self.part.setCurrentIndex(max(0, self.part.findData(kept)))
        self._ask()

    def show_class(self, label: int) -> None:
        """Show the images of one class, or (-1) of all."""
        self._label, self._number = label, 0
        self._ask()

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        self.grid.set_theme(theme)

    @Slot()
    def _chosen_anew(self) -> None:
        self._number = 0
        self._ask()

    def _turn(self, by: int) -> None:
        self._number += by
        self._ask()

    def _ask(self) -> None:
        config = self._config
        if config is None:
            return
        bench, part, label, number = self._bench, self.part.currentData(), self._label, self._number
        shuffled = self.shuffled.isChecked()

        def look() -> Page:
            from engine.preview.data_view import page_of

            return page_of(bench.parts(config), part, None if label < 0 else label, shuffled=shuffled, number=number)

        bench.background.ask("data-page", look, self._show_page, self._failed)

    def _show_page(self, page: Page) -> None:
        self.trouble.hide()
        self._page = page
        self._number = page.number
        self.grid.show_pictures([Picture(sample.pixels, sample.label, self._tip(sample)) for sample in page.samples])
        text = self.tr("{first}–{last} of {count}") if page.samples else self.tr("none")
        first, last = numbers.count(page.first + 1), numbers.count(page.first + len(page.samples))
        # As wide as the last page's text, so that the arrows stay where they are.
        count = numbers.count(page.count)
        widest = self.tr("{first}–{last} of {count}").format(first=count, last=count, count=count)
        self.where.setMinimumWidth(self.where.fontMetrics().horizontalAdvance(widest))
        self.where.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.where.setText(text.format(first=first, last=last, count=count))
        self.back.setEnabled(page.number > 0)
        self.on.setEnabled(page.number + 1 < page.pages)

    def _failed(self, trouble: Trouble) -> None:
        self.trouble.setText(say(trouble.text))
        self.trouble.show()

    def _tip(self, sample: Sample) -> str:
        return self.tr("{label}, index {row}").format(label=sample.label, row=numbers.count(sample.row))

    def _selected(self, number: int) -> None:
        shown = self._page is not None and 0 <= number < len(self._page.samples)
        self.selected.emit(self._page.samples[number] if shown and self._page is not None else None)


class SampleCard(QWidget):
    """One image, large, with what there is to say of it."""

    def __init__(self) -> None:
        super().__init__()
        self.sample: Sample | None = None
        self.label = QLabel()
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        give(self.label, role="heading")
        self.facts = QLabel()
        self.facts.setTextFormat(Qt.TextFormat.PlainText)
        self.facts.setFont(tabular(self.facts.font()))
        give(self.facts, role="muted")
        for widget in (self.label, self.facts):
            widget.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.label)
        column.addWidget(self.facts)
        column.addStretch(1)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.show_sample(None)

    def show_sample(self, sample: Sample | None) -> None:
        """Show this one, or say how to choose one."""
        self.sample = sample
        self.layout().setContentsMargins(0 if sample is None else LARGE + 8, 0, 0, 0)
        if sample is None:
            self.label.setText("")
            self.facts.setText(self.tr("Click an image to see it large."))
        else:
            height, width = sample.pixels.shape[:2]
            text = self.tr("index {row}\n{height} × {width} pixels\n{low} to {high}\nmean {mean}")
            self.label.setText(sample.label)
            self.facts.setText(
                text.format(
                    row=numbers.count(sample.row),
                    height=height,
                    width=width,
                    low=sample.low,
                    high=sample.high,
                    mean=figure(sample.mean),
                )
            )
        self.update()

    def hasHeightForWidth(self) -> bool:  # noqa: N802
        """No: whatever is shown, nothing moves."""
        return False

    def sizeHint(self) -> QSize:  # noqa: N802
        """Room for the image, and six lines of text beside it."""
        return QSize(2 * LARGE, max(LARGE, 6 * self.fontMetrics().lineSpacing() + 4))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Draw the image."""
        if self.sample is None:
            return
        painter = QPainter(self)
        draw_image(painter, self.sample.pixels, QRect(0, 0, LARGE, LARGE), LARGE)
        painter.end()
