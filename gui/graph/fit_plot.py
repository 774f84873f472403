"""The fit of a regression of one input: the points, and the curves that networks have drawn through them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QColor, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from gui.graph.curves import Range, union
from gui.graph.drawings import Style, overlay_style
from gui.graph.fit_curve import FitCurve, Line, span_of
from gui.graph.fit_read_out import FitReadOut
from gui.graph.legend import Legend
from gui.graph.plot import Plot
from gui.widgets.measured import by_type
from gui.widgets.theme import Theme, system_theme

ROOM = 0.06
"""Free height above and below the points, as a share of theirs."""
LEGEND_SHARE = 0.3
"""Of the height, what the legend may take at most: then it names the curves alone, and points speak for themselves."""
FAINT = 110
"""Opacity of the validation points, of 255: they are many, and not what the curve was fitted to."""


class Overlay(NamedTuple):
    """The curve of an earlier run."""

    label: str
    number: int
    """Which of the looks of earlier runs it has, counted from 0."""
    x: np.ndarray
    y: np.ndarray


class FitPlot(QWidget):
    """Points, and the curves through them: of the present run, redrawn as it learns, and of earlier ones.

    Its height is that of the points, whatever a curve does, so that nothing jumps. Data may come as often as they
    like: `redraw` draws what is new.
    """

    def __init__(self, parent: QWidget | None = None, theme: Theme | None = None) -> None:
        super().__init__(parent)
        self._theme = theme or system_theme()
        self._points: dict[str, Line | None] = {"training": None, "validation": None, "truth": None}
        self._fit: Line | None = None
        self._label: str | None = None
        self._overlays: list[Overlay] = []
        self._hidden: set[str] = set()
        self._held: tuple[Range, Range] | None = None
        self._dirty = True
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self.redraw)
        self.setAccessibleName(self.tr("Fit"))
        self.plot = Plot(self.tr("Fit"), "", self)
        self.plot.double_clicked.connect(self.reset_view)
        self.plot.hovered.connect(self._on_hovered)
        self.scatters = {"validation": self._scatter(1), "training": self._scatter(9)}
        self.truth = FitCurve(self.plot, 2)
        self.curve = FitCurve(self.plot, 8)
        self.overlays: list[FitCurve] = []
        self.legend = Legend(self)
        self.legend.toggled.connect(self._on_legend)
        self.read_out = FitReadOut(self)
        self._cursor: float | None = None
        self.empty_text = QLabel(self.tr("The points and the fitted curve appear here"), self)
        self._lay_out()
        self.set_theme(self._theme)

    # --- what is shown --------------------------------------------------------------------------

    def set_points(self, training: Line | None, validation: Line | None = None, truth: Line | None = None) -> None:
        """Show these points, and the line that they scatter about where it is known. The view starts anew."""
        self._points = {"training": training, "validation": validation, "truth": truth}
        self._held = None
        self._name()
        self.reset_view()

    def set_fit(self, x: np.ndarray | Sequence[float], y: np.ndarray | Sequence[float], label: str = "") -> None:
        """The curve of the present run from now on, drawn at the next `redraw`; `label` is the run's name."""
        self._fit = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
        self._dirty = True
        if label != self._label:
            self._label = label
            self._name()

    def set_overlays(self, overlays: Sequence[tuple[str, int, np.ndarray, np.ndarray]]) -> None:
        """The curves of other runs: of each its name, the number of its look, x and y."""
        former, self._overlays = self._overlays, [Overlay(*overlay) for overlay in overlays]
        if former and [each[:2] for each in former] == [each[:2] for each in self._overlays]:
            self._draw_soon()  # they have learnt more: what bears their names stays in its place
            return
        for curve in self.overlays:
            curve.remove()
        self.overlays = [FitCurve(self.plot, 3) for _ in self._overlays]
        self._style_overlays()
        self._name()
        self._draw_soon()

    def clear(self) -> None:
        """Show nothing."""
        self._fit = self._label = None
        self.set_overlays([])
        self.set_points(None)

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        self._theme = theme
        self.plot.set_theme(theme)
        for key, scatter in self.scatters.items():
            style = self._styles()[key]
            colour = QColor(style.colour)
            colour.setAlpha(FAINT if style.hollow else 255)
            scatter.setSymbol(style.symbol)
            scatter.setSize(style.size)
            scatter.setPen(pg.mkPen(colour if style.hollow else theme.surface, width=1))
            scatter.setBrush(pg.mkBrush(None if style.hollow else colour))
        self.truth.set_style(self._styles()["truth"], theme.surface)
        self.curve.set_style(self._styles()["fit"], theme.surface)
        self.read_out.set_theme(theme)
        self._style_overlays()
        self._name()
        self.setStyleSheet(f"FitPlot {{ background: {theme.surface}; }}")
        self._draw_soon()

    def reset_view(self) -> None:
        """Show all points."""
        if self._held is None:
            self._held = self._range_of_points()
        if self._held is not None:
            self._show(*self._held)
        self._draw_soon()

    def redraw(self) -> None:
        """Draw what has changed since the last time, if anything has and the plot can be seen."""
        if not self._dirty or not self.isVisible():
            return
        self._dirty = False
        self._soon.stop()
        for key, scatter in self.scatters.items():
            x, y = self._points[key] or (np.empty(0), np.empty(0))
            scatter.setData(x=x, y=y)
            scatter.setVisible(key not in self._hidden)
        if self._points["training"] is None:
            self._make_room()
        self.truth.draw(self._points["truth"])
        self.curve.draw(self._fit)
        for curve, overlay in zip(self.overlays, self._overlays, strict=True):
            curve.draw((overlay.x, overlay.y))
        for key, curve in self._curves().items():
            curve.set_visible(key not in self._hidden)
        self._read_out()
        empty = not (self._fit or self._overlays or any(self._points.values()))
        self.empty_text.setVisible(empty)
        self.plot.setVisible(not empty)

    # --- within ---------------------------------------------------------------------------------

    def _curves(self) -> dict[str, FitCurve]:
        overlays = {f"overlay-{place}": curve for place, curve in enumerate(self.overlays)}
        return {"fit": self.curve, **overlays, "truth": self.truth}

    def _styles(self) -> dict[str, Style]:
        """The looks of all but the earlier runs, by the keys of the legend."""
        theme = self._theme
        return {
            "training": Style(theme.train, 0, Qt.PenStyle.NoPen, "o", 8),
            "validation": Style(theme.validation, 0, Qt.PenStyle.NoPen, "o", 6, hollow=True),
            "truth": Style(theme.muted, 1.5, Qt.PenStyle.DashLine),
            "fit": Style(theme.train, 2),
        }

    def _style_overlays(self) -> None:
        for place, (curve, overlay) in enumerate(zip(self.overlays, self._overlays, strict=True)):
            curve.set_style(overlay_style(self._theme, overlay.number), self._theme.surface, place)

    def _name(self) -> None:
        """Say in the legend what is there, as far as there is room: the curves, then the points."""
        looks, names = self._styles(), self._names()
        there = self._points | {"fit": self._fit}
        curves = [(key, names[key], looks[key]) for key in ("fit",) if there[key] is not None]
        curves += [
            (f"overlay-{place}", overlay.label, overlay_style(self._theme, overlay.number))
            for place, overlay in enumerate(self._overlays)
        ]
        points = [(key, names[key], looks[key]) for key in self._points if there[key] is not None]
        self._fill_legend([*curves, *points])
        if self.legend.heightForWidth(self.legend.width()) > LEGEND_SHARE * self.height():
            self._fill_legend(curves)

    def _names(self) -> dict[str, str]:
        return {
            "training": self.tr("training"),
            "validation": self.tr("validation"),
            "truth": self.tr("without noise"),
            "fit": self._label or self.tr("fit"),
        }

    def _fill_legend(self, entries: Sequence[tuple[str, str, Style]]) -> None:
        former = self.legend.keys()
        for key in former:
            self.legend.remove(key)
        for key, name, style in entries:
            self.legend.add(key, name, style, self._theme)
            entry = self.legend.entry(key)
            entry.blockSignals(True)
            entry.setChecked(key not in self._hidden)
            entry.blockSignals(False)

    def _range_of_points(self) -> tuple[Range, Range] | None:
        shown = [line for line in self._points.values() if line is not None]
        x, y = (union(span_of(line[axis]) for line in shown) for axis in (0, 1))
        return None if x is None or y is None else (x, _widened(y))

    def _make_room(self) -> None:
        """Where there are no points, make room for all curves there have been."""
        lines = [self._fit, *((overlay.x, overlay.y) for overlay in self._overlays)]
        for line in lines:
            x, y = (span_of(line[axis]) for axis in (0, 1)) if line is not None else (None, None)
            if x is None or y is None:
                continue
            held = self._held or (x, _widened(y))
            self._held = union((held[0], x)) or x, union((held[1], y)) or y
        if self._held is not None:
            self._show(*self._held)

    def _show(self, x: Range, y: Range) -> None:
        self.plot.show_epochs(*x)
        self.plot.show_figures(*y)

    def _scatter(self, z: float) -> pg.ScatterPlotItem:
        scatter = pg.ScatterPlotItem(pxMode=True)
        scatter.setZValue(z)
        self.plot.addItem(scatter, ignoreBounds=True)
        return scatter

    def _draw_soon(self) -> None:
        self._dirty = True
        self._soon.start()

    def _on_hovered(self, x: float | None) -> None:
        self._cursor = x
        self.plot.set_cursor(x)
        self._read_out()

    def _read_out(self) -> None:
        names = self._names() | {f"overlay-{place}": overlay.label for place, overlay in enumerate(self._overlays)}
        shown = {key: curve for key, curve in self._curves().items() if curve.is_visible()}
        self.read_out.show_at(self._cursor, [(names[key], curve.points()) for key, curve in shown.items()])

    def _on_legend(self, key: str, shown: bool) -> None:
        self._hidden ^= {key}
        self._draw_soon()

    def _lay_out(self) -> None:
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.empty_text.setProperty("role", "muted")
        self.empty_text.setWordWrap(True)
        self.empty_text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty_text.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        over = QGridLayout()
        over.addWidget(self.plot, 0, 0)
        over.addWidget(self.empty_text, 0, 0, Qt.AlignmentFlag.AlignCenter)
        corner = QHBoxLayout()
        corner.setContentsMargins(0, 0, 16, self.plot.axis_height() + 4)
        corner.addWidget(self.read_out)
        over.addLayout(corner, 0, 0, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignRight)
        title = QLabel(self.tr("Fit"), self)
        title.setProperty("role", "heading")
        by_type(title, lambda metrics: title.setFixedHeight(metrics.height() + 8))  # in line with the legend's first
        header = QHBoxLayout()
        header.setSpacing(8)
        header.addWidget(title, 0, Qt.AlignmentFlag.AlignTop)
        header.addWidget(self.legend, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(header)
        column.addLayout(over, 1)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Name as much as there is room for."""
        super().resizeEvent(event)
        self._name()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Draw what came in while the plot could not be seen."""
        super().showEvent(event)
        self._soon.start()


def _widened(span: Range) -> Range:
    room = ROOM * ((span[1] - span[0]) or 1.0)
    return span[0] - room, span[1] + room
