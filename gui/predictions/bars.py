"""The classes of one sample with their probabilities as bars, the likeliest first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from gui.numbers import loss, percent
from gui.widgets.looks import as_tip
from gui.widgets.theme import LIGHT, Theme
from gui.widgets.type_size import tabular

NAME = 120
"""Pixels of the name of a class, at most."""
LEAST_NAME, LEAST_BAR = 48, 40
"""Pixels of name and bar, before the other has to give way."""


@dataclass(frozen=True)
class Bar:
    """One class of a sample."""

    number: int
    """Of the class."""
    name: str
    length: float
    """From 0 to 1."""
    text: str
    true: bool
    called: bool


class ProbabilityBars(QListWidget):
    """One line for each class. The current line is the class whose reasons are looked at."""

    chosen = Signal(int)
    """By the user: the number of a class."""

    def __init__(self) -> None:
        super().__init__()
        self.theme: Theme = LIGHT
        self.setItemDelegate(_Drawing(self))
        self.setUniformItemSizes(True)
        self.setFont(tabular(self.font()))
        self.setAccessibleName(self.tr("Probability of each class"))
        self.setToolTip(self.tr("Choose a class to see which pixels speak for or against it"))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(120)
        self.currentRowChanged.connect(self._current_changed)

    def show_outputs(self, outputs: np.ndarray, names: tuple[str, ...], true: int | None, probabilities: bool) -> None:
        """Show a sample's outputs `[K]`: probabilities, or scores, whose bars are shares of the greatest."""
        order = np.argsort(-outputs, kind="stable").tolist()
        greatest = 1.0 if probabilities else max(float(outputs.max()), 1e-12)
        blocked = self.blockSignals(True)
        self.clear()
        for number in order:
            value = float(outputs[number])
            text = percent(value) if probabilities else loss(value)
            bar = Bar(number, names[number], min(max(value / greatest, 0), 1), text, number == true, number == order[0])
            item = QListWidgetItem(f"{bar.name} {bar.text}")
            item.setData(Qt.ItemDataRole.UserRole, bar)
            item.setToolTip(as_tip(self._tip(bar)))
            self.addItem(item)
        self.setCurrentRow(0)
        self.blockSignals(blocked)

    def bars(self) -> list[Bar]:
        """What is shown, from the top."""
        return [self.item(row).data(Qt.ItemDataRole.UserRole) for row in range(self.count())]

    @property
    def current_class(self) -> int:
        """The number of the class in the current line; -1 for none."""
        item = self.currentItem()
        return item.data(Qt.ItemDataRole.UserRole).number if item is not None else -1

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        self.theme = theme
        self.viewport().update()

    def _tip(self, bar: Bar) -> str:
        told = f"{bar.name}: {bar.text}"
        return self.tr("{told}, the true class").format(told=told) if bar.true else told

    def _current_changed(self, row: int) -> None:
        if row >= 0:
            self.chosen.emit(self.current_class)


class _Drawing(QStyledItemDelegate):
    """Draws a name, a bar and a figure; the true class bears a tick."""

    def sizeHint(  # noqa: N802
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        """One line."""
        return QSize(0, option.fontMetrics.height() + 8)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Draw a line."""
        view = self.parent()
        assert isinstance(view, ProbabilityBars)
        bar: Bar = index.data(Qt.ItemDataRole.UserRole)
        theme, metrics, room = view.theme, option.fontMetrics, option.rect.adjusted(4, 0, -8, 0)
        state = option.state
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, QColor(theme.selection))
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(option.rect, QColor(theme.raised))
        figure = metrics.horizontalAdvance("100.0 %")
        tick = metrics.horizontalAdvance("✓") + 4
        widest = max(metrics.horizontalAdvance(each.name) for each in view.bars()[:20]) + 2
        name = min(widest, NAME, max(LEAST_NAME, room.width() - tick - figure - 16 - LEAST_BAR))
        painter.setFont(option.font)
        painter.setPen(QColor(theme.text))
        middle = Qt.AlignmentFlag.AlignVCenter
        text = metrics.elidedText(bar.name, Qt.TextElideMode.ElideRight, name)
        painter.drawText(room.adjusted(tick, 0, 0, 0), middle | Qt.AlignmentFlag.AlignLeft, text)
        if bar.true:
            painter.drawText(room, middle | Qt.AlignmentFlag.AlignLeft, "✓")
        painter.drawText(room, middle | Qt.AlignmentFlag.AlignRight, bar.text)
        left = room.left() + tick + name + 8
        lane = QRectF(left, room.center().y() - 3, room.right() - figure - 8 - left, 7)
        if lane.width() < 8:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.border))
        painter.drawRoundedRect(lane, 2, 2)
        if bar.length * lane.width() >= 0.5:
            painter.setBrush(QColor(theme.train))
            painter.drawRoundedRect(QRectF(lane.left(), lane.top(), max(2, bar.length * lane.width()), 7), 2, 2)
