"""The plot of a comparison: one figure of each epoch, a line for each run, mean and band for runs of several seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QObject, Qt, Slot
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from engine.comparison import CURVES, Band
from gui import numbers
from gui.compare import words as words
from gui.graph.curves import Range, core_range
from gui.graph.drawings import Curve, Fork, Style
from gui.graph.legend import Legend
from gui.graph.plot import Plot
from gui.widgets.theme import LIGHT, Theme
from gui.widgets.type_size import tabular

BAND_ALPHA = 48
"""Of 255: bands that lie over each other, and the lines under them, stay to be seen."""
BEYOND = 0.5
"""Epochs past the end of a curve in which its figure is no longer read."""


class Line(NamedTuple):
    """What is drawn of one run or of one group of seeds."""

    name: str
    style: Style
    bands: dict[str, Band]
    """By the names of `CURVES`."""
    drawn_already: int = 0
    """Epochs that it shares with a line before it, as a fork with its parent: they are drawn once."""


class ComparePlot(QWidget):
    """Chooses the figure, draws it, and reads it at the pointer."""

    def __init__(self) -> None:
        super().__init__()
        self._theme = LIGHT
        self._lines: list[Line] = []
        self._drawings: list[_Drawing] = []
        self._following = True
        self.choice = QComboBox()
        self.choice.setAccessibleName(self.tr("Figure to draw"))
        self.choice.setToolTip(self.tr("Which figure of each epoch is drawn"))
        for name in CURVES:
            self.choice.addItem(words.curve(name), name)
        self.legend = Legend()
        self.plot = Plot(self.tr("Comparison"), self.tr("epoch"))
        self.note = QLabel()
        self.note.setProperty("role", "muted")
        self.note.setWordWrap(True)
        self.nothing = QLabel(self.tr("None of these runs has this figure."))
        self.nothing.setProperty("role", "muted")
        self.nothing.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.read_out = _ReadOut(self.plot)
        self._lay_out()
        self.choice.currentIndexChanged.connect(self._draw)
        self.legend.toggled.connect(self._toggled)
        self.plot.moved_by_hand.connect(self._moved)
        self.plot.double_clicked.connect(self._follow)
        self.plot.hovered.connect(self._hovered)
        self.plot.view.sigXRangeChanged.connect(self._range_changed)

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self.choice, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(self.legend, 1)
        over = QGridLayout()
        over.addWidget(self.plot, 0, 0)
        over.addWidget(self.nothing, 0, 0, Qt.AlignmentFlag.AlignCenter)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(4)
        column.addLayout(line)
        column.addLayout(over, 1)
        column.addWidget(self.note)

    @property
    def figure(self) -> str:
        """The figure that is drawn, by its name in `CURVES`."""
        return str(self.choice.currentData())

    def set_theme(self, theme: Theme) -> None:
        """Take another palette; the lines come with their looks."""
        self._theme = theme
        self.plot.set_theme(theme)
        self.read_out.set_theme(theme)

    def show_lines(self, lines: Sequence[Line]) -> None:
        """Draw these; while the view was not moved by hand it shows all of them."""
        kept = [line.name for line in lines] == [line.name for line in self._lines]
        hidden = {number for number, drawing in enumerate(self._drawings) if not drawing.visible} if kept else set()
        self._lines = list(lines)
        while len(self._drawings) > len(lines):
            self._drawings.pop().remove()
        while len(self._drawings) < len(lines):
            self._drawings.append(_Drawing(self.plot, len(self._drawings)))
        if not kept:
            for key in list(self.legend.keys()):
                self.legend.remove(key)
            for number, line in enumerate(lines):
                self.legend.add(str(number), line.name, line.style, self._theme)
        for number, (line, drawing) in enumerate(zip(lines, self._drawings, strict=True)):
            drawing.visible = number not in hidden
            drawing.set_style(line.style, self._theme)
            self.legend.entry(str(number)).set_look(line.style, self._theme)
        self._draw()

    @Slot()
    def _draw(self) -> None:
        shown: list[Range | None] = []
        last = 0.0
        for line, drawing in zip(self._lines, self._drawings, strict=True):
            band = line.bands[self.figure]
            if len(band.epochs):
                last = max(last, float(band.epochs[-1]))
            drawing.leave_out(line.drawn_already)
            shown.append(drawing.show(band, self._scale))
        if self._following:
            self.plot.show_epochs(1 - 0.01 * max(1.0, last), max(2.0, 1.01 * last))
            self.plot.fit(shown)
        self.nothing.setVisible(last == 0)
        self.note.setText(self._explanation())
        self.note.setVisible(bool(self.note.text()))
        self._hovered(None)

    @property
    def _scale(self) -> float:
        return 100.0 if self.figure == "val_accuracy" else 1.0

    def _explanation(self) -> str:
        bands = [line.bands[self.figure] for line in self._lines]
        parts = []
        if any(band.deviation is not None for band in bands):
            parts.append(self.tr("Bands: mean over the seeds ± 1 standard deviation."))
        if any(band.left_out for band in bands):
            parts.append(self.tr("A mean goes as far as all of its runs: they are not of one length."))
        return " ".join(parts)

    # --- what the user does ----------------------------------------------------------------------

    @Slot(str, bool)
    def _toggled(self, key: str, shown: bool) -> None:
        self._drawings[int(key)].visible = shown
        self._draw()

    @Slot()
    def _moved(self) -> None:
        self._following = False

    @Slot()
    def _follow(self) -> None:
        self._following = True
        self.plot.forget_fit()
        self._draw()

    @Slot()
    def _range_changed(self) -> None:
        for line, drawing in zip(self._lines, self._drawings, strict=True):
            drawing.show(line.bands[self.figure], self._scale)

    @Slot(object)
    def _hovered(self, x: float | None) -> None:
        epochs = [line.bands[self.figure].epochs for line in self._lines]
        known = np.unique(np.concatenate(epochs)) if epochs else np.empty(0)
        if x is None or not len(known):
            self.plot.set_cursor(None)
            self.read_out.hide()
            return
        epoch = float(known[np.argmin(np.abs(known - x))])
        self.plot.set_cursor(epoch)
        low, high = self.plot.x_range()
        rows = [
            (line, self._value_at(line.bands[self.figure], epoch))
            for line, drawing in zip(self._lines, self._drawings, strict=True)
            if drawing.visible
        ]
        self.read_out.show_values(epoch, rows, left=epoch > (low + high) / 2)

    def _value_at(self, band: Band, epoch: float) -> str:
        at = np.flatnonzero(band.epochs == epoch)
        if not len(at):
            return numbers.NONE
        mean = float(band.mean[at[0]])
        if band.deviation is None:
            return words.figure(self.figure, mean)
        return words.plus_minus(self.figure, mean, float(band.deviation[at[0]]))


class _Drawing:
    """A line, and the band around it."""

    def __init__(self, plot: Plot, number: int) -> None:
        self.visible = True
        self._plot = plot
        self._curve = Curve(plot, 10 + number)
        self._edges = [pg.PlotCurveItem(pen=None) for _ in range(2)]
        self._band = pg.FillBetweenItem(*self._edges)
        self._band.setZValue(number)
        for item in (*self._edges, self._band):
            plot.addItem(item, ignoreBounds=True)

    def set_style(self, style: Style, theme: Theme) -> None:
        self._curve.set_style(style, theme.surface)
        colour = QColor(style.colour)
        colour.setAlpha(BAND_ALPHA)
        self._band.setBrush(pg.mkBrush(colour))

    def leave_out(self, epochs: int) -> None:
        """So many are drawn by another."""
        self._curve.set_fork(Fork(epochs, past_is_drawn=False) if epochs else None)

    def show(self, band: Band, scale: float) -> Range | None:
        """Draw it; returns the height that it needs."""
        mean = scale * band.mean
        self._curve.set_visible(self.visible)
        self._curve.draw(band.epochs, mean)
        has_band = band.deviation is not None and len(mean) > 0 and self.visible
        self._band.setVisible(has_band)
        if band.deviation is None or not has_band:
            return core_range(mean) if self.visible else None
        low, high = mean - scale * band.deviation, mean + scale * band.deviation
        for edge, values in zip(self._edges, (low, high), strict=True):
            edge.setData(band.epochs, values)
        return core_range(np.stack([low, high], axis=1).ravel())

    def remove(self) -> None:
        self._curve.remove()
        for item in (self._band, *self._edges):
            self._plot.removeItem(item)


class _ReadOut(QLabel):
    """The figures of all lines at one epoch, in a corner of the plot that the pointer is not in."""

    MARGIN = 8

    def __init__(self, plot: Plot) -> None:
        super().__init__(plot)
        self._left = False
        self.setObjectName("readOut")
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setFont(tabular(self.font()))
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()
        plot.installEventFilter(self)

    def set_theme(self, theme: Theme) -> None:
        self.setStyleSheet(
            f"background: {theme.surface}; border: 1px solid {theme.border}; border-radius: 4px; padding: 4px 8px;"
        )

    def show_values(self, epoch: float, rows: Sequence[tuple[Line, str]], *, left: bool) -> None:
        """Show them on the left or on the right."""
        square = "<font color='{colour}'>\N{BLACK SQUARE}</font>"
        lines = "".join(
            f"<tr><td>{square.format(colour=line.style.colour)} {words.escaped(line.name)}&nbsp;&nbsp;</td>"
            f"<td align='right'>{value.replace(' ', '&nbsp;')}</td></tr>"
            for line, value in rows
        )
        heading = self.tr("epoch {epoch}").format(epoch=f"{epoch:.0f}")
        self.setText(f"<table cellspacing='0'><tr><td colspan='2'>{heading}</td></tr>{lines}</table>")
        self._left = left
        self._place()
        self.show()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Keep to the corner as the plot changes its size."""
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return False

    def _place(self) -> None:
        self.adjustSize()
        plot = self.parentWidget()
        axis = self.parentWidget().figures.width()
        left = axis + self.MARGIN if self._left else plot.width() - self.width() - self.MARGIN - 12
        self.move(round(max(axis, left)), self.MARGIN)
