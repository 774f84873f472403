"""The balance of the classes: a bar and the counts for each, of which one can be chosen to see its images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QLabel,
    QListView,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from gui import numbers
from gui.widgets.looks import give
from gui.widgets.theme import LIGHT, Theme
from gui.widgets.type_size import tabular

if TYPE_CHECKING:
    from engine.preview.data_view import ClassCount, Facts

NAME_WIDTHS = (88, 152)
"""Pixels of the names, at least and at most."""
PAD = 6
Index = QModelIndex | QPersistentModelIndex


class Classes(QWidget):
    """A heading that says how balanced they are, and the list. Emits `chosen` with a class, -1 for all."""

    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.theme: Theme = LIGHT
        self._facts: Facts | None = None
        self.heading = QLabel(self.tr("Classes"))
        give(self.heading, role="heading")
        self.balance = QLabel()
        self.balance.setWordWrap(True)
        self.balance.setToolTip(self.tr("Balanced: all classes have about as many training samples."))
        give(self.balance, role="muted")
        self.list = _List()
        self.list.setAccessibleName(self.tr("Classes"))
        self.list.setToolTip(self.tr("Samples of each class. Choose one to see its images alone."))
        self.list.setUniformItemSizes(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setMouseTracking(True)
        self._model = _Model(self)
        self.columns = _Columns(self)
        self.list.setModel(self._model)
        self.list.setItemDelegate(_Bars(self))
        self._head = _Head(self)
        self.list.selectionModel().currentChanged.connect(self._current_changed)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        for widget in (self.heading, self.balance, self._head):
            column.addWidget(widget)
        column.addWidget(self.list, 1)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)

    @property
    def heads(self) -> tuple[str, str, str]:
        """What the columns of counts are called."""
        return self.tr("train"), self.tr("val."), self.tr("test")

    @property
    def current(self) -> int:
        """The chosen class, -1 for all."""
        return max(-1, self.list.currentIndex().row() - 1)

    def show_facts(self, facts: Facts) -> None:
        """Show the classes of a data set; the chosen one stays chosen where it is still there."""
        self._facts, kept = facts, self.current
        self.list.selectionModel().blockSignals(True)
        self._model.replace(facts.classes, self.tr("All classes"))
        self.columns.measure(facts)
        here = kept if kept < len(facts.classes) else -1
        self.list.setCurrentIndex(self._model.index(here + 1, 0))
        self.list.selectionModel().blockSignals(False)
        self.balance.setText(self._balance(facts))
        self._head.update()
        self.updateGeometry()
        if here != kept:
            self.chosen.emit(here)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """What is painted is said in another language too."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange and self._facts is not None:
            self.show_facts(self._facts)

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        self.theme = theme
        self.list.viewport().update()
        self._head.update()

    def row_height(self) -> int:
        """Pixels of a line of the list."""
        return max(24, self.fontMetrics().height() + 8)

    def show_lines(self, least: int, most: int) -> None:
        """Let the list be so many lines high, or as many as there are where those are fewer."""
        low, high = (
            min(lines, self._model.rowCount()) * self.row_height() + 2 * self.list.frameWidth() + 2
            for lines in (least, most)
        )
        self.list.setMinimumHeight(low)
        self.list.setMaximumHeight(high)
        above = self.heading.sizeHint().height() + self._head.sizeHint().height() + 3 * self.layout().spacing()
        self.setMaximumHeight(above + self.balance.heightForWidth(self.columns.width()) + high)

    def sizeHint(self) -> QSize:  # noqa: N802
        """As wide as names and counts want to be."""
        return QSize(self.columns.width(), super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """No narrower than counts and a little of the names need."""
        return QSize(self.columns.width(), super().minimumSizeHint().height())

    def _balance(self, facts: Facts) -> str:
        empty = sum(count.counts[0] == 0 for count in facts.classes)
        if empty == 1:
            return self.tr("One class has no training samples.")
        if empty:
            return self.tr("{count} classes have no training samples.").format(count=empty)
        if facts.balanced or facts.imbalance is None:
            return self.tr("Balanced")
        text = self.tr("The largest class has {times} times as many training samples as the smallest.")
        times = facts.imbalance
        return text.format(times=f"{times:.1f}" if times < 10 else numbers.count(times))

    def _current_changed(self, index: QModelIndex) -> None:
        self.chosen.emit(max(-1, index.row() - 1))


class _List(QListView):
    def sizeHint(self) -> QSize:  # noqa: N802
        """As little as it is to have: it grows into what there is."""
        return self.minimumSize()


class _Model(QAbstractListModel):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.rows: list[tuple[str, tuple[int, ...]]] = []

    def replace(self, classes: Sequence[ClassCount], all_classes: str) -> None:
        self.beginResetModel()
        sums = tuple(sum(count.counts[part] for count in classes) for part in range(3))
        self.rows = [(all_classes, sums), *((count.name, count.counts) for count in classes)]
        self.endResetModel()

    @property
    def largest(self) -> int:
        return max((counts[0] for _, counts in self.rows[1:]), default=0)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        name, counts = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return name
        if role in (Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.ToolTipRole):
            text = self.tr("{name}: {training} training, {validation} validation, {test} test samples")
            training, validation, test = map(numbers.count, counts)
            return text.format(name=name, training=training, validation=validation, test=test)
        return None


class _Columns:
    """Where names and counts stand, in the head and in every line."""

    def __init__(self, owner: Classes) -> None:
        self._owner = owner
        self._shown: list[int] = []
        self._widths: list[int] = []
        self._name = NAME_WIDTHS[0]

    def measure(self, facts: Facts) -> None:
        """Make room for these names and counts."""
        owner = self._owner
        metrics = owner.fontMetrics()
        rows = owner._model.rows
        present = [name in facts.shapes for name in ("training", "validation", "test")]
        self._shown = [number for number in range(3) if present[number]]
        self._widths = []
        for part in self._shown:
            texts = [owner.heads[part], *(numbers.count(counts[part]) for _, counts in rows)]
            self._widths.append(max(metrics.horizontalAdvance(text) for text in texts) + 2)
        names = max((metrics.horizontalAdvance(name) for name, _ in rows), default=0) + 2 * PAD
        least, most = NAME_WIDTHS
        self._name = max(least, min(most, names))

    def width(self) -> int:
        """Of all, with the list's frame and scroll bar."""
        return self._name + sum(width + 2 * PAD for width in self._widths) + 2 * PAD + 14

    def rooms(self, line: QRect) -> tuple[QRect, list[tuple[int, QRect]]]:
        """Within a line: the name's, and for each part that there is, its number and its counts'."""
        right, rooms = line.right() + 1 - PAD, []
        for part, width in zip(reversed(self._shown), reversed(self._widths), strict=True):
            rooms.append((part, QRect(right - width, line.top(), width, line.height())))
            right -= width + 2 * PAD
        return QRect(line.left(), line.top(), max(0, right - line.left()), line.height()), rooms


class _Head(QWidget):
    """Says what the columns of counts are."""

    def __init__(self, owner: Classes) -> None:
        super().__init__()
        self._owner = owner

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(0, self.fontMetrics().height() + 2)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setPen(QColor(self._owner.theme.muted))
        view = self._owner.list
        line = QRect(view.frameWidth(), 0, view.viewport().width(), self.height())
        for part, room in self._owner.columns.rooms(line)[1]:
            painter.drawText(room, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self._owner.heads[part])
        painter.end()


class _Bars(QStyledItemDelegate):
    """Draws a class: its name on a bar as long as its training samples are many, and its counts."""

    def __init__(self, owner: Classes) -> None:
        super().__init__(owner)
        self._owner = owner

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802
        return QSize(0, self._owner.row_height())

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        owner, theme = self._owner, self._owner.theme
        name, counts = owner._model.rows[index.row()]
        room, columns = owner.columns.rooms(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        if chosen or option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(option.rect, QColor(theme.selection if chosen else theme.raised))
        largest = owner._model.largest
        if index.row() and largest:
            bar = QRectF(room).adjusted(2, 3, 0, -3)
            bar.setWidth(bar.width() * counts[0] / largest)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.train_faint))
            painter.drawRoundedRect(bar, 2, 2)
        if chosen and owner.list.hasFocus():
            painter.setPen(QPen(QColor(theme.accent), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(option.rect).adjusted(1, 1, -1, -1), 3, 3)
        painter.setFont(tabular(option.font))
        painter.setPen(QColor(theme.text))
        middle = Qt.AlignmentFlag.AlignVCenter
        text = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideRight, room.width() - 2 * PAD)
        painter.drawText(room.adjusted(PAD + 2, 0, 0, 0), middle | Qt.AlignmentFlag.AlignLeft, text)
        for part, place in columns:
            painter.setPen(QColor(theme.text if part == 0 else theme.muted))
            painter.drawText(place, middle | Qt.AlignmentFlag.AlignRight, numbers.count(counts[part]))
        painter.restore()
