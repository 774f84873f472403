"""Messages that stay until they are answered and hold nobody up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QPalette, QResizeEvent
from PySide6.QtWidgets import (
    QApplication,
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gui.widgets.flow import FlowLayout
from gui.widgets.icons import icon
from gui.widgets.roomy_area import LEAST, RoomyArea

ICONS = {"info": "info", "warning": "warning", "error": "warning"}
LEAST_TEXT = 24
"""Characters of a line that the text has beside the buttons; with less, they stand under it."""
MOST_SHARE = 0.4
"""Of the height of what they stand in, for all messages."""


@dataclass(frozen=True)
class Answer:
    """A button of a banner: the verb on it, and what it does."""

    text: str
    act: Callable[[], None]
    keeps: bool = False
    """Whether the banner stays when it is pressed."""


class Banner(QFrame):
    """One message with its buttons."""

    closed = Signal()

    def __init__(self, level: str, text: str, answers: Sequence[Answer]) -> None:
        super().__init__()
        self.setObjectName("banner")
        self.setProperty("level", level)
        self._level = level
        self._sign = sign = QLabel()
        sign.setAccessibleName({"info": self.tr("Note"), "warning": self.tr("Warning")}.get(level, self.tr("Error")))
        self._draw()
        self.label = QLabel(text)
        self.label.setWordWrap(True)
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.buttons = [self._button(answer) for answer in answers]
        flow = FlowLayout(8)
        for button in self.buttons:
            flow.addWidget(button)
        self._place = QWidget()
        self._place.setLayout(flow)
        self._place.setVisible(bool(answers))
        self._body = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._body.setSpacing(8)
        self._body.addWidget(self.label, 1)
        self._body.addWidget(self._place)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 8, 8)
        row.setSpacing(8)
        row.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(self._body, 1)
        close = QToolButton()
        close.setText("\N{MULTIPLICATION SIGN}")
        close.setAutoRaise(True)
        close.setToolTip(self.tr("Close this message"))
        close.setAccessibleName(close.toolTip())
        close.clicked.connect(self.closed)
        row.addWidget(close, 0, Qt.AlignmentFlag.AlignTop)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Put the buttons beside the text where there is room, else under it."""
        super().resizeEvent(event)
        needed = sum(button.sizeHint().width() + 8 for button in self.buttons)
        text = min(self.label.fontMetrics().averageCharWidth() * LEAST_TEXT, self.label.sizeHint().width())
        beside = needed + text <= self._body.geometry().width()
        direction = QBoxLayout.Direction.LeftToRight if beside else QBoxLayout.Direction.TopToBottom
        if direction != self._body.direction():
            self._body.setDirection(direction)
        self._place.setMinimumWidth(needed - 8 if beside and self.buttons else 0)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Draw the sign anew in the colours of another theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._draw()

    def _draw(self) -> None:
        colour = QApplication.palette().color(QPalette.ColorRole.Text).name()
        self._sign.setPixmap(icon(ICONS[self._level], colour).pixmap(QSize(16, 16)))

    def _button(self, answer: Answer) -> QPushButton:
        button = QPushButton(answer.text)

        def press() -> None:
            if not answer.keeps:
                self.closed.emit()
            answer.act()

        button.clicked.connect(press)
        return button


class Banners(RoomyArea):
    """The place of the banners: one for each thing that there is to say. Where they are high, they scroll."""

    def __init__(self) -> None:
        content = QWidget()
        self._banners: dict[str, Banner] = {}
        self._column = QVBoxLayout(content)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        super().__init__(content, "")
        self.setAccessibleName(self.tr("Messages"))
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.hide()

    def hasHeightForWidth(self) -> bool:  # noqa: N802
        """The narrower, the higher."""
        return True

    def heightForWidth(self, width: int) -> int:  # noqa: N802
        """Pixels for all of them; where that is too much of what they stand in, no more than a share of it."""
        around = self.parentWidget()
        most = MOST_SHARE * around.height() if around is not None else 10_000
        return min(self.widget().heightForWidth(width), max(LEAST.height(), round(most)))

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """One line and a button."""
        needed = self.widget().minimumSizeHint()
        return QSize(min(needed.width(), super().minimumSizeHint().width()), min(needed.height(), LEAST.height()))

    def say(self, key: str, level: str, text: str, answers: Sequence[Answer] = ()) -> Banner:
        """Show a message, in the place of the one with the same key."""
        self.clear(key)
        banner = Banner(level, text, answers)
        banner.closed.connect(lambda: self.clear(key, banner))
        self._banners[key] = banner
        self._column.addWidget(banner)
        self.show()
        return banner

    def clear(self, key: str, only: Banner | None = None) -> None:
        """Take a message away; where `only` is given, only if it is that one still."""
        banner = self._banners.get(key)
        if banner is None or (only is not None and banner is not only):
            return
        del self._banners[key]
        self._column.removeWidget(banner)
        banner.hide()
        banner.deleteLater()
        self.setVisible(bool(self._banners))

    def get(self, key: str) -> Banner | None:
        """The message of this key, if it is shown."""
        return self._banners.get(key)

    def texts(self) -> dict[str, str]:
        """What is being said, by key."""
        return {key: banner.label.text() for key, banner in self._banners.items()}
