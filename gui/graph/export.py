"""What can be taken out of the graph: a picture to copy, PNG and SVG files, and the figures as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice, QPoint, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QRegion
from PySide6.QtWidgets import QWidget

from engine.files import write_bytes
from engine.history import number
from engine.message import InputError
from gui.graph.legend import LegendEntry
from gui.graph.overlays import Fit
from gui.graph.plot import Plot
from gui.graph.run_curves import EPOCH_FIGURES, LOSS, LR, SMOOTH, RunCurves, X
from gui.graph.svg import svg

HEADER = ("run", "row", "epoch", "step", "loss", "smoothed_loss", *EPOCH_FIGURES, "lr", "x", "y")
"""Columns of the figures. `row` says what a row is of: an `epoch`, a `step`, or a point of a `fit` (`x`, `y`)."""
SCALE = 2
"""Pixels of a picture for one of the window's."""


@dataclass(frozen=True)
class Export:
    """What is taken out of the graph: parts of a widget where they stand in it, and the figures behind them."""

    whole: QWidget
    parts: Sequence[QWidget]
    ground: str
    """The colour behind the parts."""
    run: RunCurves | None
    earlier: Sequence[RunCurves]
    fits: Sequence[tuple[str, Fit]]
    """Fits of regressions, with the names of their runs."""

    def save(self, path: Path) -> None:
        """Write a file, whole or not at all: `.png` at twice the size, `.svg`, or the figures as `.csv`.

        Raises `InputError` for another suffix, `OSError` where the file can't be written.
        """
        made = {".png": self.png, ".svg": self.svg, ".csv": self.csv}.get(path.suffix.lower())
        if made is None:
            raise InputError(
                "graph-suffix",
                "{name} does not say how to save the graph: end the name in .png, .svg or .csv",
                name=path.name,
            )
        write_bytes(path, made())

    def image(self) -> QImage:
        """The picture, at twice the size in pixels."""
        image = QImage(SCALE * self.whole.size(), QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(SCALE)
        painter = QPainter(image)
        self._paint(painter)
        painter.end()
        return image

    def png(self) -> bytes:
        """The picture as a PNG file holds it."""
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        self.image().save(buffer, "PNG")
        return bytes(buffer.data().data())

    def svg(self) -> bytes:
        """The picture as lines and letters: curves are paths, and text is text."""
        title = self.run.label if self.run is not None else self.whole.accessibleName()
        return svg(self._paint, self.whole.rect(), self.whole.logicalDpiX(), title)

    def csv(self) -> bytes:
        """The figures, exact: epochs of every run, steps of the present one, points of each fit.

        What does not apply is empty; losses and accuracies are those of `history.csv`.
        """
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(HEADER)
        for run in ([self.run] if self.run is not None else []) + list(self.earlier):
            writer.writerows(_epochs(run))
        if self.run is not None:
            writer.writerows(_steps(self.run))
        for label, fit in self.fits:
            writer.writerows(_points(label, fit))
        return text.getvalue().encode()

    def _paint(self, painter: QPainter) -> None:
        painter.fillRect(self.whole.rect(), QColor(self.ground))
        with _as_in_print(self.whole):
            for part in self.parts:
                self._paint_part(painter, part)

    def _paint_part(self, painter: QPainter, part: QWidget) -> None:
        """Paint a widget, or those within it. A plot paints its scene: as a widget it would be clipped elsewhere."""
        within = [child for child in part.children() if isinstance(child, QWidget) and child.isVisible()]
        place = part.mapTo(self.whole, QPoint())
        if isinstance(part, Plot):
            painter.save()
            painter.translate(place)
            part.render(painter, QRectF(part.rect()), part.viewport().rect(), Qt.AspectRatioMode.IgnoreAspectRatio)
            painter.restore()
        elif within:
            for child in within:
                self._paint_part(painter, child)
        else:
            part.render(painter, place, QRegion(part.rect()), QWidget.RenderFlag.DrawChildren)


def _epochs(run: RunCurves) -> Iterator[Sequence[str]]:
    for row in run.rows:
        losses = (number(getattr(row, name)) for name in EPOCH_FIGURES)
        yield (run.label, "epoch", str(row.epoch), "", "", "", *losses, number(row.lr), "", "")


def _steps(run: RunCurves) -> Iterator[Sequence[str]]:
    blank = [""] * len(EPOCH_FIGURES)
    columns = (run.steps.column(column).tolist() for column in (X, LOSS, SMOOTH, LR))
    for x, loss, smooth, lr in zip(*columns, strict=True):
        step = str(round(x * run.steps_per_epoch))
        yield (run.label, "step", repr(x), step, repr(loss), repr(smooth), *blank, repr(lr), "", "")


def _points(label: str, fit: Fit) -> Iterator[Sequence[str]]:
    blank = [""] * (len(HEADER) - 4)
    for x, y in zip(*fit, strict=True):
        yield (label, "fit", *blank, repr(float(x)), repr(float(y)))


@contextmanager
def _as_in_print(whole: QWidget) -> Iterator[None]:
    """Draw symbols as shapes meanwhile, not as the pixels that pyqtgraph keeps of them, and names without a focus."""
    scenes = [plot.scene().items() for plot in whole.findChildren(Plot)]
    items = [item for scene in scenes for item in scene if hasattr(item, "setExportMode")]
    entries = whole.findChildren(LegendEntry)
    for item in items:
        item.setExportMode(True, {"antialias": True, "resolutionScale": 1.0})
    for entry in entries:
        entry.is_plain = True
    try:
        yield
    finally:
        for item in items:
            item.setExportMode(False)
        for entry in entries:
            entry.is_plain = False
