"""A place whose content has all the room there is, and what it needs where that is more: then it scrolls."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractScrollArea,
    QBoxLayout,
    QFrame,
    QLayout,
    QLayoutItem,
    QMainWindow,
    QScrollArea,
    QSplitter,
    QStackedLayout,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from gui.widgets.drops import let_drops_pass

LEAST = QSize(280, 120)
"""Pixels that it demands of what is around it, where its content wants no less."""

EDGES = 64
"""Pixels of the screen that are left beside a window, at least."""


class RoomyArea(QScrollArea):
    """Nothing in its content is squeezed below what it needs: not a text in many lines, not a button in large type.

    It demands little height of what is around it, and half of the main window's width at most.
    """

    def __init__(self, content: QWidget, name: str) -> None:
        """`name` is what a screen reader says of it where it scrolls."""
        super().__init__()
        self._fitting = False
        self.setFrameShape(QFrame.Shape.NoFrame)
        let_drops_pass(self)
        self.setAccessibleName(name)
        self.setWidget(content)
        content.setAutoFillBackground(False)
        self.viewport().setAutoFillBackground(False)
        for bar in (self.verticalScrollBar(), self.horizontalScrollBar()):
            bar.rangeChanged.connect(self._on_range)
        self._on_range()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Qt asks this of the content's events: another layout needs another room."""
        done = super().eventFilter(watched, event)
        if watched is self.widget() and event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
            self._fit()
        return done

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Give the content the new room."""
        super().resizeEvent(event)
        self._fit()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Nothing is laid out before it is shown."""
        super().showEvent(event)
        self.updateGeometry()
        self._fit()

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """What the content needs, as far as the window has that without cost to what is beside."""
        needed = self.widget().minimumSizeHint().expandedTo(self.widget().minimumSize())
        window = self.window()
        most = (
            window.width() // 2 if isinstance(window, QMainWindow) else window.screen().availableSize().width() - EDGES
        )
        beside = self.verticalScrollBar().sizeHint().width()
        return QSize(min(needed.width() + beside, max(LEAST.width(), most)), min(needed.height(), LEAST.height()))

    def sizeHint(self) -> QSize:  # noqa: N802
        """What the content wants."""
        return self.widget().sizeHint() + QSize(self.verticalScrollBar().sizeHint().width(), 0)

    def _fit(self) -> None:
        if self._fitting or not self.isVisible():
            return
        self._fitting = True
        room, content = self.maximumViewportSize(), self.widget()
        beside = room.width() - self.verticalScrollBar().sizeHint().width()
        # In the width that it has, if that will do: each other one lays everything out anew, and asks for this again.
        scrolls = content.width() < room.width() or self._needed(room.width()).height() > room.height()
        needed = self._needed(beside) if scrolls else self._needed(room.width())
        if scrolls and needed.height() <= room.height():
            wide = self._needed(room.width())
            scrolls = wide.height() > room.height()
            needed = self._needed(beside) if scrolls else wide
        if scrolls:
            room.setWidth(beside)
        if needed.width() > room.width():
            room.setHeight(room.height() - self.horizontalScrollBar().sizeHint().height())
        content.resize(needed.expandedTo(room))
        self._fitting = False

    def _needed(self, width: int) -> QSize:
        """The least size at this width, or at what the content needs where that is more."""
        content = self.widget()
        width = max(width, content.minimumSizeHint().width(), content.minimumWidth())
        content.resize(width, content.height())
        if content.layout() is not None:
            content.layout().activate()
        return QSize(width, least_height(content))

    def _on_range(self) -> None:
        """Let the keys reach it where it scrolls, and pass it by elsewhere."""
        scrolls = self.verticalScrollBar().maximum() > 0 or self.horizontalScrollBar().maximum() > 0
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus if scrolls else Qt.FocusPolicy.NoFocus)


def let_scroll(window: QWidget) -> RoomyArea:
    """Let all that was laid out in a window scroll where the screen is too small for it."""
    content = QWidget()
    content.setLayout(window.layout())
    area = RoomyArea(content, window.windowTitle())
    column = QVBoxLayout(window)
    column.setContentsMargins(0, 0, 0, 0)
    column.addWidget(area)
    return area


def least_height(widget: QWidget) -> int:
    """Pixels of height in which nothing of it is cut off at its present width.

    Qt's own minimum takes a text for as high as it is at some other width, and a page of wrapped texts and plots for
    as high as the plots want to be.
    """
    if isinstance(widget, QStackedWidget):
        needed = least_height(widget.currentWidget()) if widget.currentWidget() is not None else 0
    elif isinstance(widget, QSplitter):
        needed = _of_splitter(widget)
    elif widget.layout() is not None and not isinstance(widget, QAbstractScrollArea):
        needed = _of_layout(widget.layout())
    elif widget.hasHeightForWidth() and not isinstance(widget, QAbstractScrollArea):
        needed = widget.heightForWidth(widget.width())
    else:
        needed = widget.minimumSizeHint().height()
    if widget.layout() is not None and widget.minimumHeight():
        needed = 0  # it was told to be content with less than all that is in it
    return min(widget.maximumHeight(), max(needed, widget.minimumHeight()))


def _of_splitter(splitter: QSplitter) -> int:
    shown = [splitter.widget(place) for place in range(splitter.count()) if not splitter.widget(place).isHidden()]
    heights = [least_height(each) for each in shown]
    if splitter.orientation() == Qt.Orientation.Horizontal:
        return max(heights, default=0)
    return sum(heights) + splitter.handleWidth() * max(0, len(heights) - 1)


def _of_layout(layout: QLayout) -> int:
    margins = layout.contentsMargins()
    around = margins.top() + margins.bottom()
    if isinstance(layout, QStackedLayout):
        return around + (least_height(layout.currentWidget()) if layout.currentWidget() is not None else 0)
    if not isinstance(layout, QBoxLayout):
        width = layout.geometry().width()
        return layout.minimumHeightForWidth(width) if layout.hasHeightForWidth() else layout.totalMinimumSize().height()
    heights = [_of_item(layout.itemAt(place)) for place in range(layout.count()) if not layout.itemAt(place).isEmpty()]
    if layout.direction() in (QBoxLayout.Direction.LeftToRight, QBoxLayout.Direction.RightToLeft):
        return around + max(heights, default=0)
    return around + sum(heights) + layout.spacing() * max(0, len(heights) - 1)


def _of_item(item: QLayoutItem) -> int:
    if item.widget() is not None:
        return least_height(item.widget())
    return _of_layout(item.layout()) if item.layout() is not None else item.minimumSize().height()
