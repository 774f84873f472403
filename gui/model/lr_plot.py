"""The learning rate over the run, drawn large, with its figures in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from engine.catalogue import Catalogue
from gui import numbers
from gui.graph.plot import Plot
from gui.widgets.looks import give
from gui.widgets.theme import Theme
from gui.words import title

if TYPE_CHECKING:
    from engine.preview.lr_plan import LrPlan


class LrPlot(QWidget):
    """A heading, the figures in words, and the curve: solid as planned, dashed where only the run can tell."""

    def __init__(self) -> None:
        super().__init__()
        self._plan: LrPlan | None = None
        heading = QLabel(self.tr("Learning rate over the run"))
        heading.setProperty("role", "heading")
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.read_out = QLabel()
        self.read_out.setProperty("role", "muted")
        self.plot = Plot(heading.text(), self.tr("epochs"))
        self.plot.view.setMouseEnabled(False, False)
        self.plot.setMinimumHeight(136)
        self.planned = self.plot.plotItem.plot()
        self.soonest = self.plot.plotItem.plot()
        self.plot.hovered.connect(self._hovered)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 0, 0)
        column.setSpacing(4)
        column.addWidget(heading)
        column.addWidget(self.words)
        column.addWidget(self.plot, 1)
        column.addWidget(self.read_out)
        self._hovered(None)

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        self.plot.set_theme(theme)
        self.planned.setPen(pg.mkPen(QColor(theme.lr), width=2))
        self.soonest.setPen(pg.mkPen(QColor(theme.lr), width=1, style=Qt.PenStyle.DashLine))

    def show_plan(self, plan: LrPlan, catalogue: Catalogue, *, steps_known: bool) -> None:
        """Draw a plan; the number of steps is told where it is that of these data."""
        self._plan = plan
        give(self.words, role="muted")
        text = self._in_words(plan, [title(catalogue.entry(id).strategy) for id in plan.on_record])
        if steps_known:
            text += "\n" + self.tr("{epochs} epochs of {steps} steps: {all} steps.").format(
                epochs=numbers.count(plan.epochs), steps=numbers.count(plan.steps_per_epoch),
                all=numbers.count(plan.epochs * plan.steps_per_epoch),
            )  # fmt: skip
        self.words.setText(text)
        self.plot.setAccessibleDescription(text)
        self.planned.setData(plan.x, plan.lr)
        self.soonest.setVisible(plan.soonest is not None)
        if plan.soonest is not None:
            self.soonest.setData(plan.x, plan.soonest)
        self.plot.forget_fit()
        self.plot.fit([(0.0, float(plan.lr.max()))])
        self.plot.show_epochs(0, plan.epochs)
        self._hovered(None)

    def show_problem(self, text: str) -> None:
        """Say why there is no plan; what was drawn goes."""
        self._plan = None
        give(self.words, role="error")
        self.words.setText(text)
        for curve in (self.planned, self.soonest):
            curve.setData([], [])
        self._hovered(None)

    def _in_words(self, plan: LrPlan, on_record: list[str]) -> str:
        text = self._course_in_words(plan, acting=bool(on_record))
        if not on_record:
            return text
        acts = self.tr("{names} acts on what the run shows: that can't be drawn before.").format(
            names=", ".join(on_record)
        )
        if plan.soonest is None:
            return f"{text} {acts}"
        lower = np.flatnonzero(plan.soonest < plan.lr * (1 - 1e-9))
        return "{} {} {}".format(
            text, acts,
            self.tr("Dashed: if no epoch ever got better, from epoch {epoch} on, {last} at last.").format(
                epoch=numbers.count(int(plan.x[lower[0]]) + 1 if len(lower) else None),
                last=numbers.learning_rate(float(plan.soonest[-1])),
            ),
        )  # fmt: skip

    def _course_in_words(self, plan: LrPlan, *, acting: bool) -> str:
        first, last = float(plan.lr[0]), float(plan.lr[-1])
        peak = int(plan.lr.argmax())
        most = float(plan.lr[peak])
        said = {"first": numbers.learning_rate(first), "last": numbers.learning_rate(last)}
        said["most"] = numbers.learning_rate(most)
        if float(plan.lr.min()) == most:
            template = (
                self.tr("{first} throughout, unless the run gives a reason to change it.")
                if acting
                else self.tr("{first} throughout: no schedule is ticked.")
            )
        elif said["most"] in (said["first"], said["last"]):
            template = self.tr("{first} at first, {last} at last.")
        else:
            reached = plan.x[peak] + 1 / plan.steps_per_epoch  # the end of that step
            said["share"] = numbers.count(100 * reached / plan.epochs)
            template = self.tr("{first} at first, {most} at most after {share} % of the run, {last} at last.")
        return template.format(**said)

    @Slot(object)
    def _hovered(self, x: float | None) -> None:
        """Tell the rate under the pointer."""
        plan = self._plan
        inside = x is not None and plan is not None and 0 <= x <= plan.epochs
        self.plot.set_cursor(x if inside else None)
        if not inside:
            self.read_out.setText(" ")
            return
        at = int(np.searchsorted(plan.x, x, side="right")) - 1
        text = self.tr("epoch {epoch}: {lr}").format(epoch=int(x) + 1, lr=numbers.learning_rate(float(plan.lr[at])))
        if plan.soonest is not None and plan.soonest[at] < plan.lr[at]:
            lower = numbers.learning_rate(float(plan.soonest[at]))
            text += self.tr(", or down to {lr}").format(lr=lower)
        self.read_out.setText(text)
