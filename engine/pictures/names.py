"""Which files of a folder belong together by their names: frames of a burst, copies, pictures of one thing."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.grouping import Ints
from engine.message import InputError
from engine.pictures.folder import PictureFile

COPY = re.compile(
    r"(?:\s*\(\d{1,4}\)|[ _-]+(?:copy|kopie|copie|copia|복사본|사본)(?: ?\(?\d{1,4}\)?)?)+$", re.IGNORECASE
)
"""What file managers add to the name of a copy: `IMG_1234 (2)`, `IMG_1234 - Copy`."""
NUMBER = re.compile(r"(\d{1,15})$")
STEP = 3
"""Numbers by which the names of frames that follow each other differ, at most: some are deleted."""
COUNTED, COUNTED_WITH_DIGITS = 0.1, 0.5
"""Of a class, the share above which the last number of a name merely counts its pictures (`IMG_0001` to `IMG_0999`) and
joins none; and where digits come before it, such as those of a video or patient (`cat_0012_frame03`)."""


@dataclass(frozen=True)
class Name:
    """A file's name in parts."""

    series: str
    """The class, the folders below it, and the name without its last number: what frames of one burst share."""
    number: int | None
    """The last number."""
    digits: bool
    """Whether there are others before it, below the class."""


def name_of(file: PictureFile) -> Name:
    """The parts of a file's name, but for its part of the data: frames of a burst may lie in several."""
    steps = file.name.split("/")
    *folders, last = steps[1:] if steps[0] == file.label else steps[2:]
    stem = last.rsplit(".", 1)[0]
    stem = COPY.sub("", stem) or stem
    found = NUMBER.search(stem)
    below = "/".join([*folders, stem[: found.start()] if found else stem])
    return Name(f"{file.label}/{below}", int(found[1]) if found else None, any(map(str.isdigit, below)))


def series_pairs(files: Sequence[PictureFile]) -> Ints:
    """The places of files whose names follow each other, such as `IMG_0012` and `IMG_0013`, int64 `[M, 2]`."""
    names = [name_of(file) for file in files]
    numbered = sorted((name.series, name.number, row) for row, name in enumerate(names) if name.number is not None)
    pairs = [
        (row, after)
        for (series, number, row), (next_series, next_number, after) in itertools.pairwise(numbered)
        if series == next_series and next_number - number <= STEP
    ]
    return np.array(pairs, np.int64).reshape(-1, 2)


def groups_by_name(files: Sequence[PictureFile], pattern: str = "") -> Ints:
    """The group of each file, int64 `[N]`: numbers from 0 on.

    Where a pattern is given, files belong together for which the first group of this regular expression (or all that
    it matches) is the same anywhere in their names below the folder. Else those of one class whose names differ in the
    last number alone, unless that counts the pictures of the class, and copies with their originals. Raises
    `InputError` where the pattern is no regular expression.
    """
    if pattern:
        expression = compiled(pattern)
        keys = [_matched(expression, file.name) for file in files]
    else:
        names = [name_of(file) for file in files]
        held, classes = Counter(name.series for name in names), Counter(file.label for file in files)
        keys = []
        for name, file in zip(names, files, strict=True):
            share = COUNTED_WITH_DIGITS if name.digits else COUNTED
            counts = held[name.series] > max(1.0, share * classes[file.label])
            keys.append((name.series, name.number if counts else None))
    known: dict[object, int] = {}
    return np.array([known.setdefault(key, len(known)) for key in keys], np.int64)


def compiled(pattern: str) -> re.Pattern[str]:
    """A regular expression. Raises `InputError` where it is none."""
    try:
        return re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise InputError(
            "bad-name-pattern", "name_pattern is no regular expression: {reason}", reason=str(error)
        ) from None


def _matched(expression: re.Pattern[str], name: str) -> object:
    found = expression.search(name)
    if found is None:
        return (name,)  # by itself
    return found[1] if expression.groups else found[0]
