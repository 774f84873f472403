"""A short look at every picture of a folder: what its header says, and little enough of it to compare all with all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from PIL import Image

from engine.message import InputError, Message, message
from engine.pictures.files import Header, Pixels, read_header, read_picture
from engine.pictures.folder import PictureFile
from engine.pictures.near_duplicates import COLOUR_EDGE, EDGE
from engine.pictures.reader import Progress, in_order

FINE = 64
"""The shorter side that a picture has at least, after it is made smaller, where it is compared pixel by pixel: four
times as much. Two pictures that are equal there, and as large as each other, are one to any eye."""


@dataclass(frozen=True)
class Look:
    """What is kept of one picture: about a kilobyte, however large it is."""

    header: Header
    digest: bytes
    """Equal where all pixels are, whatever the format."""
    grey: Pixels
    """uint8 `[32, 32]`."""
    colour: Pixels
    """uint8 `[8, 8, 3]`."""


@dataclass(frozen=True)
class Looked:
    """What was seen of the files of a folder."""

    files: tuple[PictureFile, ...]
    """Those that hold pictures, in their order."""
    headers: tuple[Header, ...]
    digests: tuple[bytes, ...]
    grey: Pixels
    """uint8 `[N, 32, 32]`."""
    colour: Pixels
    """uint8 `[N, 8, 8, 3]`."""
    refused: tuple[tuple[PictureFile, Message], ...]
    """Those that don't, each with the reason."""


def look_at_all(files: Sequence[PictureFile], progress: Progress) -> Looked:
    """Look at these files, with all processors."""
    text = message("checking-pictures", "looking at {count} pictures", count=f"{len(files):,}")
    grey = np.empty((len(files), EDGE, EDGE), np.uint8)
    colour = np.empty((len(files), COLOUR_EDGE, COLOUR_EDGE, 3), np.uint8)
    seen: list[PictureFile] = []
    headers: list[Header] = []
    digests: list[bytes] = []
    refused: list[tuple[PictureFile, Message]] = []
    for done, (file, look) in enumerate(zip(files, in_order(_look, files), strict=True)):
        progress.tell(text, done / len(files))
        if isinstance(look, Message):
            refused.append((file, look))
            continue
        grey[len(seen)], colour[len(seen)] = look.grey, look.colour
        seen.append(file)
        headers.append(look.header)
        digests.append(look.digest)
    count = len(seen)
    return Looked(tuple(seen), tuple(headers), tuple(digests), grey[:count], colour[:count], tuple(refused))


def small(picture: Pixels) -> tuple[Pixels, Pixels]:
    """Of a picture `[H, W, 3]`, what `engine.pictures.near_duplicates` compares: uint8 `[32, 32]` and `[8, 8, 3]`."""
    image = Image.fromarray(picture)
    sized = image.resize((EDGE, EDGE), Image.Resampling.BICUBIC)
    return np.asarray(sized.convert("L")), np.asarray(sized.reduce(EDGE // COLOUR_EDGE))


def _look(file: PictureFile) -> Look | Message:
    try:
        header = read_header(file.path, file.name)
        picture = read_picture(file.path, FINE, file.name)
    except InputError as error:
        return error.message
    digest = blake2b(repr((sorted((header.width, header.height)), picture.shape)).encode(), digest_size=16)
    digest.update(picture.tobytes())
    return Look(header, digest.digest(), *small(picture))
