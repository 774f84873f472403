"""Effects as bars from a zero line, with their intervals as whiskers, all on one scale."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from engine.sweeps.ablation import Effect, Verdict
from gui.tune.ablation import words
from gui.widgets.theme import LIGHT, Theme
from gui.widgets.type_size import tabular

HEIGHT, THICK, CAP = 20, 8, 5
"""Pixels: of a line, of a bar, and of half the end of a whisker."""
MARGIN = 6
WHISKER_SHARE = 4.0
"""The scale goes to so many of the largest effect at most: beside the interval of two seeds no bar might be seen."""


def reach(effects: list[Effect]) -> float:
    """How far from zero a scale goes that shows these: all bars whole, and whiskers of a sensible length."""
    bars = [abs(each.difference) for each in effects]
    ends = [abs(end) for each in effects if each.interval is not None for end in each.interval]
    largest = max(bars, default=0.0)
    if largest == 0:
        return max(ends, default=0.0) or 1.0
    return max(largest, min(max(ends, default=0.0), WHISKER_SHARE * largest))


def colour(found: Effect, theme: Theme) -> str:
    """By what it is worth; the words beside it say the same."""
    if found.verdict in (Verdict.HELPED, Verdict.NARROWER):
        return theme.lr
    return theme.validation if found.verdict in (Verdict.HURT, Verdict.WIDER) else theme.outline


class EffectBar(QWidget):
    """One effect. Its scale is given from outside, so that all bars have the same."""

    def __init__(self) -> None:
        super().__init__()
        self.theme: Theme = LIGHT
        self.effect: Effect | None = None
        self._reach = 1.0

    def show_effect(self, found: Effect | None, reach: float, name: str) -> None:
        """Show this; None is an empty line. The name is for those who don't see the bar."""
        self.effect, self._reach = found, reach
        self.setAccessibleName(name)
        self.update()

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        self.theme = theme
        self.update()

    def place(self, value: float) -> float:
        """Where a value lies, in pixels; what is beyond the scale lies at the widget's edge."""
        half = self.width() / 2 - MARGIN
        if abs(value) > self._reach:
            return float(self.width()) if value > 0 else 0.0
        return self.width() / 2 + half * value / self._reach

    def sizeHint(self) -> QSize:  # noqa: N802
        """As wide as there is room."""
        return QSize(240, HEIGHT)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Narrow."""
        return QSize(80, HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """The zero line, the bar, the whisker."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        zero, middle = self.place(0.0), self.height() / 2
        painter.setPen(QPen(QColor(self.theme.border), 1))
        painter.drawLine(QPointF(zero, 0), QPointF(zero, self.height()))
        found = self.effect
        if found is None:
            return
        end = self.place(found.difference)
        painter.fillRect(
            QRectF(min(zero, end), middle - THICK / 2, abs(end - zero), THICK), QColor(colour(found, self.theme))
        )
        painter.setPen(QPen(QColor(self.theme.text), 1.5))
        if found.interval is None or found.verdict is Verdict.SAME:
            painter.drawLine(QPointF(end, middle - THICK / 2), QPointF(end, middle + THICK / 2))
            return
        ends = [self.place(value) for value in found.interval]
        painter.drawLine(QPointF(ends[0], middle), QPointF(ends[1], middle))
        for at, value in zip(ends, found.interval, strict=True):
            if abs(value) <= self._reach:  # one that goes on beyond the scale has no end here
                painter.drawLine(QPointF(at, middle - CAP), QPointF(at, middle + CAP))


class EffectScale(EffectBar):
    """The figures under the bars: both ends and zero."""

    def __init__(self) -> None:
        super().__init__()
        self.setFont(tabular(self.font()))
        self._share = False

    def show_scale(self, reach: float, *, share: bool) -> None:
        """Show a scale that goes so far to both sides."""
        self._reach, self._share = reach, share
        self.update()

    def ticks(self) -> list[float]:
        """Zero, and a round number on each side of it."""
        step = 10.0 ** math.floor(math.log10(self._reach))
        round_number = next(factor * step for factor in (5, 2, 1) if factor * step <= self._reach)
        return [-round_number, 0.0, round_number]

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """The figures, each under its place."""
        painter = QPainter(self)
        painter.setPen(QColor(self.theme.muted))
        for value in self.ticks():
            text = words.change(value, share=self._share)
            width = painter.fontMetrics().horizontalAdvance(text) + 4
            left = max(0.0, min(self.width() - width, self.place(value) - width / 2))
            painter.drawText(QRectF(left, 0, width, self.height()), Qt.AlignmentFlag.AlignCenter, text)
