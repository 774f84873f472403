"""What stands in the Data tab in place of data: why there are none, and for pictures the button that reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from engine.config import RunConfig
from engine.message import InputError, Message
from gui.background import Trouble
from gui.widgets.looks import give
from gui.words import say
from gui.workbench import Workbench

if TYPE_CHECKING:
    from engine.data import Parts

KEY = "read-pictures"
STOPPED = "reading-stopped"


class ReadWork(QObject):
    """Reads the data of some settings in the background, from `start` to one signal; none comes after `give_up`."""

    told = Signal(object, object)
    """How far it is: a message, and 0 to 1 or None."""
    done = Signal()
    failed = Signal(object)
    """A `Trouble`."""

    def __init__(self, bench: Workbench, config: RunConfig, parent: QObject) -> None:
        super().__init__(parent)
        self._bench, self._config = bench, config
        self._given_up = False

    def start(self) -> None:
        """Begin as soon as the background has time."""
        self._bench.background.ask(KEY, self._read, self._on_done, self._on_failed)

    def give_up(self) -> None:
        """Come to nothing; what was decoded by then is kept."""
        self._given_up = True

    def _read(self) -> Parts:
        self._report(None, None)
        return self._bench.parts(self._config, self._report)

    def _report(self, text: Message | None, fraction: float | None) -> None:
        """In the background."""
        if self._given_up or self._bench.background.ending:
            raise InputError(STOPPED, "the reading was stopped")
        if text is not None:
            self.told.emit(text, fraction)

    def _on_done(self, parts: Parts) -> None:
        if not self._given_up:
            self.done.emit()

    def _on_failed(self, trouble: Trouble) -> None:
        if not self._given_up:
            self.failed.emit(trouble)


class Unread(QWidget):
    """A text, and where pictures can be read, the button for it, or how far that is with one that stops it."""

    read = Signal()
    """The pictures are here now."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__()
        self._bench = bench
        self._offer: RunConfig | None = None
        self._work: ReadWork | None = None
        self._at_work: RunConfig | None = None
        self.notice = QLabel()
        self.notice.setTextFormat(Qt.TextFormat.PlainText)
        self.notice.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.notice.setWordWrap(True)
        self.bar = QProgressBar()
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
        self._work = work = ReadWork(self._bench, config, self)
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
        if self._work is not self.sender():
            return
        words = say(text)
        self.notice.setText(words if fraction is None else f"{words}: {fraction:.0%}")
        self.bar.setRange(0, 0 if fraction is None else 1000)
        self.bar.setValue(round(1000 * (fraction or 0)))

    def _on_done(self) -> None:
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
