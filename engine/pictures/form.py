"""How picture files become what a network takes: as its own training images were made of theirs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.config import RunConfig
from engine.data import Part, Parts
from engine.message import InputError
from engine.pictures.files import Pixels, Resize, border_mean, fit, read_picture
from engine.strategy import DataSpec

LIGHT_BORDER, DARK_BORDER = 150.0, 80.0
"""A border above the one is light, below the other dark, of 255."""
BORDER_SAMPLES = 1_000
"""Training images by whose border the background is judged, at most."""


@dataclass(frozen=True)
class PictureForm:
    """What a picture is brought to."""

    shape: tuple[int, ...]
    """`(C, H, W)`; of one channel they are grey, of three red, green and blue."""
    resize: Resize
    dark_ground: bool
    """Whether the training images are light on dark: then a picture with a light border is inverted."""

    def read(self, path: Path, name: str | None = None) -> Pixels:
        """The picture in a file, uint8 `[C, H, W]`; light and dark as in the file. Raises as `read_picture` does."""
        return fit(read_picture(path, max(self.shape[1:]), name), self.shape, self.resize)

    def shaded(self, images: Pixels) -> Pixels:
        """Images uint8 `[N, C, H, W]`, of which those with a light border are inverted where the ground is dark."""
        light = self.light(images)
        return np.where(light[:, None, None, None], 255 - images, images)

    def light(self, images: Pixels) -> np.ndarray:
        """Which of these images are inverted, bool `[N]`."""
        if not self.dark_ground or not len(images):
            return np.zeros(len(images), dtype=bool)
        return np.asarray(border_mean(images) > LIGHT_BORDER)


def takes_pictures(spec: DataSpec) -> bool:
    """Whether a network takes images of one or three channels."""
    return len(spec.input_shape) == 3 and spec.input_shape[0] in (1, 3)


def picture_form(
    config: RunConfig, spec: DataSpec, mean: float, parts_of: Callable[[RunConfig], Parts]
) -> PictureForm | None:
    """How pictures are prepared for a network of this run; None where it takes none.

    As its data set prepares them. Where that reads no pictures, they are cropped; and whether the ground of its images
    is dark is told by the `mean` of its inputs, 0 to 255, or where they were not shifted by it, by the images
    themselves.
    """
    if not takes_pictures(spec):
        return None
    resize = config.dataset.resizing
    if resize is not None:
        return PictureForm(spec.input_shape, resize, dark_ground=False)
    if mean > 0:
        return PictureForm(spec.input_shape, "crop", mean < DARK_BORDER)
    try:
        training = parts_of(config).training
    except InputError:
        return PictureForm(spec.input_shape, "crop", dark_ground=False)
    return PictureForm(spec.input_shape, "crop", is_dark(training))


def is_dark(part: Part) -> bool:
    """Whether most images of a part have a dark border."""
    return float(np.median(border_mean(part.between(0, BORDER_SAMPLES).numpy()))) < DARK_BORDER
