"""Which pictures of a folder stay in one part, where parts are cut from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from engine.grouping import Ints, join
from engine.message import message
from engine.part import Part
from engine.pictures.files import Pixels
from engine.pictures.folder import PictureFile
from engine.pictures.look import small
from engine.pictures.names import groups_by_name, series_pairs
from engine.pictures.near_duplicates import COLOUR_EDGE, EDGE, FRAME_EDGE, alike_in_series, similar_groups
from engine.pictures.reader import Progress

KeepTogether = Literal["exact", "names", "similar"]


def groups_of(
    files: Sequence[PictureFile], part: Part, keep: KeepTogether, pattern: str, progress: Progress
) -> Tensor | None:
    """The group of each sample of a part, int64 `[N]`, which was read from these files; None where none is asked for.

    `names`: by what the files' names have in common. `similar`: nearly the same pictures, and frames of a burst. The
    same files, names and pictures give the same groups. Raises `InputError` where the pattern is no regular expression.
    """
    if keep == "exact":
        return None
    groups = groups_by_name(files, pattern) if keep == "names" else _similar(files, part, progress)
    return torch.from_numpy(groups)


def _similar(files: Sequence[PictureFile], part: Part, progress: Progress) -> Ints:
    text = message("comparing-pictures", "comparing {count} pictures", count=f"{len(files):,}")
    grey, colour = _smalls(part, lambda done: progress.tell(text, done / 2))
    groups = similar_groups(grey, colour, lambda done: progress.tell(text, (1 + done) / 2))
    if min(part.shape[2:]) < FRAME_EDGE:
        return groups
    pairs = series_pairs(files)
    join(groups, pairs[alike_in_series(grey, colour, pairs)])
    return groups


def _smalls(part: Part, going_on: Callable[[float], None]) -> tuple[Pixels, Pixels]:
    """Of each picture what is compared, uint8 `[N, 32, 32]` and `[N, 8, 8, 3]`."""
    grey = np.empty((len(part), EDGE, EDGE), np.uint8)
    colour = np.empty((len(part), COLOUR_EDGE, COLOUR_EDGE, 3), np.uint8)
    row = 0
    for some in part.chunks():
        for picture in some.expand(-1, 3, -1, -1).permute(0, 2, 3, 1).numpy():
            grey[row], colour[row] = small(np.ascontiguousarray(picture))
            row += 1
        going_on(row / len(part))
    return grey, colour
