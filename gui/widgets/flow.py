"""Boxes side by side that go on in the next line where there is no more room, like words."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem


def flow(widths: Iterable[int], available: int, gap: int) -> list[tuple[int, int]]:
    """For each box, in order: its left edge, and its line counted from 0."""
    places: list[tuple[int, int]] = []
    left = line = 0
    for width in widths:
        if left and left + width > available:
            left, line = 0, line + 1
        places.append((left, line))
        left += width + gap
    return places


class FlowLayout(QLayout):
    """A layout that flows: hidden widgets take no room. `right`, its lines end at the right edge."""

    def __init__(self, spacing: int, *, right: bool = False) -> None:
        super().__init__()
        self._right = right
        self.setSpacing(spacing)
        self.setContentsMargins(0, 0, 0, 0)
        self._items: list[QLayoutItem] = []

    def addItem(self, item: QLayoutItem) -> None:  # noqa: N802
        """Put one at the end."""
        self._items.append(item)

    def count(self) -> int:
        """How many there are."""
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:  # noqa: N802
        """The one in this place, if there is one."""
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:  # noqa: N802
        """Take the one in this place out."""
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:  # noqa: N802
        """None: it is as high as its lines."""
        return Qt.Orientation(0)

    def hasHeightForWidth(self) -> bool:  # noqa: N802
        """It is higher where it is narrower."""
        return True

    def heightForWidth(self, width: int) -> int:  # noqa: N802
        """The height of all lines at this width."""
        return self._place(QRect(0, 0, width, 0), move=False)

    def sizeHint(self) -> QSize:  # noqa: N802
        """As wide as its widest box."""
        return self.minimumSize()

    def minimumSize(self) -> QSize:  # noqa: N802
        """As wide as its widest box."""
        sizes = [item.sizeHint() for item in self._items if not item.isEmpty()]
        return QSize(max((s.width() for s in sizes), default=0), max((s.height() for s in sizes), default=0))

    def setGeometry(self, rect: QRect) -> None:  # noqa: N802
        """Put every box into its place."""
        super().setGeometry(rect)
        self._place(rect, move=True)

    def _place(self, rect: QRect, *, move: bool) -> int:
        shown = [item for item in self._items if not item.isEmpty()]
        if not shown:
            return 0
        high = max(item.sizeHint().height() for item in shown)
        widths = [min(item.sizeHint().width(), rect.width()) for item in shown]
        places = flow(widths, rect.width(), self.spacing())
        ends = {line: left + width for width, (left, line) in zip(widths, places, strict=True)}
        for item, width, (left, line) in zip(shown, widths, places, strict=True) if move else ():
            left += rect.width() - ends[line] if self._right else 0
            item.setGeometry(QRect(rect.left() + left, rect.top() + line * (high + self.spacing()), width, high))
        return (places[-1][1] + 1) * (high + self.spacing()) - self.spacing()
