"""One sample, large: what it is, what the network makes of it, and where it looked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QRect, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from gui.numbers import loss
from gui.predictions.bars import ProbabilityBars
from gui.widgets.image_grid import to_image
from gui.widgets.theme import LIGHT, Theme

LEAST_PICTURE, MOST_PICTURE = 112, 224
"""Pixels of the picture's edge."""
STRENGTH = 0.85
"""How much of a pixel the overlay covers where the network looked most."""


@dataclass(frozen=True)
class Chosen:
    """What the detail shows of a sample."""

    image: np.ndarray
    """As the network saw it, uint8 `[C, H, W]`."""
    pixels: np.ndarray
    """To be looked at, uint8 `[H, W]` or `[H, W, 3]`."""
    outputs: np.ndarray
    """float32 `[K]`."""
    predicted: int
    names: tuple[str, ...]
    probabilities: bool
    """Whether the outputs are such."""
    true: int | None = None
    loss: float | None = None
    title: str = ""
    """The name of a file."""


class PredictionDetail(QWidget):
    """Shows a `Chosen`. Asks for the map of where the network looked by `map_asked`, and is given it by `show_map`."""

    map_asked = Signal(object, int)
    """The image uint8 `[C, H, W]`, and the number of a class."""

    def __init__(self) -> None:
        super().__init__()
        self.chosen: Chosen | None = None
        self.picture = _Picture()
        self.heading = QLabel()
        self.heading.setProperty("role", "heading")
        self.heading.setTextFormat(Qt.TextFormat.PlainText)
        self.facts = QLabel()
        self.facts.setProperty("role", "muted")
        self.facts.setTextFormat(Qt.TextFormat.PlainText)
        for label in (self.heading, self.facts):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.bars = ProbabilityBars()
        self.look = QCheckBox(self.tr("Where it looked"))
        self.look.setToolTip(
            self.tr(
                "Colours the pixels that move the output of the chosen class most (SmoothGrad): "
                "what the network reacts to, for or against it"
            )
        )
        self._lay_out()
        self.look.toggled.connect(self._ask)
        self.bars.chosen.connect(self._ask)
        self.clear()

    def _lay_out(self) -> None:
        left = QVBoxLayout()
        left.setSpacing(4)
        left.addWidget(self.picture)
        left.addWidget(self.look)
        left.addStretch(1)
        right = QVBoxLayout()
        right.setSpacing(4)
        right.addWidget(self.heading)
        right.addWidget(self.facts)
        right.addWidget(self.bars, 1)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(12)
        line.addLayout(left)
        line.addLayout(right, 1)

    def show_chosen(self, chosen: Chosen) -> None:
        """Show a sample."""
        self.chosen = chosen
        called = chosen.names[chosen.predicted]
        if chosen.true is None:
            self.heading.setText(called)
        elif chosen.true == chosen.predicted:
            self.heading.setText(self.tr("{name}, recognised").format(name=called))
        else:
            heading = self.tr("{true}, called {predicted}")
            self.heading.setText(heading.format(true=chosen.names[chosen.true], predicted=called))
        facts = [chosen.title] if chosen.title else []
        if chosen.loss is not None:
            facts.append(self.tr("Loss {loss}").format(loss=loss(chosen.loss)))
        self.facts.setText(" · ".join(facts))
        self.facts.setVisible(bool(facts))
        self.bars.show_outputs(chosen.outputs, chosen.names, chosen.true, chosen.probabilities)
        self.picture.show_pixels(chosen.pixels)
        self.picture.setAccessibleName(self.heading.text())
        self.setEnabled(True)
        self._ask()

    def tell(self, text: str) -> None:
        """Say why there is no map."""
        self.facts.setText(text)
        self.facts.show()

    def clear(self) -> None:
        """Nothing is chosen."""
        self.chosen = None
        self.heading.setText(self.tr("Choose an image to see what the network makes of it"))
        self.facts.hide()
        self.bars.clear()
        self.picture.show_pixels(None)
        self.setEnabled(False)

    def show_map(self, strength: np.ndarray) -> None:
        """Lay a map float32 `[H, W]` over the picture, if it is still asked for: of several, the last that was."""
        if self.chosen is not None and self.look.isChecked():
            self.picture.show_map(strength)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Give the picture its share of the room."""
        super().resizeEvent(event)
        beside = self.look.sizeHint().height() + 16
        edge = max(LEAST_PICTURE, min(self.width() * 2 // 5, self.height() - beside, MOST_PICTURE))
        self.picture.setFixedSize(edge, edge)

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        self.bars.set_theme(theme)
        self.picture.set_theme(theme)

    def _ask(self) -> None:
        if self.chosen is None:
            return
        if not self.look.isChecked():
            self.picture.show_map(None)
        elif self.bars.current_class >= 0:
            self.map_asked.emit(self.chosen.image, self.bars.current_class)


class _Picture(QWidget):
    """A picture as large as there is room for, and a map over it."""

    def __init__(self) -> None:
        super().__init__()
        self.theme: Theme = LIGHT
        self.pixels: np.ndarray | None = None
        self.strength: np.ndarray | None = None
        self.setFixedSize(LEAST_PICTURE, LEAST_PICTURE)

    def show_pixels(self, pixels: np.ndarray | None) -> None:
        """Show a picture, without a map."""
        self.pixels, self.strength = pixels, None
        self.update()

    def show_map(self, strength: np.ndarray | None) -> None:
        """Lay a map over it."""
        self.strength = strength
        self.update()

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        self.theme = theme
        self.update()

    def blended(self) -> np.ndarray:
        """The picture under its map, uint8 `[H, W, 3]`."""
        assert self.pixels is not None
        rgb = self.pixels if self.pixels.ndim == 3 else np.repeat(self.pixels[..., None], 3, axis=2)
        if self.strength is None:
            return rgb
        colour = np.array(QColor(self.theme.validation).getRgb()[:3], dtype=np.float32)
        share = STRENGTH * self.strength[..., None]
        return np.rint(rgb * (1 - share) + colour * share).astype(np.uint8)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Draw it, enlarged without a blur where it is small."""
        painter = QPainter(self)
        if self.pixels is None:
            painter.setPen(QColor(self.theme.border))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
            return
        image = to_image(self.blended())
        size = image.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        small = image.width() < self.width()
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, not small)
        painter.drawImage(QRect(0, 0, size.width(), size.height()), image)
