"""What is odd about single files of a folder: they can't be read, are misnamed, or stored otherwise than the others."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from engine.data_checks.finding import Finding, Severity, remedy
from engine.message import Message, message
from engine.pictures.files import Header
from engine.pictures.folder import PictureFile
from engine.pictures.look import Looked
from engine.pictures.near_duplicates import FLAT

SUFFIXES = {
    "JPEG": ("jpg", "jpeg", "jpe", "jfif"), "MPO": ("jpg", "jpeg", "jpe", "jfif", "mpo"), "PNG": ("png", "apng"),
    "BMP": ("bmp", "dib"), "WEBP": ("webp",), "TIFF": ("tif", "tiff"), "GIF": ("gif",),
}  # fmt: skip
"""What the names of each format end in."""
ASTRAY = ("of-no-class", "beside-the-parts")
"""Codes of what the listing refuses because of where it lies: a folder of pictures without classes is nothing else."""
COMMON = 0.9
"""Share of the pictures that have one size where another size is told."""
SMALL = 4
"""So many times shorter than half of all is the shorter side of a picture that counts as small among them."""
NAMES_OF_KINDS = {
    "grey": "in shades of grey", "colour": "in colour", "deep": "with 16 or more bits", "transparent": "transparent",
}  # fmt: skip


def unreadable(listed: Sequence[Message], refused: Sequence[tuple[PictureFile, Message]]) -> Iterator[Finding]:
    """What is left out of training: what the listing of the folder refused, and files that are no pictures."""
    astray = [text for text in listed if text.code in ASTRAY]
    if astray:
        names = tuple(str(text.values["name"]) for text in astray)
        many = message("astray", "{count} files and folders lie beside the classes, such as {name}", count=len(names),
            name=names[0])  # fmt: skip
        yield Finding("unreadable", "warning", names, many if len(astray) > 1 else astray[0], remedy("into-class"))
    for text in listed:
        if text.code not in (*ASTRAY, "empty-folder"):
            yield Finding("unreadable", "warning", (str(text.values["name"]),), text, remedy("replace"))
    for file, text in refused:
        yield Finding("unreadable", "warning", (file.name,), text, remedy("replace"))


def suspicious(looked: Looked) -> Iterator[Finding]:
    """Files that are read, though something is odd: the name of another format, or nothing to be seen."""
    for file, header in zip(looked.files, looked.headers, strict=True):
        suffix = file.name.rsplit("/", 1)[-1].rpartition(".")[2].lower()
        known = {each: name for name, suffixes in SUFFIXES.items() for each in suffixes}
        if suffix in known and suffix not in SUFFIXES.get(header.format, ()):
            what = message(
                "wrong-suffix", "{name} is {format} by what it holds, and {other} by its name",
                name=file.name, format=header.format, other=known[suffix],
            )  # fmt: skip
            yield Finding("unreadable", "info", (file.name,), what, remedy("rename"))
    flat = looked.colour.std((1, 2, 3), dtype=np.float32) < FLAT
    flat &= looked.grey.std((1, 2), dtype=np.float32) < FLAT
    for row in np.flatnonzero(flat).tolist():
        name = looked.files[row].name
        what = message("one-colour", "{name} is of one colour all over", name=name)
        yield Finding("unreadable", "warning", (name,), what, remedy("look"))


def mixed(looked: Looked) -> Iterator[Finding]:
    """Pictures that are stored otherwise than most, or are much smaller."""
    count = len(looked.files)
    kinds: dict[str, list[str]] = defaultdict(list)
    for file, header in zip(looked.files, looked.headers, strict=True):
        for kind in _kinds(header):
            kinds[kind].append(file.name)
    for kind, files in sorted(kinds.items()):
        rarer = len(files) < count - len(files) or (2 * len(files) == count and kind != "colour")
        if not rarer:
            continue
        what = message(
            "mixed-modes", "of {count} pictures, {some} {kind} among others that are not, such as {name}",
            some=f"{len(files):,}", count=f"{count:,}", kind=NAMES_OF_KINDS[kind], name=files[0],
        )  # fmt: skip
        severity: Severity = "warning" if kind in ("grey", "colour") else "info"
        yield Finding("mixed-modes", severity, tuple(files), what, remedy("one-mode"))
    yield from _sizes(looked)


def _sizes(looked: Looked) -> Iterator[Finding]:
    """Pictures of another size than nearly all others, or much smaller than most."""
    count = len(looked.files)
    if not count:
        return
    shapes = [tuple(sorted((header.width, header.height))) for header in looked.headers]  # however it was held
    sizes = Counter(shapes)
    (usual, often), *_ = sizes.most_common(1)
    if COMMON * count <= often < count:
        others = [row for row, each in enumerate(shapes) if each != usual]
        first = looked.headers[others[0]]
        what = message(
            "other-sizes", "of {count} pictures, {some} not of {usual} pixels as the others are, such as {name} "
            "of {size}",
            count=f"{count:,}", some=f"{len(others):,}",
            usual=f"{usual[0]}×{usual[1]}", name=looked.files[others[0]].name,
            size=f"{first.width}×{first.height}",
        )  # fmt: skip
        names = tuple(looked.files[row].name for row in others)
        yield Finding("mixed-modes", "info", names, what, remedy("look-small"))
        return
    sides = np.array([min(header.width, header.height) for header in looked.headers])
    small = np.flatnonzero(SMALL * sides < np.median(sides))
    if len(small):
        files = [looked.files[row].name for row in small.tolist()]
        what = message(
            "small-pictures", "of {count} pictures, {some} less than a quarter as large as most, such as "
            "{name} with {side} pixels instead of {usual}", some=f"{len(small):,}", count=f"{count:,}", name=files[0],
            side=int(sides[small[0]]), usual=int(np.median(sides)),
        )  # fmt: skip
        yield Finding("mixed-modes", "info", tuple(files), what, remedy("look-small"))


def _kinds(header: Header) -> Iterator[str]:
    yield "grey" if header.grey else "colour"
    if header.mode == "F" or header.mode.startswith("I"):
        yield "deep"
    if header.transparent:
        yield "transparent"
