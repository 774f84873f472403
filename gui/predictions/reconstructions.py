"""An autoencoder: images of a part, each beside what the network gives back for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from gui.numbers import count, loss
from gui.widgets.image_grid import ImageGrid, Picture
from gui.widgets.theme import Theme

if TYPE_CHECKING:
    from engine.trained.reconstructions import GivenBack, Reconstructions

EDGE = 64
"""Pixels of one image's longer edge in the window."""
GAP, GREY = 2, 128
"""Columns between images that belong together, and their grey."""


class PredictionReconstructions(QWidget):
    """A line of images for each sample: the original, the spoilt one where there is one, and what is given back."""

    def __init__(self) -> None:
        super().__init__()
        self.sentence = QLabel()
        self.sentence.setWordWrap(True)
        self.sentence.setTextFormat(Qt.TextFormat.PlainText)
        self.grid = ImageGrid()
        self.grid.setAccessibleName(self.tr("Images and what is given back for them"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.sentence)
        column.addWidget(self.grid, 1)

    def show_predictions(self, made: Reconstructions) -> None:
        """Show these."""
        self.grid.setVisible(bool(made.images))
        self.sentence.setText(self._sentence(made))
        pictures = [self._picture(image) for image in made.images]
        widest = max((max(picture.pixels.shape[:2]) for picture in pictures), default=1)
        single = max((max(image.original.shape[:2]) for image in made.images), default=1)
        self.grid.show_pictures(pictures, EDGE * widest // single)

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        self.grid.set_theme(theme)

    def _sentence(self, made: Reconstructions) -> str:
        if not made.images:
            return self.tr("The samples are no images: there is nothing to look at but the loss.")
        if any(image.spoilt is not None for image in made.images):
            return self.tr(
                "Of each three the first is the image, the second what the network was given, spoilt as in training, "
                "and the third what it gives back."
            )
        return self.tr("Of each pair the first is the image, and the second what the network gives back.")

    def _picture(self, image: GivenBack) -> Picture:
        shown = [image.original, image.result] if image.spoilt is None else [image.original, image.spoilt, image.result]
        tip = self.tr("Sample {number}: loss {loss} between the image and what is given back").format(
            number=count(image.row + 1), loss=loss(image.loss)
        )
        return Picture(beside(shown), loss(image.loss), tip)


def beside(images: list[np.ndarray]) -> np.ndarray:
    """Images uint8 `[H, W]` or `[H, W, 3]` of one shape as one, side by side."""
    shape = images[0].shape
    gap = np.full((shape[0], GAP, *shape[2:]), GREY, np.uint8)
    parts = [part for image in images for part in (gap, image)][1:]
    return np.concatenate(parts, axis=1)
