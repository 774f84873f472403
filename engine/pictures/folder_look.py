"""A short look at a folder of pictures: what is in it is counted, and a few of its files are opened."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.message import InputError
from engine.pictures.files import read_header, shown
from engine.pictures.folder import PictureFile, PictureFolder, list_pictures

SAMPLED = 24
"""Files that are looked at and decoded, spread over all of them."""


@dataclass(frozen=True)
class Seen:
    """What a look at a folder gave."""

    folder: Path
    parts: tuple[int, int, int]
    """Files for training, validation and test; 0 where the folder has no such part."""
    classes: int
    left_out: int
    """Files and folders that are none of the data."""
    side: int
    """The shorter side of its pictures, in pixels: the median of some."""
    channels: int
    some: tuple[PictureFile, ...]
    """Files that hold pictures."""

    @property
    def pictures(self) -> int:
        """All of them."""
        return sum(self.parts)


def look(folder: Path, going_on: Callable[[], None] = lambda: None) -> Seen:
    """Count the pictures of a folder and open a few. Nothing is written; `going_on` is called often and may raise.

    Raises `InputError` where it is no folder of classes with pictures: in one line, with what a person can do.
    """
    found = list_pictures(folder, going_on)
    training = [file for file in found.files if file.part == "training"]
    name = shown(folder.name or str(folder))
    if not found.files and not found.refused:
        raise InputError("folder-empty", "{name} is empty: choose a folder with one folder for each class", name=name)
    classes = len({file.label for file in training})
    if not training and any(each.code == "of-no-class" for each in found.refused):
        raise InputError(
            "folder-without-classes", "{name} has files and no folders of classes: put the pictures of each class into "
            "a folder of its own", name=name,
        )  # fmt: skip
    if classes < 2:
        raise InputError(
            "folder-of-one-class", "{name} has pictures of {count} classes: at least two are needed, each in a "
            "folder of its own", name=name, count=classes,
        )  # fmt: skip
    return _seen(folder, name, found, training, classes, going_on)


def _seen(
    folder: Path, name: str, found: PictureFolder, training: Sequence[PictureFile], classes: int,
    going_on: Callable[[], None],
) -> Seen:  # fmt: skip
    sides, greys, some = [], [], []
    for file in spread(training, SAMPLED):
        going_on()
        try:
            header = read_header(file.path)
        except InputError:
            continue
        sides.append(min(header.width, header.height))
        greys.append(header.grey)
        some.append(file)
    if not some:
        raise InputError(
            "no-pictures", "none of the {count} files of {name} that were tried is a picture: choose a folder with "
            "JPEG, PNG, WebP, TIFF, BMP or GIF files", name=name, count=min(SAMPLED, len(training)),
        )  # fmt: skip
    counts = [sum(file.part == part for file in found.files) for part in ("training", "validation", "test")]
    return Seen(
        folder, (counts[0], counts[1], counts[2]), classes, len(found.refused), round(statistics.median(sides)),
        1 if all(greys) else 3, tuple(some),
    )  # fmt: skip


def spread(files: Sequence[PictureFile], most: int) -> list[PictureFile]:
    """So many of some files, at equal distances; all where there are fewer."""
    if len(files) <= most:
        return list(files)
    return [files[place * len(files) // most] for place in range(most)]
