"""The Data tab: what the data set is, how its classes are balanced, its images, and what augmentation makes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFrame, QPushButton, QStackedLayout, QVBoxLayout, QWidget

from engine.config import RunConfig
from gui import numbers
from gui.background import Trouble
from gui.data.augmentation_preview import AugmentationPreview
from gui.data.check_view import CheckView
from gui.data.classes import Classes
from gui.data.facts import FactsBar
from gui.data.kept import KeptButton
from gui.data.label_check import LabelCheckView
from gui.data.samples import SampleCard, Samples
from gui.data.scatter import Scatter
from gui.data.unread import Unread
from gui.panel import Panel
from gui.widgets.flow import FlowLayout
from gui.widgets.scroll_area import UprightScrollArea
from gui.widgets.text_window import TextWindow
from gui.widgets.theme import Theme
from gui.words import say, title
from gui.workbench import NOT_READ, PARTS, Workbench

if TYPE_CHECKING:
    from engine.preview.data_view import Facts

GRID_WIDTH = 280
"""Pixels that images need beside the classes; with less, they stand under them."""
LEAST_LINES = 4
"""Lines of the list of classes where it stands beside the images, at least."""
LINES_STACKED = 6
"""Lines of the list of classes where it stands above the images."""
MANY = 1_000
"""More lines than any window shows."""
NOT_HERE = "not-here-yet"


class DataPanel(Panel):
    """Of the settings on the left, not of the run in front: what Start would train on."""

    settings_asked = Signal(object)
    """Other settings, which mend something about the data."""
    data_changed = Signal()
    """Pictures were read or removed: what needs them can be told now, or no longer."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self.facts: Facts | None = None
        self._asked: tuple[object, ...] | None = None
        self._shown: tuple[object, ...] | None = None
        self._failed_at: tuple[object, ...] | None = None
        self.unread = Unread(bench)
        self.notice = self.unread.notice
        self.bar = FactsBar()
        self.classes = Classes()
        self.card = SampleCard()
        self.samples = Samples(bench)
        self.scatter = Scatter(bench)
        self.preview = AugmentationPreview(bench)
        self.labels = LabelCheckView(bench)
        self.check_button = QPushButton(self.tr("Check pictures"))
        self.check_button.setToolTip(
            self.tr("Looks for duplicates, leaks between the parts, unreadable files and more in the folder")
        )
        self.check_button.hide()
        self.left_out = QPushButton()
        self.left_out.setToolTip(self.tr("What is not used of the folder, each file with its reason"))
        self.left_out.hide()
        self.check = CheckView(bench)
        self.kept = KeptButton(bench)
        self._lay_out()
        self.check_button.clicked.connect(self._check_pressed)
        self.left_out.clicked.connect(self._list_left_out)
        self.check.back_pressed.connect(self._back_to_data)
        self.check.settings_asked.connect(self.settings_asked)
        self.labels.settings_asked.connect(self.settings_asked)
        self.unread.read.connect(self._on_read)
        self.kept.removed.connect(self._on_read)
        self.classes.chosen.connect(self.samples.show_class)
        self.samples.selected.connect(self.card.show_sample)
        self._say(
            self.tr(
                "Here you will see the data set that is chosen on the left: its shapes and ranges, how many samples "
                "each class has, its images, and what the ticked augmentations make of them."
            )
        )

    def _lay_out(self) -> None:
        self._side = QVBoxLayout()
        self._side.setSpacing(8)
        self._side.addWidget(self.classes, 100)
        self._side.addStretch(1)
        self._middle = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._middle.setSpacing(16)
        self._middle.addLayout(self._side)
        self._middle.addWidget(self.samples, 1)
        self._middle.addWidget(self.scatter, 1)
        self._middle.addWidget(self.card)
        self._line = QFrame()
        self._line.setFixedHeight(1)
        self._line.setProperty("role", "rule")
        content = QWidget()
        content.setProperty("role", "page")
        column = QVBoxLayout(content)
        column.setContentsMargins(4, 12, 8, 4)
        column.setSpacing(12)
        column.addWidget(self.bar)
        column.addLayout(self._middle, 1)
        column.addWidget(self._line)
        column.addWidget(self.preview)
        column.addWidget(self.labels)
        self.area = UprightScrollArea()
        self.area.setAccessibleName(self.tr("Data set"))
        self.area.setWidget(content)
        self._stack = QStackedLayout()
        self._stack.addWidget(self.unread)
        self._stack.addWidget(self.area)
        self._pages = QStackedLayout(self)
        offer = FlowLayout(8, line_spacing=4)
        offer.setContentsMargins(4, 8, 8, 0)
        for button in (self.check_button, self.left_out, self.kept):
            offer.addWidget(button)
        data = QWidget()
        below = QVBoxLayout(data)
        below.setContentsMargins(0, 0, 0, 0)
        below.setSpacing(0)
        below.addLayout(offer)
        below.addLayout(self._stack, 1)
        self._pages.addWidget(data)
        self._pages.addWidget(self.check)

    def refresh(self) -> None:
        """Show what is new in the settings."""
        config = self.config
        if config is None:
            return
        self._show_check(config)
        self.unread.settle(config)
        wanted = what_is_told(config)
        if wanted != self._asked:
            self._ask(config, wanted)
        if self._shown is not None and self._shown == wanted:
            self._show_preview(config)

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        for widget in (self.classes, self.samples, self.scatter, self.preview, self.labels, self.check):
            widget.set_theme(theme)
        super().set_theme(theme)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Put images beside the classes, or under them where that is too narrow."""
        super().resizeEvent(event)
        self._arrange()

    def _show_check(self, config: RunConfig) -> None:
        """Offer the check where there is a folder of pictures; elsewhere there is none to go on with."""
        try:
            folder = config.dataset.picture_folder
        except Exception:  # noqa: BLE001 a plugin may raise anything; it is named where its data are read
            folder = ""
        self.check_button.setVisible(bool(folder))
        self.check.show_folder(folder)
        self.check.show_settings(config)
        if self.check.idle:
            self._back_to_data()

    @Slot()
    def _check_pressed(self) -> None:
        self._pages.setCurrentWidget(self.check)
        if self.check.idle:
            self.check.begin()

    @Slot()
    def _back_to_data(self) -> None:
        self._pages.setCurrentIndex(0)

    def _ask(self, config: RunConfig, wanted: tuple[object, ...]) -> None:
        self._asked = wanted
        bench = self.bench
        if wanted != self._failed_at and (self._shown is None or self._shown[0] != wanted[0]):
            self._say(self.tr("Reading {name} …").format(name=title(type(config.dataset))))

        def look() -> Facts:
            from engine.preview.data_view import facts_of

            return facts_of(bench.parts(config), config)

        bench.background.ask("data-facts", look, lambda facts: self._show(config, facts), self._failed)

    def _show(self, config: RunConfig, facts: Facts) -> None:
        told, before = what_is_told(config), self._shown
        self.facts, self._shown = facts, told
        self.bar.show_facts(config, facts)
        if before is None or before[: len(PARTS)] != told[: len(PARTS)]:
            self._show_parts(config, facts)
        self._show_left_out(len(facts.left_out))
        self.kept.look()
        self._stack.setCurrentWidget(self.area)
        self._arrange()
        self._show_preview(self.config or config)

    def _show_parts(self, config: RunConfig, facts: Facts) -> None:
        images = facts.are_images
        self.classes.setVisible(bool(facts.classes))
        self.card.setVisible(images)
        self.samples.setVisible(images)
        self.scatter.setVisible(not images)
        self.preview.setVisible(images)
        self.labels.setVisible(images and bool(facts.classes))
        self._line.setVisible(images)
        self.classes.show_facts(facts)
        self.card.show_sample(None)
        self.preview.forget()
        if images:
            self.samples.show_parts(config, facts, self.classes.current)
        else:
            self.scatter.show_parts(config, facts)

    def _show_left_out(self, count: int) -> None:
        self.left_out.setVisible(count > 0)
        self.left_out.setText(self.tr("Left out: {count}").format(count=numbers.count(count)))

    @Slot()
    def _list_left_out(self) -> None:
        if self.facts is not None:
            text = "\n".join(say(each) for each in self.facts.left_out)
            TextWindow(self.tr("What is left out of the pictures"), text, self.window()).show()

    def _show_preview(self, config: RunConfig) -> None:
        if self.facts is not None and self.facts.are_images:
            self.preview.show_settings(config, self.facts)
            self.labels.show_settings(config)

    def _failed(self, trouble: Trouble) -> None:
        self._failed_at, self._asked, self._shown = self._asked, None, None  # tried again: the data may come
        self.kept.look()
        text = say(trouble.text)
        if trouble.text.code == NOT_READ:
            self._say(self.tr("{what}. Or read them now, to see them here.").format(what=text), offer=self.config)
        elif trouble.text.code == NOT_HERE:
            self._say(self.tr("{what}. Then they are shown here.").format(what=text))
        else:
            self._say(text, failure=True)

    def _say(self, text: str, *, failure: bool = False, offer: RunConfig | None = None) -> None:
        self.unread.say(text, failure=failure, offer=offer)
        self._show_left_out(0)
        self._stack.setCurrentWidget(self.unread)

    @Slot()
    def _on_read(self) -> None:
        """Pictures were read, or removed."""
        self._asked = self._shown = self._failed_at = None
        self.touch()
        self.data_changed.emit()

    def _arrange(self) -> None:
        wide = self.width() >= self.classes.sizeHint().width() + 16 + GRID_WIDTH
        direction = QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom
        if self._middle.direction() != direction:
            self._middle.setDirection(direction)
            self._side.insertWidget(1, self.card) if wide else self._middle.addWidget(self.card)
        self.classes.show_lines(*((LEAST_LINES, MANY) if wide else (LINES_STACKED, LINES_STACKED)))
        self.samples.grid.setMinimumHeight(160 if wide else 280)


def what_is_told(config: RunConfig) -> tuple[object, ...]:
    """The settings that the facts depend on: first those by which the parts are cut, the data set first of all."""
    return (*(getattr(config, name) for name in PARTS), config.scaling, config.model)
