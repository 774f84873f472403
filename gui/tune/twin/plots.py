"""The curves of twins in one plot, and of a regression of one input what each has learnt, over its points."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QLabel, QSplitter, QVBoxLayout, QWidget

from engine.comparison import CURVES, Group
from engine.events import Failed, Finished
from gui import numbers
from gui.compare.plot import ComparePlot, Line
from gui.compare.rows import compared
from gui.compare.words import escaped
from gui.graph.drawings import Style, overlay_style
from gui.graph.fit_plot import FitPlot
from gui.runs.run import Run
from gui.training.twins import TwinGroup
from gui.widgets.theme import Theme
from gui.words import say

FIT, CURVE = 520, 480
"""Heights, as shares of what there is."""

LEAST = 200
"""Pixels of each: where there is no room, they are scrolled."""

Points = tuple[np.ndarray, np.ndarray]


class TwinPlots(QWidget):
    """What has become of twins so far."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._drawn: TwinGroup | None = None
        self.parted = QLabel()
        self.parted.setProperty("role", "heading")
        self.parted.setWordWrap(True)
        self.standing = QLabel()
        self.standing.setTextFormat(Qt.TextFormat.RichText)
        self.standing.setWordWrap(True)
        self.fit = FitPlot(theme=theme)
        self.curves = ComparePlot()
        self.curves.set_theme(theme)
        self.fit.setMinimumHeight(LEAST)
        self.curves.setMinimumHeight(LEAST)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self.fit)
        splitter.addWidget(self.curves)
        splitter.setSizes([FIT, CURVE])
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.parted)
        column.addWidget(self.standing)
        column.addWidget(splitter, 1)

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        self._theme = theme
        self.fit.set_theme(theme)
        self.curves.set_theme(theme)
        if self._drawn is not None:
            self.draw(self._drawn)

    def show_points(self, training: Points, validation: Points | None, truth: Points | None) -> None:
        """What their curves are fitted to."""
        self.fit.set_points(training, validation, truth)

    def draw(self, twins: TwinGroup) -> None:
        """Draw all that there is by now."""
        begun = [run for run in twins.runs if run.started is not None]
        if twins is not self._drawn:
            self._drawn = twins
            self.fit.clear()
        self.parted.setText(self._parted(twins, begun))
        looks = [look(self._theme, number) for number in range(len(twins.runs))]
        self.standing.setText("<br>".join(_standing(run, each) for run, each in zip(twins.runs, looks, strict=True)))
        self.curves.show_lines([_line(run, each) for run, each in zip(twins.runs, looks, strict=True)])
        self.fit.setVisible(any(twins.fits))
        if twins.fits[0] is not None:
            self.fit.set_fit(twins.fits[0].x, twins.fits[0].y, twins.runs[0].label)
        self.fit.set_overlays(
            [
                (run.label, number, np.asarray(fit.x), np.asarray(fit.y))
                for number, (run, fit) in enumerate(zip(twins.runs[1:], twins.fits[1:], strict=True))
                if fit is not None
            ]
        )
        self.fit.redraw()

    def _parted(self, twins: TwinGroup, begun: Sequence[Run]) -> str:
        if twins.parted is not None:
            return self.tr("The losses differ from step {step} on.").format(step=numbers.count(twins.parted))
        if not begun:
            return "" if twins.over else self.tr("Preparing…")
        return self.tr("The losses are the same at every step.") if twins.over else self.tr("No difference so far.")


def look(theme: Theme, number: int) -> Style:
    """The look of the so-manieth twin, counted from 0, in both plots."""
    return Style(theme.train, 2, symbol="o", size=7) if number == 0 else overlay_style(theme, number - 1)


def _line(run: Run, style: Style) -> Line:
    group = Group(run.label, (0,), (compared(run),))
    return Line(run.label, style, {figure: group.band(figure) for figure in CURVES})


def _standing(run: Run, style: Style) -> str:
    """How a twin stands, in a line."""
    square = f"<font color='{style.colour}'>\N{BLACK SQUARE}</font>"
    parts = [f"<b>{escaped(run.label)}</b>"]
    if run.last is not None:
        parts.append(_tr("epoch {epoch} of {epochs}").format(epoch=run.last.epoch, epochs=run.epochs))
        parts.append(_tr("validation loss {loss}").format(loss=numbers.loss(run.last.val_loss)))
        if run.last.val_accuracy is not None:
            parts.append(_tr("accuracy {accuracy}").format(accuracy=numbers.percent(run.last.val_accuracy)))
    if isinstance(run.outcome, Failed):
        parts.append(escaped(say(run.outcome.text)))
    elif isinstance(run.outcome, Finished):
        parts.append(escaped(say(run.outcome.reason)))
    return f"{square} {' · '.join(parts)}"


def _tr(text: str) -> str:
    return QCoreApplication.translate("Twins", text)
