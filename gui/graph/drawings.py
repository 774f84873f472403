"""The curves of a run on the three plots."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QPen

from gui.graph.curves import Range, block_size, core_range, peaks, split_at, stairs, thinned, visible
from gui.graph.plot import Plot
from gui.graph.run_curves import LOSS, LR, SMOOTH, RunCurves, X
from gui.widgets.theme import Theme

MAX_SYMBOLS = 48
"""Symbols on one curve, at most: more would run into each other."""

SMOOTH_POINTS = 400
"""Points of the smooth line, at most: a wide line costs much more to paint than a thin one."""

OVERLAY_SYMBOLS = ("t1", "s", "d", "t", "p", "star", "x", "t2", "+", "t3")
OVERLAY_LINES = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DashDotLine)
"""One after another where the colours begin again."""

PAST_OPACITY = 0.4
"""Of the curves before the fork: there it is another run that is seen."""


class Style(NamedTuple):
    """How a curve looks."""

    colour: str
    width: float = 1.0
    line: Qt.PenStyle = Qt.PenStyle.SolidLine
    symbol: str | None = None
    size: int = 0
    hollow: bool = False


def scaled(style: Style, by: float) -> Style:
    """The look of a curve that is so many times as wide, with symbols so many times as large."""
    return style._replace(width=style.width * by, size=round(style.size * by))


def styles(theme: Theme) -> dict[str, Style]:
    """The looks of the present run's curves, by the keys of the legend."""
    looks = {
        "step": Style(theme.train_faint),
        "smooth": Style(theme.train, 2),
        "train": Style(theme.train, 1, symbol="s", size=5),
        "clean": Style(theme.clean, 1.5, Qt.PenStyle.DashLine, symbol="d", size=7, hollow=True),
        "val": Style(theme.validation, 2, symbol="o", size=7),
        "lr": Style(theme.lr, 2),
    }
    # The steps go up and down at every pixel: a wide line would hide all else, and takes long to paint.
    return {key: look if key == "step" else scaled(look, theme.lines) for key, look in looks.items()}


def overlay_style(theme: Theme, number: int) -> Style:
    """The look of the validation curve of the so-manieth earlier run, counted from 0. No two have the same symbol."""
    turn, colour = divmod(number, len(theme.comparisons))
    line = OVERLAY_LINES[turn % len(OVERLAY_LINES)]
    symbol = OVERLAY_SYMBOLS[number % len(OVERLAY_SYMBOLS)]
    return scaled(Style(theme.comparisons[colour], 1.5, line, symbol=symbol, size=8), theme.lines)


class Fork(NamedTuple):
    """Where a run left its parent."""

    x: float
    """In epochs."""
    past_is_drawn: bool
    """Whether what lies before is drawn; it is not where the parent itself is on the graph."""


class Plots(NamedTuple):
    """The three plots."""

    loss: Plot
    accuracy: Plot
    lr: Plot


class Line(pg.PlotCurveItem):
    """A line with gaps where its values are not finite. A wide one is painted piece by piece.

    As one path, 1,000 points take 12 ms of the window's thread, in pieces 2. Not so where it would be seen: dashes
    would begin anew with each piece, and a faint line is darker where pieces meet; and what is taken out of the graph
    has whole paths.
    """

    def __init__(self) -> None:
        super().__init__(connect="finite", skipFiniteCheck=False)

    def setPen(self, pen: QPen) -> None:  # noqa: N802
        """Take another pen; an opacity comes first."""
        super().setPen(pen)
        self._divide()

    def setExportMode(self, export: bool, opts: dict[str, object] | None = None) -> None:  # noqa: N802
        """Be whole while a picture is taken out."""
        super().setExportMode(export, opts)
        self._divide(not export)

    def _divide(self, on_screen: bool = True) -> None:
        pen = self.opts["pen"]
        pieces = on_screen and pen.widthF() > 1 and pen.style() is Qt.PenStyle.SolidLine and self.opacity() == 1
        self.setSegmentedLineMode("on" if pieces else "off")


class Curve:
    """A line with a symbol at some of its points. `draw` takes what is to be seen, thinned already.

    With a fork, what lies before it is faint and bears no symbols, or is left out.
    """

    def __init__(self, plot: Plot, z: float) -> None:
        self._plot, self._z = plot, z
        self._line = self._add(Line(), z)
        self._past: Line | None = None
        self._symbols: pg.ScatterPlotItem | None = None
        self._pen = self._line.opts["pen"]
        self._fork: Fork | None = None
        self._drawn: tuple[Range, np.ndarray, np.ndarray] | None = None

    def _add(self, item: pg.GraphicsObject, z: float) -> pg.GraphicsObject:
        item.setZValue(z)
        self._plot.addItem(item, ignoreBounds=True)
        return item

    def _items(self) -> Iterator[pg.GraphicsObject]:
        yield from (item for item in (self._past, self._line, self._symbols) if item is not None)

    def set_style(self, style: Style, surface: str) -> None:
        """Take another look."""
        self._pen = pg.mkPen(style.colour, width=style.width, style=style.line)
        for line in (self._line, self._past):
            if line is not None:
                line.setPen(self._pen)
        # Antialiasing costs most on a line that goes up and down at every pixel, and shows nothing there.
        self._line.opts["antialias"] = style.width > 1 or style.symbol is not None
        if style.symbol is not None:
            if self._symbols is None:
                self._symbols = self._add(pg.ScatterPlotItem(pxMode=True), self._z + 0.5)
            self._symbols.setSymbol(style.symbol)
            self._symbols.setSize(style.size)
            self._symbols.setPen(pg.mkPen(style.colour if style.hollow else surface, width=1))
            self._symbols.setBrush(pg.mkBrush(surface if style.hollow else style.colour))
        self._drawn = None

    def set_fork(self, fork: Fork | None) -> None:
        """Say where the run was forked, if it was."""
        if fork == self._fork:
            return
        self._fork, self._drawn = fork, None
        if self._past is None:
            self._past = self._add(Line(), self._z)
            self._past.setOpacity(PAST_OPACITY)
            self._past.setPen(self._pen)

    def draw(self, x: np.ndarray, y: np.ndarray) -> None:
        """Draw these points; where y is not finite, the line has a gap. What is drawn already costs nothing."""
        view, before = self._plot.x_range(), self._drawn
        if before and before[0] == view and np.array_equal(before[1], x) and np.array_equal(before[2], y, True):
            return
        self._drawn = view, x.copy(), y.copy()
        past = x[:0], y[:0]
        if self._fork is not None:
            past, (x, y) = split_at(x, y, self._fork.x)
            if not self._fork.past_is_drawn:
                past = x[:0], y[:0]
        if self._past is not None:
            self._past.setData(*past)
        self._line.setData(x, y)
        if self._symbols is not None:
            self._draw_symbols(self._symbols, x, y, view)

    @staticmethod
    def _draw_symbols(symbols: pg.ScatterPlotItem, x: np.ndarray, y: np.ndarray, view: Range) -> None:
        known = np.flatnonzero(np.isfinite(y))
        shown = np.count_nonzero((x[known] >= view[0]) & (x[known] <= view[1]))
        chosen = known[known % block_size(int(shown), MAX_SYMBOLS) == 0] if len(known) else known
        if len(known) and known[-1] not in chosen:
            chosen = np.append(chosen, known[-1])
        symbols.setData(x=x[chosen], y=y[chosen])

    def points(self) -> tuple[np.ndarray, np.ndarray]:
        """What is drawn: x and y, with a fork from there on."""
        return _points(self._line)

    def past(self) -> tuple[np.ndarray, np.ndarray]:
        """What is drawn of the time before the fork: x and y."""
        return _points(self._past) if self._past is not None else (np.empty(0), np.empty(0))

    def is_visible(self) -> bool:
        """Whether it is shown."""
        return bool(self._line.isVisible())

    def set_visible(self, visible: bool) -> None:
        """Show or hide it."""
        for item in self._items():
            item.setVisible(visible)

    def remove(self) -> None:
        """Take it off the plot."""
        for item in self._items():
            self._plot.removeItem(item)


def _points(line: Line) -> tuple[np.ndarray, np.ndarray]:
    x, y = line.getData()
    return (np.empty(0), np.empty(0)) if x is None else (x, y)


class Ranges(NamedTuple):
    """What a run needs of each plot's height."""

    loss: list[Range | None]
    accuracy: list[Range | None]
    lr: list[Range | None]


LOSSES = {"train": "train_loss", "clean": "clean_train_loss", "val": "val_loss"}
ACCURACIES = {"train": "train_accuracy", "clean": "clean_train_accuracy", "val": "val_accuracy"}


class RunDrawing:
    """The curves of the present run. A hidden key of the legend hides its curves on all plots."""

    def __init__(self, plots: Plots) -> None:
        self._plots = plots
        back_to_front = ("step", "train", "smooth", "clean", "val")
        self.loss = {key: Curve(plots.loss, z) for z, key in enumerate(back_to_front, 10)}
        self.accuracy = {key: Curve(plots.accuracy, z) for z, key in enumerate(ACCURACIES, 10)}
        self.lr = Curve(plots.lr, 10)
        self._best = Curve(plots.loss, 30)
        self.hidden: set[str] = set()

    def _curves(self) -> Iterator[tuple[str, Curve]]:
        yield from (*self.loss.items(), *self.accuracy.items(), ("lr", self.lr))

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        looks = styles(theme)
        for key, curve in self._curves():
            curve.set_style(looks[key], theme.surface)
        self._best.set_style(Style(theme.text, symbol="d", size=13), theme.surface)

    def set_fork(self, fork: Fork | None) -> None:
        """Say where the run was forked, if it was."""
        for _, curve in self._curves():
            curve.set_fork(fork)

    def draw(self, run: RunCurves, log: bool, best_epoch: int | None) -> Ranges:
        """Draw what the plots show of this run."""
        ranges = Ranges([], [], [])
        self._draw_steps(run, log, ranges)
        shown = LOSSES.keys() - self.hidden
        ranges.loss.extend(draw_epochs(run, {key: self.loss[key] for key in LOSSES}, LOSSES, log, shown))
        ranges.accuracy.extend(draw_epochs(run, self.accuracy, ACCURACIES, False, shown))
        self._draw_best(run, log, best_epoch)
        for key, curve in self._curves():
            curve.set_visible(key not in self.hidden)
        return ranges

    def _draw_steps(self, run: RunCurves, log: bool, ranges: Ranges) -> None:
        x, loss, lr, smooth = (run.steps.column(column) for column in (X, LOSS, LR, SMOOTH))
        width = self._plots.loss.width_px()
        rows = visible(x, self._plots.loss.x_range())
        scaled = logarithm if log else np.asarray
        raw_x, raw_y = peaks(x, loss, rows, width)
        self.loss["step"].draw(raw_x, scaled(raw_y))
        smooth_x, smooth_y = thinned(x, smooth, rows, SMOOTH_POINTS)
        self.loss["smooth"].draw(smooth_x, scaled(smooth_y))
        lr_x, lr_y = thinned(x, lr, visible(x, self._plots.lr.x_range()), self._plots.lr.width_px())
        first = float(lr_x[0]) - 1 / run.steps_per_epoch if len(lr_x) else 0.0
        self.lr.draw(*stairs(lr_x, lr_y, first))
        everywhere = slice(None, None, block_size(len(x), 1000))
        for key, values, keep_late in (("step", loss, False), ("smooth", smooth, True)):
            ranges.loss.append(None if key in self.hidden else core_range(scaled(values[everywhere]), keep_late))
        ranges.lr.append((0.0, float(lr[everywhere].max())) if len(lr) else None)

    def _draw_best(self, run: RunCurves, log: bool, best_epoch: int | None) -> None:
        x, val = run.epochs(), run.figure("val_loss")
        at = x == best_epoch
        self._best.draw(x[at], logarithm(val[at]) if log else val[at])
        self._best.set_visible("val" not in self.hidden)


def draw_epochs(
    run: RunCurves, curves: Mapping[str, Curve], names: Mapping[str, str], log: bool, shown: Collection[str]
) -> list[Range | None]:
    """Draw figures of each epoch; returns the ranges of those that are shown."""
    epochs = run.epochs()
    ranges = []
    for key, curve in curves.items():
        figure = run.figure(names[key])
        values = logarithm(figure) if log else figure
        curve.draw(epochs, values)
        ranges.append(core_range(values) if key in shown else None)
    return ranges


def logarithm(values: np.ndarray) -> np.ndarray:
    """The decimal logarithm; nan where there is none."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(values > 0, np.log10(values), np.nan)
