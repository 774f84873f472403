"""Widgets side by side that go on in the next line where there is no more room."""

from __future__ import annotations

from itertools import groupby

from PySide6.QtCore import QEvent, QRect, QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.widgets.flow import flow


class FlowBox(QWidget):
    """Holds its widgets in lines, each as wide as it wants to be; those that are hidden take no room."""

    def __init__(self, gap: int, line_gap: int) -> None:
        super().__init__()
        self._gap, self._line_gap = gap, line_gap
        self._widgets: list[QWidget] = []
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def add(self, widget: QWidget) -> None:
        """Add a widget at the end."""
        widget.setParent(self)
        self._widgets.append(widget)
        self._place()
        self.updateGeometry()

    def event(self, event: QEvent) -> bool:
        """Place the widgets anew where one wants another size."""
        if event.type() == QEvent.Type.LayoutRequest:
            self._place()
            self.updateGeometry()
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Place the widgets anew."""
        super().resizeEvent(event)
        self._place()

    def hasHeightForWidth(self) -> bool:  # noqa: N802
        """The narrower, the higher."""
        return True

    def heightForWidth(self, width: int) -> int:  # noqa: N802
        """Pixels for all lines."""
        return max((room.bottom() + 1 for _, room in self._rooms(width)), default=0)

    def sizeHint(self) -> QSize:  # noqa: N802
        """All in one line."""
        sizes = [widget.sizeHint() for widget in self._shown()]
        width = sum(size.width() + self._gap for size in sizes) - self._gap
        return QSize(max(0, width), max((size.height() for size in sizes), default=0))

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """The widest alone in a line, as narrow as it can be."""
        widths = [max(widget.minimumSizeHint().width(), widget.minimumWidth()) for widget in self._shown()]
        return QSize(max(widths, default=0), self.sizeHint().height())

    def _shown(self) -> list[QWidget]:
        return [widget for widget in self._widgets if not widget.isHidden()]

    def _rooms(self, width: int) -> list[tuple[QWidget, QRect]]:
        """Where each goes; in a line all stand on one middle."""
        widgets = self._shown()
        places = flow((widget.sizeHint().width() for widget in widgets), width, self._gap)
        rooms, top = [], 0
        for _, line in groupby(zip(widgets, places, strict=True), key=lambda pair: pair[1][1]):
            pairs = list(line)
            height = max(widget.sizeHint().height() for widget, _ in pairs)
            for widget, (left, _) in pairs:
                size = widget.sizeHint()
                wide = min(size.width(), max(0, width - left))
                rooms.append((widget, QRect(left, top + (height - size.height()) // 2, wide, size.height())))
            top += height + self._line_gap
        return rooms

    def _place(self) -> None:
        for widget, room in self._rooms(self.width()):
            widget.setGeometry(room)
