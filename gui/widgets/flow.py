"""Boxes side by side that go on in the next line where there is no more room, like words."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import groupby

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
    """A layout that flows: hidden widgets take no room, and all of a line stand on one middle.

    With `right`, its lines end at the right edge; `line_spacing` is between lines, that of a line unless given.
    """

    def __init__(self, spacing: int, *, line_spacing: int | None = None, right: bool = False) -> None:
        super().__init__()
        self._line_spacing = spacing if line_spacing is None else line_spacing
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
        """All in one line."""
        widths = [size.width() for size in self._sizes(QLayoutItem.sizeHint)]
        return QSize(sum(widths) + self.spacing() * max(0, len(widths) - 1), self._line())

    def minimumSize(self) -> QSize:  # noqa: N802
        """As wide as its widest box where that is as narrow as it can be."""
        return QSize(max((size.width() for size in self._sizes(QLayoutItem.minimumSize)), default=0), self._line())

    def setGeometry(self, rect: QRect) -> None:  # noqa: N802
        """Put every box into its place."""
        super().setGeometry(rect)
        self._place(rect, move=True)

    def _sizes(self, size: Callable[[QLayoutItem], QSize]) -> list[QSize]:
        return [size(item) for item in self._items if not item.isEmpty()]

    def _line(self) -> int:
        """The height of a line that holds all."""
        return max((size.height() for size in self._sizes(QLayoutItem.sizeHint)), default=0)

    def _place(self, rect: QRect, *, move: bool) -> int:
        """The height of all lines; with `move`, every box is put into its place."""
        shown = [item for item in self._items if not item.isEmpty()]
        sizes = [item.sizeHint().boundedTo(QSize(rect.width(), item.sizeHint().height())) for item in shown]
        places = flow((size.width() for size in sizes), rect.width(), self.spacing())
        top = 0
        boxes = zip(shown, sizes, places, strict=True)
        for _, line in groupby(boxes, key=lambda box: box[2][1]):
            row = list(line)
            high = max(size.height() for _, size, _ in row)
            _, last, (left, _) = row[-1]
            shift = rect.width() - left - last.width() if self._right else 0
            for item, size, (left, _) in row if move else ():
                middle = top + (high - size.height()) // 2
                item.setGeometry(QRect(rect.left() + left + shift, rect.top() + middle, size.width(), size.height()))
            top += high + self._line_spacing
        return max(0, top - self._line_spacing)
