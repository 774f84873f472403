"""How a run is drawn in the list: a box to tick, its name, and its figures under it in a quieter colour."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPalette
from PySide6.QtWidgets import QApplication, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

MARGIN = 4
WRAP = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop


class RunDelegate(QStyledItemDelegate):
    """Draws the first line of an item's text as its name and the rest under it, wrapped to the list's width."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Draw the box as the style does, and the text by hand."""
        self.initStyleOption(option, index)
        name, figures = _lines(index)
        option.text = ""
        style = option.widget.style() if option.widget else QApplication.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, option, painter, option.widget)
        name_room, figures_room = _rooms(option, name, figures)
        painter.save()
        painter.setFont(option.font)
        # Not the item's palette: a style sheet gives that one colour for every kind of text.
        painter.setPen(QApplication.palette().color(QPalette.ColorRole.Text))
        painter.drawText(name_room, WRAP, name)
        painter.setPen(QApplication.palette().color(QPalette.ColorRole.PlaceholderText))
        painter.drawText(figures_room, WRAP, figures)
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:  # noqa: N802
        """As high as the wrapped text."""
        self.initStyleOption(option, index)
        if isinstance(option.widget, QListView):
            option.rect = QRect(0, 0, option.widget.viewport().width(), 0)
        _, figures_room = _rooms(option, *_lines(index))
        return QSize(0, figures_room.bottom() + 2 * MARGIN)


def _lines(index: QModelIndex | QPersistentModelIndex) -> tuple[str, str]:
    name, _, figures = str(index.data()).partition("\n")
    return name, figures


def _rooms(option: QStyleOptionViewItem, name: str, figures: str) -> tuple[QRect, QRect]:
    """Where the name and the figures go."""
    style = option.widget.style() if option.widget else QApplication.style()
    box = style.pixelMetric(QStyle.PixelMetric.PM_IndicatorWidth, option, option.widget) + 4 * MARGIN
    width = max(40, option.rect.width() - box - MARGIN)
    metrics = option.fontMetrics
    left, top = option.rect.left() + box, option.rect.top() + MARGIN
    first = metrics.boundingRect(QRect(0, 0, width, 10_000), int(WRAP.value), name)
    second = metrics.boundingRect(QRect(0, 0, width, 10_000), int(WRAP.value), figures)
    return QRect(left, top, width, first.height()), QRect(left, top + first.height() + 2, width, second.height())
