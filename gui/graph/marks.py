"""Vertical lines with a word: the best epoch, a drop of the learning rate, a fork, the stop."""

from __future__ import annotations

from collections.abc import Iterable

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QBrush, QColor, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QGraphicsSimpleTextItem, QStyleOptionGraphicsItem, QWidget

from gui.graph import words as graph_words
from gui.graph.drawings import Plots
from gui.language import said_again
from gui.widgets.theme import Theme

GAP = 4
"""Pixels around a word."""
MAX_WORD = 220
"""Pixels of a word, at most: a longer one is cut in its middle."""


class Word(QGraphicsSimpleTextItem):
    """A word on a ground of its own, so that it can be read on top of curves."""

    ground = QColor()

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        """Draw the ground, then the word."""
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.ground)
        painter.drawRoundedRect(self.boundingRect().adjusted(-2, 0, 2, 0), 3, 3)
        super().paint(painter, option, widget)


class Mark:
    """One line on all plots, its word on the loss plot."""

    def __init__(self, plots: Plots, x: float, word: str) -> None:
        self.x = x
        self.said = word
        """What it says in full."""
        self.found = False
        """Whether it was found in the figures, and not told."""
        self.word = Word("", plots.loss.view)
        self.word.setZValue(100)
        self._plots = plots
        self._lines = [pg.InfiniteLine(pos=x, angle=90, movable=False) for _ in plots]
        for plot, line in zip(plots, self._lines, strict=True):
            line.setZValue(1)
            plot.addItem(line, ignoreBounds=True)

    def move(self, x: float, word: str) -> None:
        """Stand somewhere else, with another word, from the next `fit` on."""
        self.x, self.said = x, word

    def fit(self, width: float) -> float:
        """Stand where it is to stand, and say what there is room for in so many pixels; returns how many it takes."""
        for line in self._lines:
            if line.value() != self.x:
                line.setPos(self.x)
        metrics = QFontMetricsF(self.word.font())
        self.word.setText(metrics.elidedText(self.said, Qt.TextElideMode.ElideMiddle, min(width, MAX_WORD)))
        return self.word.boundingRect().width()

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        colour = QColor(theme.outline)
        colour.setAlpha(160)
        pen = pg.mkPen(colour, width=1, style=Qt.PenStyle.DashLine)
        for line in self._lines:
            line.setPen(pen)
        self.word.ground = QColor(theme.surface)
        self.word.ground.setAlpha(220)
        self.word.setBrush(QBrush(QColor(theme.text)))
        self.word.setPen(QPen(Qt.PenStyle.NoPen))

    def remove(self) -> None:
        """Take it off the plots."""
        for plot, line in zip(self._plots, self._lines, strict=True):
            plot.removeItem(line)
        self.word.setParentItem(None)
        if self.word.scene() is not None:
            self.word.scene().removeItem(self.word)


class Marks:
    """The marks of the present run, their words in rows where they don't overlap."""

    MAX_ROWS = 3
    MAX_SHARE = 0.4
    """Of the height of the loss plot, what words may take."""

    def __init__(self, plots: Plots, theme: Theme) -> None:
        self._plots = plots
        self._theme = theme
        self.marks: list[Mark] = []
        self._best: Mark | None = None
        self._moving: dict[str, Mark] = {}
        self.rows = 0
        """Rows of words that are in use."""

    def add(self, x: float, word: str, *, found: bool = False) -> None:
        """Mark this x, in epochs; the same word twice within half an epoch is one mark.

        A mark that was `found` in the figures gives way to one that was told.
        """
        if any(mark.said == word and abs(mark.x - x) < 0.5 for mark in self.marks):
            return
        mark = self._made(x, word)
        mark.found = found
        self.marks.append(mark)
        self.place()

    def remove_found(self, x: float, near: float) -> None:
        """Remove what was found at most so many epochs from there."""
        for mark in [mark for mark in self.marks if mark.found and abs(mark.x - x) <= near]:
            mark.remove()
            self.marks.remove(mark)

    def add_jumps(self, jumps: Iterable[tuple[float, float]]) -> None:
        """Mark jumps of the learning rate that were found: where, in epochs, and by what factor."""
        for x, factor in jumps:
            self.add(x, graph_words.jumped(factor), found=True)

    def set_best(self, epoch: int) -> None:
        """Mark the best epoch: there is one, which moves."""
        word = graph_words.best(epoch)
        if self._best is None:
            self._best = self._made(epoch, word)
            self.marks.append(self._best)
        self._best.move(epoch, word)  # drawn by the next `place`: with the curves, not ahead of them

    def set_found(self, name: str, epoch: int | None, word: str) -> bool:
        """The one mark of this name stands at this epoch, or nowhere; returns whether that is another place."""
        mark = self._moving.get(name)
        if epoch is None:
            if mark is None:
                return False
            mark.remove()
            self.marks.remove(self._moving.pop(name))
            return True
        if mark is None:
            mark = self._moving[name] = self._made(epoch, word)
            self.marks.append(mark)
        elif mark.x == epoch:
            return False
        mark.move(epoch, word)
        return True

    def clear(self) -> None:
        """Remove all marks."""
        for mark in self.marks:
            mark.remove()
        self.marks, self._best, self._moving, self.rows = [], None, {}, 0

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        self._theme = theme
        for mark in self.marks:
            mark.set_theme(theme)

    def say_again(self) -> None:
        """Say all words in the present language, from the next `place` on."""
        for mark in self.marks:
            mark.said = said_again(mark.said)

    def words(self) -> list[tuple[float, str]]:
        """Where marks stand, in epochs, and what they say, from left to right."""
        return [(mark.x, mark.said) for mark in sorted(self.marks, key=lambda mark: mark.x)]

    def height(self) -> int:
        """Pixels that the words need above the curves."""
        return round(self.rows * self._row_height() + GAP) if self.rows else 0

    def place(self) -> None:
        """Put each word beside its line, in the first row where there is room; without room it is left out."""
        view = self._plots.loss.view
        low, high = self._plots.loss.x_range()
        width = view.width()
        rows = min(self.MAX_ROWS, int(self.MAX_SHARE * view.height() / self._row_height()))
        ends: list[float] = []
        for mark in sorted(self.marks, key=lambda mark: mark.x):
            at = (mark.x - low) / (high - low) * width
            length = mark.fit(width - 2 * GAP)
            left = at + GAP if at + GAP + length < width else max(0.0, at - GAP - length)
            row = next((row for row, end in enumerate(ends) if left > end + 2 * GAP), len(ends))
            mark.word.setVisible(0 <= at <= width + 1 and row < rows)
            if mark.word.isVisible():
                ends[row : row + 1] = [left + length]
                mark.word.setPos(left, GAP / 2 + row * self._row_height())
        self.rows = len(ends)

    def _row_height(self) -> float:
        return QFontMetricsF(self._plots.loss.font()).height() + 2

    def _made(self, x: float, word: str) -> Mark:
        mark = Mark(self._plots, x, word)
        mark.set_theme(self._theme)
        return mark
