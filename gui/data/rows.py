"""Rows of images under each other, so that each column shows one thing on its way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui.widgets.image_grid import Picture, draw_image, drawn_size
from gui.widgets.looks import as_tip
from gui.widgets.theme import LIGHT, Theme

SIZE = 56
"""Pixels of an image's longer edge."""
GAP = 8
TITLE_WIDTH = 112
"""Pixels of the titles on the left: a fifth of what there is, but at least so many."""
MOST_TITLE = 168
MAX_CAPTION = 104
WRAP = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop
CENTRED = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop


@dataclass(frozen=True)
class Row:
    """Some images and what they are."""

    title: str
    note: str
    """A quiet sentence under the title."""
    pictures: tuple[Picture, ...]
    """Captions may have several lines."""


class PictureRows(QWidget):
    """As many columns as there is room for, each picture above its caption, each row beside its title."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: tuple[Row, ...] = ()
        self._theme: Theme = LIGHT
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Show these and no others."""
        self.rows = tuple(rows)
        told = [
            f"{row.title}: " + ", ".join(picture.tip or picture.caption for picture in row.pictures) for row in rows
        ]
        self.setAccessibleDescription("\n".join(told))
        self.updateGeometry()
        self.update()

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        self._theme = theme
        self.update()

    @property
    def columns(self) -> int:
        """How many columns there is room for."""
        return max(1, (self.width() - self._title_width(self.width()) + GAP) // (self._column_width() + GAP))

    def sizeHint(self) -> QSize:  # noqa: N802
        """Room for a few columns."""
        width = TITLE_WIDTH + 4 * (self._column_width() + GAP)
        return QSize(width, self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Room for two columns."""
        width = TITLE_WIDTH + 2 * (self._column_width() + GAP)
        return QSize(width, self.heightForWidth(width))

    def hasHeightForWidth(self) -> bool:  # noqa: N802
        """Notes wrap."""
        return True

    def heightForWidth(self, width: int) -> int:  # noqa: N802
        """Pixels for all rows."""
        return sum(self._row_height(row, width) + GAP for row in self.rows) - GAP if self.rows else 0

    def _title_width(self, width: int) -> int:
        return max(TITLE_WIDTH, min(MOST_TITLE, width // 5))

    def _image_room(self) -> QSize:
        """What the largest image takes."""
        ratio = self.devicePixelRatioF()
        shapes = {picture.pixels.shape[:2] for row in self.rows for picture in row.pictures}
        sizes = [drawn_size(*shape, SIZE, ratio) for shape in shapes] or [(SIZE, SIZE)]
        return QSize(*(round(max(size[axis] for size in sizes) / ratio) for axis in (1, 0)))

    def _column_width(self) -> int:
        metrics = self.fontMetrics()
        lines = {line for row in self.rows for picture in row.pictures for line in picture.caption.split("\n")}
        caption = max((metrics.horizontalAdvance(line) for line in lines), default=0) + 2
        return max(self._image_room().width(), min(MAX_CAPTION, caption))

    def _row_height(self, row: Row, width: int) -> int:
        line = self.fontMetrics().lineSpacing()
        captions = max((picture.caption.count("\n") + 1 for picture in row.pictures if picture.caption), default=0)
        note = QRect(0, 0, self._title_width(width) - GAP, 10_000)
        notes = self.fontMetrics().boundingRect(note, int(WRAP.value), row.note).height() if row.note else 0
        return max(self._image_room().height() + 2 + captions * line, line + notes)

    def _places(self) -> list[tuple[Row, QRect, list[tuple[Picture, QRect]]]]:
        """Of each row its title's room, and of each of its pictures the room."""
        left, width, top = self._title_width(self.width()), self._column_width(), 0
        places = []
        for row in self.rows:
            height = self._row_height(row, self.width())
            rooms = [
                (picture, QRect(left + number * (width + GAP), top, width, height))
                for number, picture in enumerate(row.pictures[: self.columns])
            ]
            places.append((row, QRect(0, top, left - GAP, height), rooms))
            top += height + GAP
        return places

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Draw all rows."""
        painter = QPainter(self)
        for row, title, rooms in self._places():
            self._draw_title(painter, row, title)
            for picture, room in rooms:
                self._draw_picture(painter, picture, room)
        painter.end()

    def _draw_title(self, painter: QPainter, row: Row, room: QRect) -> None:
        line = painter.fontMetrics().lineSpacing()
        painter.setPen(QColor(self._theme.text))
        painter.drawText(room, WRAP, row.title)
        painter.setPen(QColor(self._theme.muted))
        painter.drawText(room.adjusted(0, line, 0, 0), WRAP, row.note)

    def _draw_picture(self, painter: QPainter, picture: Picture, room: QRect) -> None:
        size, metrics = self._image_room(), painter.fontMetrics()
        draw_image(painter, picture.pixels, QRect(room.left(), room.top(), room.width(), size.height()), SIZE)
        painter.setPen(QColor(self._theme.muted))
        lines = [
            metrics.elidedText(text, Qt.TextElideMode.ElideRight, room.width()) for text in picture.caption.split("\n")
        ]
        painter.drawText(room.adjusted(0, size.height() + 2, 0, 0), CENTRED, "\n".join(lines))

    def tip_at(self, position: QPoint) -> str:
        """What there is to say of the picture there; empty where there is none."""
        for _, _, rooms in self._places():
            for picture, room in rooms:
                if room.contains(position):
                    return picture.tip or picture.caption
        return ""

    def event(self, event: QEvent) -> bool:
        """Tell of the picture under the pointer."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            self.setToolTip(as_tip(self.tip_at(event.pos())))
        return super().event(event)
