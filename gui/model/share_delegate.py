"""A number with a bar beside it: how large a part of the whole it is."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from gui.widgets.theme import LIGHT

SHARE = Qt.ItemDataRole.UserRole
"""Role of a line's first item: its share of the whole, 0 to 1."""
QUIET = Qt.ItemDataRole.UserRole + 1
"""Role of a line's first item: whether it sums up others, and its bar is drawn quietly."""
BAR_WIDTH, BAR_HEIGHT = 48, 6


class ShareDelegate(QStyledItemDelegate):
    """A number at the right, and at its left a bar as long as its share of all."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.theme = LIGHT
        self.stale = False
        """Whether what it shows is of the past."""
        self.has_bars = True
        """Whether there is room for bars."""

    def initStyleOption(  # noqa: N802
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """The number stands at the right."""
        super().initStyleOption(option, index)
        option.displayAlignment = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Draw both."""
        super().paint(painter, option, index)
        first = index.siblingAtColumn(0)
        share = first.data(SHARE) or 0.0
        if share <= 0 or not self.has_bars:
            return
        area = QRectF(option.rect)
        bar = QRectF(area.left() + 8, area.center().y() - BAR_HEIGHT / 2, BAR_WIDTH, BAR_HEIGHT)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self.theme.border))
        painter.drawRoundedRect(bar, 2, 2)
        bar.setWidth(max(1.0, BAR_WIDTH * share))
        painter.setBrush(QColor(self.theme.outline if first.data(QUIET) or self.stale else self.theme.accent))
        painter.drawRoundedRect(bar, min(2.0, bar.width() / 2), 2)
        painter.restore()

    def sizeHint(  # noqa: N802
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        """The number, and beside it the bar."""
        hint = super().sizeHint(option, index)
        return QSize(hint.width() + (BAR_WIDTH + 16 if self.has_bars else 0), hint.height())
