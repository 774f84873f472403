"""The curves of a run on the three plots."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt

from gui.curves import Range, block_size, core_range, peaks, stairs, thinned, visible
from gui.plot import Plot
from gui.run_curves import LOSS, LR, SMOOTH, RunCurves, X
from gui.theme import Theme

MAX_SYMBOLS = 48
"""Symbols on one curve, at most: more would run into each other."""

SMOOTH_POINTS = 400
"""Points of the smooth line, at most: a wide line costs much more to paint than a thin one."""

OVERLAY_SYMBOLS = ("t1", "s", "d", "t", "p", "star")


class Style(NamedTuple):
    """How a curve looks."""

    colour: str
    width: float = 1.0
    line: Qt.PenStyle = Qt.PenStyle.SolidLine
    symbol: str | None = None
    size: int = 0
    hollow: bool = False


def styles(theme: Theme) -> dict[str, Style]:
    """The looks of the present run's curves, by the keys of the legend."""
    return {
        "step": Style(theme.train_faint),
        "smooth": Style(theme.train, 2),
        "train": Style(theme.train, 1, symbol="s", size=5),
        "clean": Style(theme.clean, 1.5, Qt.PenStyle.DashLine, symbol="d", size=7, hollow=True),
        "val": Style(theme.validation, 2, symbol="o", size=7),
        "lr": Style(theme.lr, 2),
    }


def overlay_style(theme: Theme, number: int) -> Style:
    """The look of the validation curve of the so-manieth earlier run, counted from 0."""
    colour = theme.comparisons[number % len(theme.comparisons)]
    return Style(colour, 1.5, symbol=OVERLAY_SYMBOLS[number % len(OVERLAY_SYMBOLS)], size=8)


class Plots(NamedTuple):
    """The three plots."""

    loss: Plot
    accuracy: Plot
    lr: Plot


class Curve:
    """A line with a symbol at some of its points. `draw` takes what is to be seen, thinned already."""

    def __init__(self, plot: Plot, z: float) -> None:
        self._line = pg.PlotCurveItem(connect="finite", skipFiniteCheck=False)
        self._symbols = pg.ScatterPlotItem(pxMode=True)
        for item, above in ((self._line, 0.0), (self._symbols, 0.5)):
            item.setZValue(z + above)
            plot.addItem(item, ignoreBounds=True)
        self._plot = plot
        self._has_symbols = False

    def set_style(self, style: Style, surface: str) -> None:
        """Take another look."""
        self._line.setPen(pg.mkPen(style.colour, width=style.width, style=style.line))
        # Antialiasing costs most on a line that goes up and down at every pixel, and shows nothing there.
        self._line.opts["antialias"] = style.width > 1 or style.symbol is not None
        self._has_symbols = style.symbol is not None
        if style.symbol is not None:
            self._symbols.setSymbol(style.symbol)
            self._symbols.setSize(style.size)
            self._symbols.setPen(pg.mkPen(style.colour if style.hollow else surface, width=1))
            self._symbols.setBrush(pg.mkBrush(surface if style.hollow else style.colour))

    def draw(self, x: np.ndarray, y: np.ndarray) -> None:
        """Draw these points; where y is not finite, the line has a gap."""
        self._line.setData(x, y)
        if not self._has_symbols:
            return
        known = np.flatnonzero(np.isfinite(y))
        low, high = self._plot.x_range()
        shown = np.count_nonzero((x[known] >= low) & (x[known] <= high))
        chosen = known[known % block_size(int(shown), MAX_SYMBOLS) == 0] if len(known) else known
        if len(known) and known[-1] not in chosen:
            chosen = np.append(chosen, known[-1])
        self._symbols.setData(x=x[chosen], y=y[chosen])

    def points(self) -> tuple[np.ndarray, np.ndarray]:
        """What is drawn: x and y."""
        x, y = self._line.getData()
        return (np.empty(0), np.empty(0)) if x is None else (x, y)

    def is_visible(self) -> bool:
        """Whether it is shown."""
        return bool(self._line.isVisible())

    def set_visible(self, visible: bool) -> None:
        """Show or hide it."""
        self._line.setVisible(visible)
        self._symbols.setVisible(visible)

    def remove(self) -> None:
        """Take it off the plot."""
        self._plot.removeItem(self._line)
        self._plot.removeItem(self._symbols)


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

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        looks = styles(theme)
        for key, curve in (*self.loss.items(), *self.accuracy.items(), ("lr", self.lr)):
            curve.set_style(looks[key], theme.surface)
        self._best.set_style(Style(theme.text, symbol="d", size=13), theme.surface)

    def draw(self, run: RunCurves, log: bool, best_epoch: int | None) -> Ranges:
        """Draw what the plots show of this run."""
        ranges = Ranges([], [], [])
        self._draw_steps(run, log, ranges)
        shown = LOSSES.keys() - self.hidden
        ranges.loss.extend(_draw_epochs(run, {key: self.loss[key] for key in LOSSES}, LOSSES, log, shown))
        ranges.accuracy.extend(_draw_epochs(run, self.accuracy, ACCURACIES, False, shown))
        self._draw_best(run, log, best_epoch)
        for key, curve in (*self.loss.items(), *self.accuracy.items()):
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


class OverlayDrawing:
    """The curves of an earlier run: validation solid with symbols, training dotted and thin."""

    def __init__(self, plots: Plots, run: RunCurves, number: int) -> None:
        self.run = run
        self.number = number
        self.visible = True
        self._plots = plots
        self.loss = {key: Curve(plots.loss, z) for z, key in enumerate(("train", "val"), 2)}
        self.accuracy = {key: Curve(plots.accuracy, z) for z, key in enumerate(("train", "val"), 2)}
        self.lr = Curve(plots.lr, 2)

    def curves(self) -> Iterator[Curve]:
        """All its curves."""
        yield from (*self.loss.values(), *self.accuracy.values(), self.lr)

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        look = overlay_style(theme, self.number)
        dotted = Style(look.colour, 1, Qt.PenStyle.DotLine)
        for curves in (self.loss, self.accuracy):
            curves["train"].set_style(dotted, theme.surface)
            curves["val"].set_style(look, theme.surface)
        self.lr.set_style(dotted, theme.surface)

    def draw(self, log: bool, visible: bool) -> Ranges:
        """Draw this run, or hide it."""
        ranges = Ranges([], [], [])
        for curve in self.curves():
            curve.set_visible(visible)
        if not visible:
            return ranges
        ranges.loss.extend(_draw_epochs(self.run, self.loss, LOSSES, log, self.loss.keys()))
        ranges.accuracy.extend(_draw_epochs(self.run, self.accuracy, ACCURACIES, False, self.accuracy.keys()))
        epochs = self.run.epochs()
        lr = np.array([row.lr for row in self.run.rows], dtype=np.float64)
        self.lr.draw(*stairs(epochs, lr, epochs[0] - 1 if len(epochs) else 0.0))
        known = lr[np.isfinite(lr)]
        ranges.lr.append((0.0, float(known.max())) if len(known) else None)
        return ranges

    def remove(self) -> None:
        """Take it off the plots."""
        for curve in self.curves():
            curve.remove()


def _draw_epochs(
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
