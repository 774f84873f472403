"""Earlier runs on the graph: their curves, and their entries in the legend."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from PySide6.QtCore import Qt

from engine.history import History
from gui.graph.curves import Range, stairs
from gui.graph.drawings import ACCURACIES, LOSSES, Curve, Fork, Plots, Ranges, Style, draw_epochs, overlay_style
from gui.graph.legend import Legend
from gui.graph.run_curves import RunCurves, shared_epochs
from gui.widgets.theme import Theme

MAX_OVERLAYS = 10
"""Earlier runs on the graph, at most: the oldest goes when there are more."""

Fit = tuple[Sequence[float], Sequence[float]]
"""The curve of a regression of one input: x and y."""


class OverlayDrawing:
    """The curves of an earlier run: validation with symbols, training dotted and thin."""

    def __init__(self, plots: Plots, run: RunCurves, number: int, fit: Fit | None = None) -> None:
        self.run = run
        self.number = number
        self.fit = fit
        self.visible = True
        self._plots = plots
        self._drawn: tuple[tuple[bool, bool, int, Range], Ranges] | None = None
        self._shared: dict[OverlayDrawing, int] = {}
        self.loss = {key: Curve(plots.loss, z) for z, key in enumerate(("train", "val"), 2)}
        self.accuracy = {key: Curve(plots.accuracy, z) for z, key in enumerate(("train", "val"), 2)}
        self.lr = Curve(plots.lr, 2)

    @property
    def key(self) -> str:
        """Its key in the legend."""
        return f"overlay-{self.number}"

    def shared_with(self, other: OverlayDrawing) -> int:
        """How many epochs it has in common with another. Both are done: it is counted once."""
        if other not in self._shared:
            self._shared[other] = shared_epochs(self.run.rows, other.run.rows)
        return self._shared[other]

    def curves(self) -> Iterator[Curve]:
        """All its curves."""
        yield from (*self.loss.values(), *self.accuracy.values(), self.lr)

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        look = overlay_style(theme, self.number)
        dotted = Style(look.colour, theme.lines, Qt.PenStyle.DotLine)
        for curves in (self.loss, self.accuracy):
            curves["train"].set_style(dotted, theme.surface)
            curves["val"].set_style(look, theme.surface)
        self.lr.set_style(dotted, theme.surface)
        self._drawn = None

    def draw(self, log: bool, visible: bool, drawn_already: int = 0) -> Ranges:
        """Draw this run, or hide it. It is done: what is drawn already costs nothing.

        So many of its first epochs are those of another run, which draws them: the past of a fork is drawn once.
        """
        state = log, visible, drawn_already, self._plots.loss.x_range()
        if self._drawn is None or self._drawn[0] != state:
            for curve in self.curves():
                curve.set_fork(Fork(drawn_already, past_is_drawn=False) if drawn_already else None)
            self._drawn = state, self._draw(log, visible)
        return self._drawn[1]

    def _draw(self, log: bool, visible: bool) -> Ranges:
        ranges = Ranges([], [], [])
        for curve in self.curves():
            curve.set_visible(visible)
        if not visible:
            return ranges
        ranges.loss.extend(draw_epochs(self.run, self.loss, LOSSES, log, self.loss.keys()))
        ranges.accuracy.extend(draw_epochs(self.run, self.accuracy, ACCURACIES, False, self.accuracy.keys()))
        epochs, lr = self.run.epochs(), self.run.figure("lr")
        self.lr.draw(*stairs(epochs, lr, epochs[0] - 1 if len(epochs) else 0.0))
        known = lr[np.isfinite(lr)]
        ranges.lr.append((0.0, float(known.max())) if len(known) else None)
        return ranges

    def remove(self) -> None:
        """Take it off the plots."""
        for curve in self.curves():
            curve.remove()


class Overlays:
    """The earlier runs on the graph, oldest first."""

    def __init__(self, plots: Plots, legend: Legend, theme: Theme) -> None:
        self._plots, self._legend, self._theme = plots, legend, theme
        self._visible = True
        self._fits: dict[str, Fit] = {}
        self.drawings: list[OverlayDrawing] = []

    def add(self, label: str, history: History, fit: Fit | None = None) -> None:
        """Draw a run by its epochs, and by its fit: without one, by the last that was kept under its name."""
        run = RunCurves(label, 1)
        run.record.epochs = list(history.epochs)
        used = {drawing.number for drawing in self.drawings}
        number = next(number for number in range(len(used) + 1) if number not in used)
        drawing = OverlayDrawing(self._plots, run, number, fit or self._fits.get(label))
        drawing.set_theme(self._theme)
        self.drawings.append(drawing)
        self._legend.add(drawing.key, label, overlay_style(self._theme, number), self._theme)
        self._legend.set_shown(drawing.key, self._visible)
        if len(self.drawings) > MAX_OVERLAYS:
            self._remove(self.drawings[0])

    def keep_fit(self, label: str, fit: Fit) -> None:
        """Remember the last fit of the run of this name, for when it is an earlier one."""
        self._fits[label] = fit

    def clear(self) -> None:
        """Remove all runs."""
        for drawing in list(self.drawings):
            self._remove(drawing)

    def shown(self) -> list[OverlayDrawing]:
        """The runs that are to be seen."""
        return [drawing for drawing in self.drawings if self._is_shown(drawing)]

    def shows(self, label: str) -> bool:
        """Whether a run of this name is to be seen."""
        return any(drawing.run.label == label for drawing in self.shown())

    def set_visible(self, visible: bool) -> None:
        """Show or hide all."""
        self._visible = visible
        for drawing in self.drawings:
            self._legend.set_shown(drawing.key, visible)

    def toggle(self, key: str, shown: bool) -> None:
        """Show or hide the run with this key in the legend, if there is one."""
        for drawing in self.drawings:
            if drawing.key == key:
                drawing.visible = shown

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        self._theme = theme
        for drawing in self.drawings:
            drawing.set_theme(theme)
            self._legend.entry(drawing.key).set_look(overlay_style(theme, drawing.number), theme)

    def draw(self, log: bool, front: RunCurves | None = None, fork: Fork | None = None) -> list[Ranges]:
        """Draw all; returns what each needs of the plots' heights.

        `front` is the run in front of them, and `fork` where that has left its parent: what they share with it, or
        with one another, is drawn once.
        """
        shown: list[OverlayDrawing] = []
        found = []
        for drawing in self.drawings:
            already = max(map(drawing.shared_with, shown), default=0)
            if front is not None and self._is_shown(drawing):
                shared = shared_epochs(drawing.run.rows, front.rows)
                # Where the one in front leaves its own past to its parent, that is to be drawn here.
                if fork is None or fork.past_is_drawn or shared > fork.x:
                    already = max(already, shared)
            found.append(drawing.draw(log, self._is_shown(drawing), already))
            if self._is_shown(drawing):
                shown.append(drawing)
        return found

    def _is_shown(self, drawing: OverlayDrawing) -> bool:
        return self._visible and drawing.visible

    def _remove(self, drawing: OverlayDrawing) -> None:
        drawing.remove()
        self.drawings.remove(drawing)
        self._legend.remove(drawing.key)
