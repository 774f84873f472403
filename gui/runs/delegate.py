"""How a run is drawn in the list: a box to tick, its name over how it stands, and four figures in two columns."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import (
    QApplication,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from gui.runs.model import FRONT, LINE
from gui.runs.words import Line

MARGIN = 4
GAP = 8
"""Between columns."""
FIGURES = ("100.0 %",)
DIFFERENCES = ("+0.0000", "0:00:00")
"""The widest of what usually stands in a column; what is wider reaches into the gap before it."""
ROOM_FOR_NAME = 16
"""Characters: where there is less room beside the figures, they stand under the name."""
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


@dataclass(frozen=True)
class RowRooms:
    """Where everything in a row goes: the same in every row, and in the heading over them."""

    name: QRect
    standing: QRect
    best: QRect
    last: QRect
    gap: QRect
    time: QRect
    height: int
    """Of the whole row."""

    @classmethod
    def within(cls, rect: QRect, left: int, metrics: QFontMetrics) -> RowRooms:
        """The rooms of a row that fills this rectangle, its box ending at `left`."""
        line = metrics.height()
        figures = max(map(metrics.horizontalAdvance, FIGURES))
        differences = max(map(metrics.horizontalAdvance, DIFFERENCES))
        end = rect.right() + 1 - GAP
        second, first = end - differences, end - differences - GAP - figures
        beside = first - GAP - left
        stacked = beside < ROOM_FOR_NAME * metrics.averageCharWidth()
        top = rect.top() + MARGIN
        pitch = line + 2
        upper = top + 2 * pitch if stacked else top
        width = end - left if stacked else beside
        return cls(
            name=QRect(left, top, width, line),
            standing=QRect(left, top + pitch, width, line),
            best=QRect(first, upper, figures, line),
            last=QRect(first, upper + pitch, figures, line),
            gap=QRect(second, upper, differences, line),
            time=QRect(second, upper + pitch, differences, line),
            height=upper + pitch + line + MARGIN - rect.top(),
        )


class RunDelegate(QStyledItemDelegate):
    """Draws rows of one height."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Draw the box as the style does, and the rest by hand."""
        self.initStyleOption(option, index)
        option.text = ""
        style = option.widget.style() if option.widget else QApplication.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, option, painter, option.widget)
        rooms = RowRooms.within(option.rect, option.rect.left() + box_width(option.widget), option.fontMetrics)
        painter.save()
        _draw(painter, option.font, rooms, index.data(LINE), front=bool(index.data(FRONT)))
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:  # noqa: N802
        """As high as every row."""
        view = option.widget
        width = view.viewport().width() if isinstance(view, QListView) else option.rect.width()
        return QSize(0, RowRooms.within(QRect(0, 0, width, 0), box_width(view), option.fontMetrics).height)

    def createEditor(  # noqa: N802
        self, parent: QWidget, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QWidget:
        """A line for the name."""
        editor = QLineEdit(parent)
        editor.setMaxLength(120)
        editor.setAccessibleName(self.tr("Name of the run"))
        return editor

    def updateEditorGeometry(  # noqa: N802
        self, editor: QWidget, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Over the name, as wide as the row allows."""
        left = option.rect.left() + box_width(option.widget) - 2 * MARGIN
        width = option.rect.right() - GAP - left
        editor.setGeometry(left, option.rect.top(), width, min(editor.sizeHint().height(), option.rect.height()))


class RunHeading(QWidget):
    """What the columns of the list mean, over them and in their places."""

    def __init__(self, view: QListView) -> None:
        super().__init__(view)
        self.setAccessibleName(self.tr("Best over last; gap over time"))

    def needed_height(self, width: int) -> int:
        """Its height over rows of this width."""
        return self._rooms(width).height

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Draw anew with another font or palette."""
        super().changeEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Draw the words, and a line under them."""
        rooms = self._rooms(self.width())
        painter = QPainter(self)
        colours = QApplication.palette()
        painter.setPen(colours.color(QPalette.ColorRole.PlaceholderText))
        for room, text in (
            (rooms.best, self.tr("best")),
            (rooms.last, self.tr("last")),
            (rooms.gap, self.tr("gap")),
            (rooms.time, self.tr("time")),
        ):
            _write(painter, room, text)
        painter.setPen(colours.color(QPalette.ColorRole.Mid))
        painter.drawLine(0, self.height() - 1, self.width(), self.height() - 1)

    def _rooms(self, width: int) -> RowRooms:
        metrics = self.fontMetrics()
        view = self.parentWidget()
        rooms = RowRooms.within(QRect(0, 0, width, 0), box_width(view), metrics)
        up = rooms.best.top() - MARGIN  # the heading has no line for a name
        moved = {name: getattr(rooms, name).translated(0, -up) for name in ("best", "last", "gap", "time")}
        return RowRooms(rooms.name, rooms.standing, **moved, height=rooms.height - up)


def box_width(widget: QWidget | None) -> int:
    """The room of the box to tick, with its margins."""
    style = widget.style() if widget else QApplication.style()
    return int(style.pixelMetric(QStyle.PixelMetric.PM_IndicatorWidth, None, widget)) + 4 * MARGIN


def _draw(painter: QPainter, font: QFont, rooms: RowRooms, line: Line, *, front: bool) -> None:
    """Draw what stands in a row."""
    # Not the item's palette: a style sheet gives that one colour for every kind of text.
    colours = QApplication.palette()
    text, muted = colours.color(QPalette.ColorRole.Text), colours.color(QPalette.ColorRole.PlaceholderText)
    strong = QFont(font)
    strong.setWeight(QFont.Weight.DemiBold)
    painter.setPen(text)
    painter.setFont(strong if front else font)
    metrics = QFontMetrics(painter.font())
    painter.drawText(rooms.name, LEFT, metrics.elidedText(line.title, Qt.TextElideMode.ElideRight, rooms.name.width()))
    painter.setFont(font)
    metrics = QFontMetrics(font)
    _write(painter, rooms.best, line.best)
    painter.setPen(muted)
    for room, figure in ((rooms.last, line.last), (rooms.gap, line.gap), (rooms.time, line.time)):
        _write(painter, room, figure)
    painter.setPen(colours.color(QPalette.ColorRole.Highlight) if line.working else text if line.failed else muted)
    standing = f"{line.status} · {line.when}"
    if metrics.horizontalAdvance(standing) > rooms.standing.width():
        standing = metrics.elidedText(line.status, Qt.TextElideMode.ElideRight, rooms.standing.width())
    painter.drawText(rooms.standing, LEFT, standing)


def _write(painter: QPainter, room: QRect, figure: str) -> None:
    """Write a figure into its column."""
    painter.drawText(room.adjusted(-GAP, 0, 0, 0), RIGHT, figure)
