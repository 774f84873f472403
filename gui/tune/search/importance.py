"""How much of the difference between trials each parameter makes, as bars."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from gui import numbers
from gui.widgets.labels import text_label
from gui.widgets.measured import by_type
from gui.widgets.theme import LIGHT, Theme
from gui.widgets.type_size import tabular

THICK = 12
TITLE_SHARE = 0.42
"""Of the width, for what they are called."""


class Importance(QWidget):
    """The bars, and what they mean."""

    def __init__(self) -> None:
        super().__init__()
        self.bars = _Bars()
        self.explained = text_label(role="muted")
        self.missing = text_label(role="muted")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        for widget in (self.bars, self.explained, self.missing):
            column.addWidget(widget)
        column.addStretch(1)

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        self.bars.theme = theme
        self.bars.update()

    def show_shares(self, shares: Sequence[tuple[str, float]], missing: Sequence[str], complete: int) -> None:
        """Show these, each with what it is called; what is `missing` is not told of. So many trials are complete."""
        self.bars.show_shares(sorted(shares, key=lambda each: -each[1]))
        self.bars.setVisible(bool(shares))
        if shares:
            text = self.tr(
                "Where the differences between {count} complete trials come from (PED-ANOVA): what sets the best tenth "
                "apart from all. With few trials it is rough, and it tells only of what was searched."
            )
        else:
            text = self.tr(
                "Here will stand how much each parameter matters, as soon as there are enough complete trials that "
                "differ; now there are {count}."
            )
        self.explained.setText(text.format(count=numbers.count(complete)))
        self.missing.setVisible(bool(shares and missing))
        self.missing.setText(
            self.tr("Not told, as not every trial chooses it: {names}").format(names=", ".join(missing))
        )


class _Bars(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self.theme: Theme = LIGHT
        self.shares: list[tuple[str, float]] = []
        self.setFont(tabular(self.font()))
        by_type(self, lambda _: self._fit())

    def show_shares(self, shares: list[tuple[str, float]]) -> None:
        self.shares = shares
        self._fit()
        self.setAccessibleName(", ".join(f"{name} {numbers.percent(share)}" for name, share in shares))
        self.update()

    @property
    def _line(self) -> int:
        return max(28, self.fontMetrics().height() + 8)

    def _fit(self) -> None:
        self.setFixedHeight(self._line * len(self.shares))

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(320, self._line * len(self.shares))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter, metrics = QPainter(self), self.fontMetrics()
        figure = metrics.horizontalAdvance("100.0 %") + 8
        title = min(
            TITLE_SHARE * self.width(),
            max((metrics.horizontalAdvance(name) for name, _ in self.shares), default=0) + 12.0,
        )
        room = self.width() - title - figure
        middle, line = Qt.AlignmentFlag.AlignVCenter, self._line
        for row, (name, share) in enumerate(self.shares):
            top = row * line
            painter.setPen(QColor(self.theme.text))
            text = metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, int(title - 8))
            painter.drawText(QRectF(0, top, title, line), middle, text)
            painter.fillRect(QRectF(title, top + (line - THICK) / 2, room, THICK), QColor(self.theme.raised))
            painter.fillRect(QRectF(title, top + (line - THICK) / 2, room * share, THICK), QColor(self.theme.train))
            painter.setPen(QColor(self.theme.muted))
            painter.drawText(
                QRectF(self.width() - figure, top, figure, line), middle | Qt.AlignmentFlag.AlignRight,
                numbers.percent(share),
            )  # fmt: skip
