"""What stands in the Data tab in place of data: why there are none, and for pictures the button that reads them."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from engine.config import RunConfig
from engine.message import Message
from gui.background import Trouble
from gui.told_work import ToldWork
from gui.widgets.looks import give
from gui.widgets.progress_bar import ProgressBar
from gui.words import say
from gui.workbench import Workbench

KEY = "read-pictures"


class Unread(QWidget):
    """A text, and where pictures can be read, the button for it, or how far that is with one that stops it."""

    read = Signal()
    """The pictures are here now."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__()
        self._bench = bench
        self._offer: RunConfig | None = None
        self._work: ToldWork | None = None
        self._at_work: RunConfig | None = None
        self.notice = QLabel()
        self.notice.setTextFormat(Qt.TextFormat.PlainText)
        self.notice.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.notice.setWordWrap(True)
        self.bar = ProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setMaximumWidth(320)
        self.bar.setAccessibleName(self.tr("How far the reading is"))
        self.button = QPushButton(self.tr("Read pictures"))
        self.button.setToolTip(
            self.tr("Decodes them at this size, once, into the workspace; the folder is not changed")
        )
        self.button.clicked.connect(self._begin)
        self.stop = QPushButton(self.tr("Stop"))
        self.stop.clicked.connect(self._stop)
        column = QVBoxLayout(self)
        column.setContentsMargins(32, 32, 32, 32)
        column.setSpacing(12)
        column.addStretch(1)
        column.addWidget(self.notice)
        for widget in (self.bar, self.button, self.stop):
            row = QHBoxLayout()
            row.addStretch(1)
            row.addWidget(widget, 2 if widget is self.bar else 0)
            row.addStretch(1)
            column.addLayout(row)
        column.addStretch(1)
        self._arrange()

    @property
    def working(self) -> bool:
        """Whether pictures are being read."""
        return self._work is not None

    def say(self, text: str, *, failure: bool = False, offer: RunConfig | None = None) -> None:
        """Show this text, and offer to read the pictures of these settings. While they are being read, that is seen."""
        self._offer = offer
        if self._work is not None:
            return
        give(self.notice, role="failure" if failure else "muted")
        self.notice.setText(text)
        self._arrange()

    def settle(self, config: RunConfig) -> None:
        """These are the settings now: reading for another data set is given up."""
        if self._at_work is not None and self._at_work.dataset != config.dataset:
            self._end()

    def _begin(self) -> None:
        if self._offer is None:
            return
        config = self._offer
        self.say(self.tr("Waiting for other work in the background…"), offer=config)
        self._at_work = config
        self._work = work = ToldWork(self._bench.background, KEY, partial(self._bench.parts, config), self)
        work.told.connect(self._tell)
        work.done.connect(self._on_done)
        work.failed.connect(self._on_failed)
        self.bar.setRange(0, 0)
        self._arrange()
        work.start()
        self.stop.setFocus(Qt.FocusReason.OtherFocusReason)

    def _stop(self) -> None:
        config = self._at_work
        self._end()
        self.say(self.tr("Stopped. What was read is kept, and reading goes on from there."), offer=config)
        self.button.setFocus(Qt.FocusReason.OtherFocusReason)

    def _tell(self, text: Message, fraction: float | None) -> None:
        words = say(text)
        self.notice.setText(words if fraction is None else f"{words}: {fraction:.0%}")
        self.bar.setRange(0, 0 if fraction is None else 1000)
        self.bar.setValue(round(1000 * (fraction or 0)))

    def _on_done(self, parts: object) -> None:
        self._end()
        self.read.emit()

    def _on_failed(self, trouble: Trouble) -> None:
        config = self._at_work
        self._end()
        self.say(say(trouble.text), failure=True, offer=config)

    def _end(self) -> None:
        if self._work is not None:
            self._work.give_up()
            self._work.deleteLater()
        self._work = self._at_work = None
        self._arrange()

    def _arrange(self) -> None:
        working = self._work is not None
        self.bar.setVisible(working)
        self.stop.setVisible(working)
        self.button.setVisible(not working and self._offer is not None)
