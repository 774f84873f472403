"""Many small pictures with captions, in as many columns as there is room for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFontMetrics, QImage, QKeyEvent, QPainter, QPen, QPolygonF, QResizeEvent
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QVBoxLayout, QWidget

from gui.widgets.theme import LIGHT, Theme

MARGIN = 4
"""Pixels around a picture, within its frame, and between it and its caption."""
MAX_CAPTION = 112
"""Pixels of a caption, at most, where the picture is narrower: a longer one is cut, and whole in the tool tip."""
MARK = 10
"""Pixels of the mark before a caption."""
STROKES = {
    "good": [[(0.05, 0.55), (0.38, 0.88), (0.95, 0.15)]],
    "bad": [[(0.12, 0.12), (0.88, 0.88)], [(0.88, 0.12), (0.12, 0.88)]],
}
"""Of the marks, within a square of 1: drawn, since not every font has them."""

Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class Picture:
    """One picture of a grid."""

    pixels: np.ndarray
    """uint8 `[H, W]`, grey, or `[H, W, 3]`, red, green and blue."""
    caption: str = ""
    """One short line under it."""
    tip: str = ""
    """On hover, and for screen readers; the caption where it is empty."""
    tone: str = ""
    """`good` or `bad` for a frame in that colour and a tick or cross; empty for neither."""


def to_image(pixels: np.ndarray) -> QImage:
    """An image of its own memory from uint8 `[H, W]` or `[H, W, 3]`. Raises `ValueError` for anything else."""
    grey = pixels.ndim == 2
    if pixels.dtype != np.uint8 or not (grey or (pixels.ndim == 3 and pixels.shape[2] == 3)):
        raise ValueError(f"no picture: {pixels.dtype} {pixels.shape}")
    rows = np.ascontiguousarray(pixels)
    height, width = rows.shape[:2]
    kind = QImage.Format.Format_Grayscale8 if grey else QImage.Format.Format_RGB888
    return QImage(rows.data, width, height, rows.strides[0], kind).copy()


def drawn_size(height: int, width: int, size: int, ratio: float) -> tuple[int, int]:
    """Height and width, in the screen's own pixels, in which a picture is drawn whose longer edge is to be `size`.

    A small picture is enlarged a whole number of times, so that all of its pixels are equally large; `ratio` is the
    screen's pixels to one of the window's.
    """
    edge, wanted = max(height, width), round(size * ratio)
    times = round(wanted / edge)
    if times >= 1:
        return height * times, width * times
    return max(1, round(height * wanted / edge)), max(1, round(width * wanted / edge))


def draw_image(painter: QPainter, pixels: np.ndarray, room: QRect, size: int) -> QRectF:
    """Draw an image in the middle of a room, its longer edge `size` or near it, but all of it within the room.

    Returns where it stands.
    """
    image, ratio = to_image(pixels), painter.device().devicePixelRatioF()
    height, width = drawn_size(image.height(), image.width(), size, ratio)
    excess = max(height / (room.height() * ratio), width / (room.width() * ratio))
    if excess > 1:
        height, width = max(1, int(height / excess)), max(1, int(width / excess))
    smaller = height < image.height()
    how = Qt.TransformationMode.SmoothTransformation if smaller else Qt.TransformationMode.FastTransformation
    scaled = image.scaled(width, height, Qt.AspectRatioMode.IgnoreAspectRatio, how)
    scaled.setDevicePixelRatio(ratio)
    left = room.left() + (room.width() - width / ratio) // 2
    top = room.top() + (room.height() - height / ratio) // 2
    painter.drawImage(QPointF(left, top), scaled)
    return QRectF(left, top, width / ratio, height / ratio)


class ImageGrid(QWidget):
    """Pictures in a grid, one of which may be the current one. Arrow keys move about, Enter activates."""

    activated = Signal(int)
    """Of a picture: by Enter or a double click."""
    selected = Signal(int)
    """The current picture is another one, by click or arrow keys; -1 for none."""

    def __init__(self) -> None:
        super().__init__()
        self._model = _Pictures(self)
        self._size = 56
        self.view = _View()
        self._delegate = _Drawing(self.view)
        self.view.setModel(self._model)
        self.view.setItemDelegate(self._delegate)
        self.setFocusProxy(self.view)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.view)
        self.view.selectionModel().currentChanged.connect(self._current_changed)
        self.view.doubleClicked.connect(self._double_clicked)
        self.view.entered_at.connect(self.activated)

    def setAccessibleName(self, name: str) -> None:  # noqa: N802
        """Name the grid for screen readers."""
        super().setAccessibleName(name)
        self.view.setAccessibleName(name)

    def show_pictures(self, pictures: Sequence[Picture], size: int = 56) -> None:
        """Show these and no others, none of them current; `size` is a picture's longer edge in the window's pixels."""
        had_current, self._size = self.current >= 0, size
        self._model.replace(pictures)
        self._measure()
        self.view.scrollToTop()
        if had_current:
            self.selected.emit(-1)

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        self._delegate.theme = theme
        self.view.viewport().update()

    @property
    def current(self) -> int:
        """The number of the current picture, -1 for none."""
        return int(self.view.currentIndex().row())

    @current.setter
    def current(self, number: int) -> None:
        self.view.setCurrentIndex(self._model.index(number))

    @property
    def pictures(self) -> list[Picture]:
        """All that is shown."""
        return list(self._model.pictures)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Make room for captions in another font."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._measure()

    def _measure(self) -> None:
        self._delegate.measure(self._model.pictures, self._size, self.devicePixelRatioF(), self.view.fontMetrics())
        self.view.spread(self._delegate.cell)

    def _current_changed(self, index: QModelIndex) -> None:
        self.selected.emit(index.row())

    def _double_clicked(self, index: QModelIndex) -> None:
        self.activated.emit(index.row())


class _Pictures(QAbstractListModel):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.pictures: list[Picture] = []

    def replace(self, pictures: Sequence[Picture]) -> None:
        self.beginResetModel()
        self.pictures = list(pictures)
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008
        return 0 if parent.isValid() else len(self.pictures)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        picture = self.pictures[index.row()]
        if role == Qt.ItemDataRole.UserRole:
            return picture
        if role == Qt.ItemDataRole.DisplayRole:
            return picture.caption
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return picture.tip or picture.caption
        return None


class _View(QListView):
    """A list in lines of as many as fit, in which the arrow keys go on from the end of a line to the next."""

    entered_at = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setViewMode(QListView.ViewMode.ListMode)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setUniformItemSizes(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setMouseTracking(True)
        self._least = QSize(1, 1)

    def spread(self, least: QSize) -> None:
        """Make cells no smaller than this, and so wide that they fill the lines."""
        self._least = least
        columns = self._line() // least.width()
        full = 0 < columns <= self.model().rowCount()
        self.setGridSize(QSize(self._line() // columns if full else least.width(), least.height()))

    def _line(self) -> int:
        """Pixels of a line: Qt keeps room for a scroll bar in any case."""
        bar = self.style().pixelMetric(QStyle.PixelMetric.PM_ScrollBarExtent, None, self)
        return max(1, self.maximumViewportSize().width() - bar - 1)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        self.spread(self._least)
        super().resizeEvent(event)

    @property
    def columns(self) -> int:
        return max(1, self._line() // max(1, self.gridSize().width()))

    def moveCursor(self, action: QListView.CursorAction, modifiers: Qt.KeyboardModifier) -> QModelIndex:  # noqa: N802
        move = QListView.CursorAction
        here, last = self.currentIndex().row(), self.model().rowCount() - 1
        steps = {move.MoveLeft: -1, move.MoveRight: 1, move.MoveUp: -self.columns, move.MoveDown: self.columns}
        if here < 0 or action not in steps:
            return super().moveCursor(action, modifiers)
        there = here + steps[action]
        return self.model().index(there if 0 <= there <= last else here, 0)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if self.currentIndex().isValid():
                self.entered_at.emit(self.currentIndex().row())
            return
        super().keyPressEvent(event)


class _Drawing(QStyledItemDelegate):
    """Draws a picture, its frame, its mark and its caption."""

    def __init__(self, view: QListView) -> None:
        super().__init__(view)
        self.theme: Theme = LIGHT
        self.cell = QSize(1, 1)
        self._size = 1
        self._room = QSize(1, 1)
        """What the largest picture takes."""

    def measure(self, pictures: Sequence[Picture], size: int, ratio: float, metrics: QFontMetrics) -> None:
        """Make cells that hold the largest of the pictures, and captions as far as there is reason."""
        self._size = size
        sizes = {drawn_size(*picture.pixels.shape[:2], size, ratio) for picture in pictures} or {(1, 1)}
        height, width = (-(-max(edges) // ratio) for edges in zip(*sizes, strict=True))
        self._room = QSize(int(width), int(height))
        marked = any(picture.tone for picture in pictures)
        captions = {picture.caption for picture in pictures}
        widest = max((metrics.horizontalAdvance(caption) for caption in captions), default=0)
        caption = min(MAX_CAPTION, widest + 2 + (MARK + MARGIN if marked else 0))
        line = metrics.height() + MARGIN if any(captions) or marked else 0
        self.cell = QSize(max(int(width), caption) + 4 * MARGIN, int(height) + line + 4 * MARGIN)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802
        """The same for all: as the view has spread them."""
        return self.parent().gridSize()

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw one."""
        picture: Picture = index.data(Qt.ItemDataRole.UserRole)
        view = self.parent()
        aside = MARGIN // 2 + max(0, option.rect.width() - self.cell.width()) // 2
        room = option.rect.adjusted(aside, MARGIN // 2, -aside, -MARGIN // 2)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._draw_ground(painter, room, option, index.row() == view.currentIndex().row() and view.hasFocus())
        middle = QRect(room.left(), room.top() + MARGIN, room.width(), self._room.height())
        place = draw_image(painter, picture.pixels, middle, self._size)
        colour = {"good": self.theme.lr, "bad": self.theme.error}.get(picture.tone)
        if colour is not None:
            painter.setPen(QPen(QColor(colour), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(place.adjusted(-2, -2, 2, 2))
        line = room.adjusted(MARGIN, self._room.height() + 2 * MARGIN, -MARGIN, 0)
        self._draw_caption(painter, picture, line, colour)
        painter.restore()

    def _draw_ground(self, painter: QPainter, room: QRect, option: QStyleOptionViewItem, focused: bool) -> None:
        state = option.state
        chosen, hovered = bool(state & option.state.State_Selected), bool(state & option.state.State_MouseOver)
        if not (chosen or hovered or focused):
            return
        painter.setPen(QPen(QColor(self.theme.accent), 1.5) if chosen or focused else Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self.theme.selection if chosen else self.theme.raised))
        painter.drawRoundedRect(QRectF(room).adjusted(0.75, 0.75, -0.75, -0.75), 4, 4)

    def _draw_caption(self, painter: QPainter, picture: Picture, line: QRect, colour: str | None) -> None:
        metrics = painter.fontMetrics()
        mark = MARK + MARGIN if colour else 0
        text = metrics.elidedText(picture.caption, Qt.TextElideMode.ElideRight, line.width() - mark)
        width = metrics.horizontalAdvance(text)
        left = line.left() + max(0, (line.width() - width - mark) // 2)
        if colour:
            middle = line.top() + (line.height() - MARK) / 2
            _draw_mark(painter, picture.tone, QRectF(left, middle, MARK, MARK), QColor(colour))
        painter.setPen(QColor(self.theme.text))
        painter.drawText(
            QRect(left + mark, line.top(), line.width(), line.height()), Qt.AlignmentFlag.AlignVCenter, text
        )


def _draw_mark(painter: QPainter, tone: str, box: QRectF, colour: QColor) -> None:
    painter.setPen(QPen(colour, 2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
    for stroke in STROKES[tone]:
        points = [QPointF(box.left() + x * box.width(), box.top() + y * box.height()) for x, y in stroke]
        painter.drawPolyline(QPolygonF(points))
