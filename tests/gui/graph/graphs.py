"""What the tests of the graph share: figures of a made-up run, and what a hand does to a plot."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QWheelEvent
from PySide6.QtWidgets import QApplication

from engine.history import EpochRow, History

PER_EPOCH = 10
"""Steps."""


def row(epoch, loss=0.5, val_loss=0.6):
    return EpochRow(epoch, loss, 0.8, loss, 0.85, val_loss, 0.75, 1e-3)


def steps(first, last, loss=0.5, lr=1e-3):
    return [(step, loss, lr) for step in range(first, last + 1)]


def train(graph, epochs, first=1):
    for epoch in range(first, first + epochs):
        graph.add_steps(steps((epoch - 1) * PER_EPOCH + 1, epoch * PER_EPOCH))
        graph.add_epoch(row(epoch), best=epoch == 1)
    redraw(graph)


def redraw(graph):
    graph.redraw()
    QApplication.processEvents()


def drawn(graph, key):
    return graph.drawing.loss[key].points()


def turn_wheel(plot, clicks=3):
    viewport = plot.viewport()
    at = QPointF(viewport.rect().center())
    event = QWheelEvent(
        at, viewport.mapToGlobal(at), QPoint(), QPoint(0, 120 * clicks), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(viewport, event)
    QApplication.processEvents()


def colours_of(image):
    """All colours of an image, as `#RRGGBB`."""
    return {f"#{red:02X}{green:02X}{blue:02X}" for red, green, blue in np.unique(pixels_of(image), axis=0).tolist()}


def pixels_of(image):
    """All pixels of an image: `[pixels, 3]`, uint8, as red, green and blue."""
    plain = image.convertToFormat(QImage.Format.Format_RGBA8888)
    return np.array(plain.constBits(), np.uint8).reshape(-1, 4)[:, :3]


def past(*losses, per_epoch=PER_EPOCH):
    """A history with an epoch for each validation loss, and its steps."""
    made = History()
    for epoch, loss in enumerate(losses, 1):
        made.add_steps(steps((epoch - 1) * per_epoch + 1, epoch * per_epoch, loss))
        made.add_epoch(row(epoch, loss, loss))
    return made
