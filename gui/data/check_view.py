"""The check of one's own pictures: what is wrong with their folder, and what to do about it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSplitter, QVBoxLayout, QWidget

from engine.config import RunConfig
from engine.message import Message
from gui import numbers
from gui.background import Trouble
from gui.data.check_detail import CheckDetail
from gui.data.check_tree import CheckTree
from gui.data.check_words import show_with_names
from gui.told_work import STOPPED, ToldWork
from gui.widgets.flow import FlowLayout
from gui.widgets.looks import give
from gui.widgets.progress_bar import ProgressBar
from gui.widgets.scroll_area import UprightScrollArea
from gui.widgets.theme import Theme
from gui.words import say
from gui.workbench import Workbench

if TYPE_CHECKING:
    from engine.data import Report
    from engine.data_checks.finding import DataCheck

KEY = "data-check"


def _check(folder: str, report: Report) -> DataCheck:
    """In the background."""
    from engine.data_checks.check import check_folder

    return check_folder(folder, report)


class CheckView(QWidget):
    """Looks at a folder when that is asked. Emits `back_pressed`, and `settings_asked` with other settings."""

    back_pressed = Signal()
    settings_asked = Signal(object)

    def __init__(self, bench: Workbench) -> None:
        super().__init__()
        self._bench = bench
        self.folder = ""
        self._asked = False
        self.check: DataCheck | None = None
        self._work: ToldWork | None = None
        self.heading = QLabel(self.tr("What is wrong with the pictures"))
        give(self.heading, role="heading")
        self.back = QPushButton(self.tr("Back to the data"))
        self.back.clicked.connect(self.back_pressed)
        self.again = QPushButton(self.tr("Check again"))
        self.again.clicked.connect(self.begin)
        self.stop = QPushButton(self.tr("Stop"))
        self.stop.clicked.connect(self._stop)
        self.told = QLabel()
        self.told.setTextFormat(Qt.TextFormat.PlainText)
        self.told.setWordWrap(True)
        self.bar = ProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(self.tr("How far the check is"))
        self.tree = CheckTree()
        self.detail = CheckDetail(bench)
        self.tree.chosen.connect(lambda finding: self.detail.show_finding(self.check, finding))
        self.detail.settings_asked.connect(self.settings_asked)
        self._lay_out()

    def _lay_out(self) -> None:
        head = FlowLayout(8, line_spacing=4)
        for widget in (self.heading, self.back, self.again, self.stop):
            head.addWidget(widget)
        area = UprightScrollArea()
        area.setAccessibleName(self.tr("The chosen finding"))
        area.setWidget(self.detail)
        self.detail.setAutoFillBackground(False)  # which the area has turned on
        area.viewport().setAutoFillBackground(False)
        self.parts = QSplitter(Qt.Orientation.Vertical)
        self.parts.setChildrenCollapsible(False)
        self.parts.addWidget(self.tree)
        self.parts.addWidget(area)
        self.parts.setStretchFactor(0, 1)
        self.parts.setStretchFactor(1, 1)
        self.tree.setMinimumHeight(100)
        progress = QHBoxLayout()
        progress.addWidget(self.bar)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 12, 8, 4)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self.told)
        column.addLayout(progress)
        column.addWidget(self.parts, 100)
        column.addStretch(1)

    def show_folder(self, folder: str) -> None:
        """This is the folder now; what was found in another is forgotten, and looking there is given up."""
        if folder != self.folder:
            self._give_up()
            self.folder, self.check, self._asked = folder, None, False

    @property
    def idle(self) -> bool:
        """Whether nothing was asked of this folder yet."""
        return not self._asked

    def show_settings(self, config: RunConfig) -> None:
        """Other settings may have what was advised, or not."""
        self.detail.show_settings(config)

    def begin(self) -> None:
        """Look at the folder, from the beginning."""
        self._give_up()
        self.check, self._asked = None, True
        self._work = work = ToldWork(self._bench.background, KEY, partial(_check, self.folder), self)
        work.told.connect(self._tell)
        work.done.connect(self._show)
        work.failed.connect(self._fail)
        self._arrange(self.tr("Waiting for other work in the background…"))
        self.bar.setRange(0, 0)
        work.start()

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        self.detail.set_theme(theme)

    def _give_up(self) -> None:
        if self._work is not None:
            self._work.give_up()
            self._work.deleteLater()
            self._work = None

    def _stop(self) -> None:
        self._give_up()
        self._arrange(self.tr("The check was stopped. Nothing in the folder was changed."))

    def _tell(self, text: Message, fraction: float | None) -> None:
        show_with_names(self.told, say(text))
        self.bar.setRange(0, 0 if fraction is None else 1000)
        self.bar.setValue(round(1000 * (fraction or 0)))

    def _show(self, check: DataCheck) -> None:
        self._end()
        self.check = check
        count, classes = numbers.count(check.images), numbers.count(len(check.classes))
        if len(check.findings) == 1:
            text = self.tr("{count} pictures of {classes} classes, one finding. Nothing in the folder is changed.")
        elif check.findings:
            text = self.tr(
                "{count} pictures of {classes} classes, {findings} findings. Nothing in the folder is changed."
            )
        else:
            text = self.tr("{count} pictures of {classes} classes: nothing was found that would be in the way.")
        self.tree.show_check(check)
        self._arrange(text.format(count=count, classes=classes, findings=numbers.count(len(check.findings))))

    def _fail(self, trouble: Trouble) -> None:
        self._end()
        if trouble.text.code == STOPPED:
            self._arrange(self.tr("The check was stopped. Nothing in the folder was changed."))
        else:
            self._arrange(say(trouble.text), failure=True)

    def _end(self) -> None:
        if self._work is not None:
            self._work.deleteLater()
            self._work = None

    def _arrange(self, text: str, *, failure: bool = False) -> None:
        """Show what there is to be seen in this state, and say it."""
        working = self._work is not None
        give(self.told, role="failure" if failure else "muted")
        show_with_names(self.told, text)
        self.bar.setVisible(working)
        self.stop.setVisible(working)
        self.again.setVisible(not working)
        self.parts.setVisible(self.check is not None and bool(self.check.findings))
