"""The learning rate over the run, drawn before it starts."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from engine.config import RunConfig
from engine.schedule import Schedule
from gui import numbers

STEPS_PER_EPOCH = 100
"""Taken for the drawing: how many there are is known once the data are."""
POINTS = 240
HEIGHT = 44


class LrCourse(QWidget):
    """A small curve with its figures under it; hidden where the settings schedule nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.curve = _Curve()
        self.words = QLabel()
        self.words.setProperty("role", "muted")
        self.words.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 8, 16, 0)
        column.setSpacing(4)
        column.addWidget(self.curve)
        column.addWidget(self.words)
        self.hide()

    def show_config(self, config: RunConfig) -> None:
        """Draw the course that these settings plan."""
        self.curve.course = _course(config)
        self.setVisible(bool(self.curve.course))
        if not self.curve.course:
            return
        rates = [lr for _, lr in self.curve.course]
        first, most, last = (numbers.learning_rate(rate) for rate in (rates[0], max(rates), rates[-1]))
        if len(set(rates)) == 1:
            text = self.tr("Learning rate as planned: {first}, until a plateau is seen").format(first=first)
        else:
            text = self.tr("Learning rate as planned: {first} at first, at most {most}, {last} at last").format(
                first=first, most=most, last=last
            )
        self.words.setText(text)
        self.curve.setAccessibleName(text)
        self.curve.update()


class _Curve(QWidget):
    """The line, from 0 to the highest rate."""

    def __init__(self) -> None:
        super().__init__()
        self.course: list[tuple[int, float]] = []
        self.setFixedHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Draw it."""
        if not self.course:
            return
        area = QRectF(self.rect()).adjusted(1, 3, -1, -2)
        last, most = max(1, self.course[-1][0]), max(lr for _, lr in self.course) or 1.0
        points = [
            QPointF(area.left() + area.width() * step / last, area.bottom() - area.height() * lr / most)
            for step, lr in self.course
        ]
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self.palette().mid().color(), 1))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        painter.setPen(QPen(self.palette().highlight().color(), 2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawPolyline(QPolygonF(points))


def _course(config: RunConfig) -> list[tuple[int, float]]:
    if not config.schedulers:
        return []
    try:
        return Schedule(config, STEPS_PER_EPOCH).course(POINTS)
    except Exception:  # noqa: BLE001 a user's scheduler may raise anything, and the form must go on
        return []
