"""Line icons in any colour, crisp on every screen."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

SIZES = (14, 16, 20, 21, 24, 28, 32, 40, 48, 64, 128, 256)
"""Pixels of the drawn images: the sizes in use, and what denser screens show in their place (1.5 and 2 times)."""


@lru_cache(maxsize=256)
def icon(name: str, colour: str, disabled: str | None = None) -> QIcon:
    """The icon `resources/icons/<name>.svg` in this colour (`#rrggbb`), in another one where it is disabled."""
    made = QIcon()
    for colour_of, mode in ((colour, QIcon.Mode.Normal), (disabled, QIcon.Mode.Disabled)):
        if colour_of:
            drawing = _drawing(name, colour_of)
            for size in SIZES:
                made.addPixmap(_drawn(drawing, size), mode)
    return made


def pixmap(name: str, colour: str, size: int) -> QPixmap:
    """The icon as an image of `size` × `size` device pixels."""
    return _drawn(_drawing(name, colour), size)


def _drawing(name: str, colour: str) -> QSvgRenderer:
    file = resources.files("resources") / "icons" / f"{name}.svg"
    return QSvgRenderer(QByteArray(file.read_text(encoding="utf-8").replace("currentColor", colour).encode()))


def _drawn(drawing: QSvgRenderer, size: int) -> QPixmap:
    image = QPixmap(size, size)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    drawing.render(painter, QRectF(0, 0, size, size))
    painter.end()
    return image
