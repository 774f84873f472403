"""A user's own pictures, told apart by a trained network."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from engine.data import Part
from engine.message import InputError, Message, message
from engine.pictures.files import Pixels, Resize, border_mean, fit, read_picture
from engine.pictures.form import DARK_BORDER, LIGHT_BORDER, is_dark
from engine.scores import Floats, Ints
from engine.trained.predictions import KeepGoing, Network, check

MOST_FILES = 1_000
"""Files that are looked at together, at most."""
UNSEEN = frozenset(("thumbs.db", "desktop.ini"))
"""What file managers leave in folders of pictures, beside files whose name begins with a dot."""


@dataclass(frozen=True)
class Refused:
    """A file that could not be read."""

    name: str
    reason: Message


@dataclass(frozen=True)
class Pile:
    """The pictures of some files, as a network takes them."""

    files: tuple[Path, ...]
    images: Pixels
    """uint8 `[N, C, H, W]`."""
    refused: tuple[Refused, ...] = ()
    left_out: int = 0
    """Files beyond `MOST_FILES`."""


@dataclass(frozen=True)
class Classified:
    """What a network says of a pile."""

    pile: Pile
    images: Pixels
    """As the network saw them, uint8 `[N, C, H, W]`."""
    outputs: Floats
    """float32 `[N, K]`: the probability of each class, or its score where the run's loss makes no probabilities."""
    predicted: Ints
    """int64 `[N]`."""
    inverted: bool
    """Whether light and dark were exchanged."""


def picture_files(paths: Iterable[Path], *, deep: bool = False) -> tuple[list[Path], list[Refused]]:
    """The files among these paths and in folders among them, in the order of their numbers and names.

    Folders within folders are looked into where `deep` says so, but for those that are links. What can't be listed, or
    holds no file, is refused.
    """
    files: list[Path] = []
    refused: list[Refused] = []
    for path in paths:
        if not path.is_dir():
            files.append(path)
            continue
        try:
            within = sorted(_within(path, deep), key=_by_number)
        except OSError as error:
            reason = message("unreadable", "{path} can't be read: {reason}", path=path.name, reason=error.strerror)
            refused.append(Refused(path.name, reason))
            continue
        if not within:
            text = "{name} holds no files" if deep else "{name} holds no files (folders within it are not looked into)"
            refused.append(Refused(path.name, message("no-files", text, name=path.name)))
        found, not_listed = picture_files(within, deep=True) if deep else (within, [])
        files += found
        refused += not_listed
    return files, refused


def _within(folder: Path, deep: bool) -> list[Path]:
    """What is to be looked at of that which lies in a folder."""
    seen = [path for path in folder.iterdir() if not path.name.startswith(".") and path.name.lower() not in UNSEEN]
    return [path for path in seen if not path.is_dir() or (deep and not path.is_symlink())]


def read_pile(
    paths: Iterable[Path], shape: tuple[int, ...], keep_going: KeepGoing = lambda: True, resize: Resize = "crop"
) -> Pile:
    """Read the pictures in these files and folders for a network of this input shape `(C, H, W)`.

    A file that can't be read is refused by name and reason; the others are there all the same. Raises `InputError`
    where the network takes no pictures, or `keep_going` says no.
    """
    fit(np.zeros((1, 1, 3), dtype=np.uint8), shape)  # a network that takes none says so before any file is opened
    found, refused = picture_files(paths)
    files, images = [], []
    for file in found[:MOST_FILES]:
        check(keep_going)
        try:
            images.append(fit(read_picture(file, max(shape[1:])), shape, resize))
            files.append(file)
        except InputError as error:
            refused.append(Refused(file.name, error.message))
    stacked = np.stack(images) if images else np.zeros((0, *shape), dtype=np.uint8)
    return Pile(tuple(files), stacked, tuple(refused), max(0, len(found) - MOST_FILES))


def classify(network: Network, pile: Pile, *, invert: bool = False, keep_going: KeepGoing = lambda: True) -> Classified:
    """Tell the pictures of a pile apart, with light and dark exchanged where asked.

    Raises `InputError` where the network predicts values and knows no classes.
    """
    if network.spec.task != "classification":
        raise InputError("no-classes", "the network knows no classes: only one that does can tell images apart")
    images = 255 - pile.images if invert else pile.images
    if not len(images):
        return Classified(pile, images, np.zeros((0, network.spec.outputs), np.float32), np.zeros(0, np.int64), invert)
    outputs = network.outputs(torch.from_numpy(images), keep_going)
    return Classified(pile, images, network.activated(outputs), outputs.argmax(1).numpy().copy(), invert)


def should_invert(network: Network, pile: Pile, training: Part | None) -> bool:
    """Whether most pictures have a light border and the training images a dark one. Photographs stay as they are.

    Without the training images, what the network's inputs are shifted by tells how dark they are on the whole, where
    it was taken from them.
    """
    if network.config.dataset.resizing is not None:
        return False
    if not len(pile.images) or float(np.median(border_mean(pile.images))) <= LIGHT_BORDER:
        return False
    if training is not None:
        return is_dark(training)
    return 0 < float(network.scale.mean.mean()) < DARK_BORDER


def _by_number(file: Path) -> list[tuple[int, int, str]]:
    """`shirt 2.png` before `shirt 10.png`."""
    parts = re.split(r"(\d+)", file.name.lower())
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts]
