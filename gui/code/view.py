"""A text of Python to read and copy, with numbered lines and marks at those that have changed."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, QSize, Qt, Slot
from PySide6.QtGui import (
    QColor,
    QHelpEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextCursor,
    QTextFormat,
)
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit, QToolTip, QWidget

from gui.code.changes import Changes
from gui.code.highlighter import Highlighter
from gui.widgets.drops import let_drops_pass
from gui.widgets.theme import LIGHT, Theme
from gui.widgets.type_size import fixed_type

NEW, GONE = "+", "−"


class CodeView(QPlainTextEdit):
    """Read-only. A changed line has another ground, and a sign beside its number: + where it is new, − where lines
    before it are gone."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._theme = LIGHT
        self._changes = Changes()
        self.hints: dict[int, str] = {}
        """What to say of a line, by its number from 0, where the pointer rests on it."""
        self.setReadOnly(True)
        let_drops_pass(self)
        self.setTabChangesFocus(True)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.setFont(fixed_type())
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setAccessibleName(name)
        self._highlighter = Highlighter(self.document())
        self._margin = _Margin(self)
        self.blockCountChanged.connect(self._make_room)
        self.updateRequest.connect(self._scroll_margin)
        self._make_room()

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        self._theme = theme
        self._highlighter.set_theme(theme)
        self._mark()

    def show_text(self, text: str, changes: Changes, first: int | None = None) -> None:
        """Show a text and what of it has changed; the line `first` comes into sight, else all stays where it is."""
        across, down = self.horizontalScrollBar().value(), self.verticalScrollBar().value()
        self._changes = changes
        self._highlighter.show_text(text)
        self.setPlainText(text)
        self._mark()
        self.horizontalScrollBar().setValue(across)
        self.verticalScrollBar().setValue(down)
        if first is not None:
            self._bring_into_sight(first)

    def viewportEvent(self, event: QEvent) -> bool:  # noqa: N802
        """Say what there is to say of the line where the pointer rests."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            hint = self.hints.get(self.cursorForPosition(event.pos()).blockNumber(), "")
            QToolTip.showText(event.globalPos(), hint, self)  # nothing takes away what is shown
            return True
        return super().viewportEvent(event)

    def _bring_into_sight(self, line: int) -> None:
        top, height = self.verticalScrollBar().value(), self.viewport().height() // self.fontMetrics().lineSpacing()
        if not top <= line < top + height - 1:
            self.verticalScrollBar().setValue(max(0, line - height // 3))

    def _mark(self) -> None:
        """Give changed lines another ground."""
        marks = []
        for line in self._changes.new:
            mark = QTextEdit.ExtraSelection()
            mark.format.setBackground(QColor(self._theme.selection))
            mark.format.setProperty(QTextFormat.Property.FullWidthSelection, True)
            mark.cursor = QTextCursor(self.document().findBlockByNumber(line))
            marks.append(mark)
        self.setExtraSelections(marks)
        self._margin.update()

    # --- the margin ------------------------------------------------------------------------------

    @property
    def margin_width(self) -> int:
        """Of numbers and signs, in pixels."""
        digits = max(3, len(str(self.blockCount())))
        return self.fontMetrics().horizontalAdvance("0" * digits + f" {NEW} ") + 4

    @Slot()
    def _make_room(self) -> None:
        self.setViewportMargins(self.margin_width, 0, 0, 0)

    @Slot(QRect, int)
    def _scroll_margin(self, area: QRect, moved: int) -> None:
        if moved:
            self._margin.scroll(0, moved)
        else:
            self._margin.update(0, area.y(), self._margin.width(), area.height())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """The margin is as high as the text."""
        super().resizeEvent(event)
        inside = self.contentsRect()
        self._margin.setGeometry(QRect(inside.left(), inside.top(), self.margin_width, inside.height()))

    def paint_margin(self, event: QPaintEvent) -> None:
        """Write numbers and signs beside the lines in sight."""
        painter = QPainter(self._margin)
        painter.fillRect(event.rect(), QColor(self._theme.window))
        painter.setFont(self.font())
        sign = self.fontMetrics().horizontalAdvance(f" {NEW} ")
        block, place = self.firstVisibleBlock(), self.contentOffset()
        while block.isValid():
            line = self.blockBoundingGeometry(block).translated(place)
            if line.top() > event.rect().bottom():
                break
            number, top, height = block.blockNumber(), round(line.top()), round(line.height())
            changed = number in self._changes.new
            if changed:
                painter.fillRect(0, top, self._margin.width(), height, QColor(self._theme.selection))
            painter.setPen(QColor(self._theme.text if changed else self._theme.muted))
            width = self._margin.width() - sign
            painter.drawText(0, top, width, height, Qt.AlignmentFlag.AlignRight, str(number + 1))
            mark = NEW if changed else GONE if number in self._changes.gone else ""
            painter.setPen(QColor(self._theme.accent))
            painter.drawText(width, top, sign, height, Qt.AlignmentFlag.AlignHCenter, mark)
            block = block.next()


class _Margin(QWidget):
    """Where the numbers of the lines stand."""

    def __init__(self, view: CodeView) -> None:
        super().__init__(view)
        self._view = view

    def sizeHint(self) -> QSize:  # noqa: N802
        """As wide as the numbers."""
        return QSize(self._view.margin_width, 0)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Let the view write them."""
        self._view.paint_margin(event)
