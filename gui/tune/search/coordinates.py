"""Parallel coordinates: an axis for each thing that is chosen, and a line across them for each trial."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
    QResizeEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

from engine.catalogue import Catalogue
from gui.graph.plot import blend
from gui.tune.search import words
from gui.tune.search.axes import Axis, axes_of, places
from gui.widgets.looks import as_tip
from gui.widgets.theme import LIGHT, Theme
from gui.widgets.type_size import tabular

if TYPE_CHECKING:
    from engine.searches.watch import StudySeen, TrialSeen

APART = 92
"""Pixels from one axis to the next, at least: beyond that it is as wide as it must be, and is scrolled."""
SIDE, GAP = 16, 5
NEAR = 8.0
"""Pixels from which a line is under the pointer."""
MOST_LINES = 1_500
"""Trials that are drawn: the best, where there are more."""
FAINTEST = 0.25
"""How much of its colour the worst trial has."""


class Coordinates(QWidget):
    """The stronger the colour of a line, the better the trial; grey ones were given up. The best and the chosen one are
    thick, with marks."""

    chosen = Signal(object)
    """The number of a trial, by the user; None for none."""

    def __init__(self) -> None:
        super().__init__()
        self.theme: Theme = LIGHT
        self.axes: list[Axis] = []
        self.current: int | None = None
        self._seen: StudySeen | None = None
        self._catalogue: Catalogue | None = None
        self._lines: list[tuple[TrialSeen, list[float | None]]] = []
        """Those that are drawn, the best last."""
        self._picture: QPixmap | None = None
        self.setFont(tabular(self.font()))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Parallel coordinates"))
        self.setMinimumHeight(140)

    # --- what is shown ---------------------------------------------------------------------------

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        self.theme = theme
        self._draw_anew()

    def show_study(self, seen: StudySeen, catalogue: Catalogue) -> None:
        """Show these trials."""
        self._seen, self._catalogue = seen, catalogue
        self.axes = axes_of(seen, catalogue)
        known = [trial for trial in seen.trials if trial.value is not None]
        known.sort(key=lambda each: each.value or 0.0, reverse=not seen.plan.maximized)
        known.sort(key=lambda each: each.state == "complete")
        self._lines = [(trial, places(trial, self.axes)) for trial in known[-MOST_LINES:]]
        self.setMinimumWidth(2 * SIDE + APART * len(self.axes))
        self.setAccessibleDescription(words.best(seen, catalogue))
        self._draw_anew()

    def choose(self, number: int | None) -> None:
        """Show which trial is chosen."""
        self.current = number
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        """As large as there is room."""
        return QSize(self.minimumWidth(), 280)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Everything has another place."""
        super().resizeEvent(event)
        self._draw_anew()

    def _draw_anew(self) -> None:
        self._picture = None
        self.update()

    # --- where things are ------------------------------------------------------------------------

    @property
    def _step(self) -> float:
        """Pixels from one axis to the next; each has its figures at its right."""
        return (self.width() - 2 * SIDE) / max(1, len(self.axes))

    def x_of(self, axis: int) -> float:
        """Where an axis stands."""
        return SIDE + axis * self._step

    def y_of(self, place: float | None) -> float:
        """How high a place is; what was not chosen lies under all axes."""
        top, bottom = self._top, self.height() - 2.0 * self.fontMetrics().height()
        return self.height() - 0.75 * self.fontMetrics().height() if place is None else bottom - place * (bottom - top)

    @property
    def _top(self) -> float:
        return 2.0 * self.fontMetrics().height() + 14

    def _points(self, where: Sequence[float | None]) -> QPolygonF:
        return QPolygonF([QPointF(self.x_of(axis), self.y_of(place)) for axis, place in enumerate(where)])

    def trial_at(self, point: QPointF) -> TrialSeen | None:
        """The trial whose line is nearest to a point, if one is near."""
        left = int((point.x() - SIDE) // self._step) if self.axes else -1
        if not 0 <= left < len(self.axes):
            return None
        right = min(left + 1, len(self.axes) - 1)
        share = (point.x() - self.x_of(left)) / self._step if right > left else 0.0
        best: tuple[float, TrialSeen] | None = None
        for trial, where in reversed(self._lines):
            one, other = self.y_of(where[left]), self.y_of(where[right])
            away = abs(one + share * (other - one) - point.y())
            if away <= NEAR and (best is None or away < best[0] - 1):  # of those that coincide, the better
                best = away, trial
        return best[1] if best is not None else None

    # --- painting --------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """The lines from a picture that is kept, and the chosen one over it."""
        if self._picture is None:
            self._picture = self._painted()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for trial, where in self._lines:
            if trial.number == self.current:
                self._draw_marked(painter, where, self.theme.text, round_marks=False)
        if self.hasFocus():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            painter.setPen(QPen(QColor(self.theme.accent), 1))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))

    def _painted(self) -> QPixmap:
        ratio = self.devicePixelRatioF()
        picture = QPixmap(self.size() * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(QColor(self.theme.surface))
        painter = QPainter(picture)
        painter.setFont(self.font())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        complete = sum(trial.state == "complete" for trial, _ in self._lines)
        rank = 0
        for trial, where in self._lines:
            rank += trial.state == "complete"
            painter.setPen(self._pen(trial, rank / max(1, complete)))
            painter.drawPolyline(self._points(where))
        painter.setPen(QPen(QColor(self.theme.outline), 1))
        for place in range(len(self.axes)):
            painter.drawLine(QPointF(self.x_of(place), self.y_of(1.0)), QPointF(self.x_of(place), self.y_of(0.0)))
        best = self._seen.best.number if self._seen is not None and self._seen.best is not None else None
        for trial, where in self._lines:
            if trial.number == best:
                self._draw_marked(painter, where, self.theme.validation, round_marks=True)
        for place, axis in enumerate(self.axes):
            self._write_axis(painter, place, axis)
        painter.end()
        return picture

    def _pen(self, trial: TrialSeen, share: float) -> QPen:
        """By how good a trial is among those that are complete, 0 to 1."""
        if trial.state != "complete":
            style = Qt.PenStyle.SolidLine if trial.state == "pruned" else Qt.PenStyle.DotLine
            return QPen(blend(self.theme.outline, self.theme.surface, 0.3), 1, style)
        colour = blend(self.theme.train, self.theme.surface, FAINTEST + (1 - FAINTEST) * share**2)
        return QPen(colour, 1 + 0.8 * share)

    def _draw_marked(self, painter: QPainter, where: Sequence[float | None], colour: str, *, round_marks: bool) -> None:
        points = self._points(where)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for drawn, width in ((self.theme.surface, 5.0), (colour, 2.5)):
            painter.setPen(QPen(QColor(drawn), width))
            painter.drawPolyline(points)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colour))
        for point in points:
            if round_marks:
                painter.drawEllipse(point, 4, 4)
            else:
                painter.drawRect(QRectF(point.x() - 3.5, point.y() - 3.5, 7, 7))

    def _write_axis(self, painter: QPainter, place: int, axis: Axis) -> None:
        x, metrics, room = self.x_of(place), self.fontMetrics(), self._step - 2 * GAP
        painter.setPen(QColor(self.theme.text))
        lines = _in_two(axis.title, metrics.horizontalAdvance, room)
        for number, line in enumerate(lines):
            text = metrics.elidedText(line, Qt.TextElideMode.ElideMiddle, int(room))
            painter.drawText(QPointF(x, 2 + metrics.ascent() + number * metrics.height()), text)
        ticks = [(self.y_of(at), text) for at, text in axis.ticks]
        if any(where[place] is None for _, where in self._lines):
            ticks.append((self.y_of(None), self.tr("not chosen")))
        for y, text in ticks:
            shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, int(room - GAP))
            box = QRectF(x + GAP, y - metrics.height() / 2, metrics.horizontalAdvance(shown) + 4, metrics.height())
            ground = QColor(self.theme.surface)
            ground.setAlpha(200)
            painter.fillRect(box, ground)
            painter.setPen(QColor(self.theme.muted))
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignHCenter, shown)

    # --- hands -----------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        """A tool tip tells of the trial under the pointer."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            trial = self.trial_at(QPointF(event.pos()))
            if trial is not None and self._seen is not None and self._catalogue is not None:
                text = words.tip(trial, self._seen.plan.config.monitor, self._catalogue)
                QToolTip.showText(event.globalPos(), as_tip(text), self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Choose the trial under the pointer."""
        if event.button() == Qt.MouseButton.LeftButton:
            trial = self.trial_at(event.position())
            self._choose(trial.number if trial is not None else None)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Up and down go to the next better and worse trial."""
        step = {Qt.Key.Key_Up: 1, Qt.Key.Key_Down: -1}.get(Qt.Key(event.key()))
        if step is None or not self._lines:
            super().keyPressEvent(event)
            return
        numbers = [trial.number for trial, _ in self._lines]
        if self.current in numbers:
            self._choose(numbers[min(len(numbers) - 1, max(0, numbers.index(self.current) + step))])
        else:
            self._choose(numbers[-1])

    def _choose(self, number: int | None) -> None:
        self.choose(number)
        self.chosen.emit(number)


def _in_two(text: str, width: Callable[[str], int], room: float) -> list[str]:
    """A title in one line, or at a space in two."""
    if width(text) <= room or " " not in text:
        return [text]
    parts = text.split(" ")
    fits = [n for n in range(1, len(parts)) if width(" ".join(parts[:n])) <= room] or [1]
    return [" ".join(parts[: fits[-1]]), " ".join(parts[fits[-1] :])]
