"""Pictures that are nearly the same: saved again, made smaller, lighter or noisier, or moved by a little.

Each picture is made 32×32 in grey, and halved to 16×16 = 256 values, less their mean and divided by their length: the
scalar product of two is their zero-mean normalised cross-correlation (Lewis 1995, "Fast Normalized Cross-Correlation",
Vision Interface), which neither brightness nor contrast changes. What counts is the Euclidean distance d of two,
d² = 2 − 2 × correlation. A candidate is then compared in colour, and by the mean absolute difference of its levels.

All pairs within a radius are found, not only likely ones: sorted by their first principal component, along which no
two are further apart than d, each is compared with those within the radius there, in blocks of one matrix product.
20,000 pictures of which none can be left out take some 10^11 operations, a few seconds.

Evidence for the radius. Distances to the nearest other picture, least and 0.1 % quantile: 5,000 MNIST digits 0.11 and
0.13; 1,797 digits of 8×8 (scikit-learn) 0.09 and 0.11; 6,000 pictures of the bundled Fashion-MNIST sample 0.03 and
0.10, where two pairs lie below 0.09: trousers and a bag, each photographed twice. Of 300 of the same digits and 300 of
the clothes, each changed, are found: JPEG of quality 90 all, 60 97 %, 30 80 %; twice the size, contrast ×0.8,
brightness ×0.8 or 15 levels more all, ×1.2 99 %; noise of 5 levels 99 %, of 10 levels 94 %; blur of half a pixel 92 %;
three quarters of the size 51 %; moved by a pixel or turned by 3° none. Of two photographs a fifth of the size, quality
30 or ×0.7 come to less than 0.01, turned by 1° to 0.03 and 0.07, moved by 1 % to 0.10 and 0.16.

Frames whose names follow each other are few pairs, so that more can be done: they are laid on each other at all
shifts up to two pixels of 32. Within 0.15 are then, of 400 digits and 400 clothes, moved by a pixel of 28 and with
noise of 5 levels, 99.8 % and 97 %, moved across and down 97 % and 92 %; turned by 2° 43 % and 29 %. Of neighbours of
one class in mixed orders, which are no frames, 0 of 29,940 pairs of digits are, and 1 of 35,940 of clothes. Of 8×8
pixels more would be, by chance: frames of fewer than 16 are not compared.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from engine.grouping import Ints, join
from engine.pictures.files import Pixels

EDGE, COLOUR_EDGE = 32, 8
"""Height and width of what is kept of a picture: in grey, and in colour."""
SAME, SHIFTED = 0.085, 0.15
"""Distances up to which two pictures are nearly the same, and frames of a series are, laid on each other."""
SHIFT = 2
"""Pixels of `EDGE` by which frames of a series are moved, at most."""
FRAME_EDGE = 16
"""Pixels of the shorter side of frames of a series, at least: on smaller ones too little is to be seen."""
SAME_COLOUR, SHIFTED_COLOUR = 0.25, 0.85
"""Distances in colour up to which they are; those of a series are not laid on each other there."""
SAME_LEVEL = 64.0
"""Mean absolute difference of levels up to which they are: what is of one colour has no other features."""
FLAT = 2.0
"""Deviation in levels below which a picture counts as of one colour."""
ROWS = 256
"""Pictures that are compared with all others at once."""
PAIRS = 2**16
"""Pairs that are looked at closely at once."""

Floats = NDArray[np.float32]


def similar_groups(grey: Pixels, colour: Pixels, going_on: Callable[[float], None] = lambda done: None) -> Ints:
    """The group of each picture, int64 `[N]`: two that are nearly the same, or joined by such, have one number.

    Takes uint8 `[N, 32, 32]` and `[N, 8, 8, 3]`. A group's number is the least row in it. `going_on` is told what share
    is done, and may raise.
    """
    features = _features(grey)
    order, line = _sorted(features)
    features, parents = features[order], np.arange(len(grey))
    lengths = np.square(features).sum(1)
    for start in range(0, len(order), ROWS):
        going_on(start / len(order))
        rows = slice(start, min(start + ROWS, len(order)))
        end = int(np.searchsorted(line, line[rows.stop - 1] + SAME, "right"))
        near = lengths[rows, None] + lengths[None, start:end] - 2 * features[rows] @ features[start:end].T <= SAME**2
        pairs = order[np.argwhere(np.triu(near, 1)) + start]
        for some in np.array_split(pairs, len(pairs) // PAIRS + 1):
            apart = some[parents[some[:, 0]] != parents[some[:, 1]]]  # of a thousand alike, few pairs are needed
            join(parents, apart[_alike_in_colour(colour, apart)])
    return parents


def alike_in_series(
    grey: Pixels, colour: Pixels, pairs: Ints, going_on: Callable[[float], None] = lambda done: None
) -> NDArray[np.bool_]:
    """Which of these pairs of frames that follow each other, int64 `[M, 2]`, show the same, moved by a little."""
    found = np.zeros(len(pairs), dtype=bool)
    for start in range(0, len(pairs), PAIRS // 16):
        going_on(start / len(pairs))
        some = pairs[start : start + PAIRS // 16]
        found[start : start + len(some)] = (_shifted_distance(grey, some) <= SHIFTED) & _alike_in_colour(
            colour, some, SHIFTED_COLOUR
        )
    return found


def _features(grey: Pixels) -> Floats:
    """Zero-mean, of length 1, float32 `[N, 256]`; of what is of one colour, shorter."""
    made = np.empty((len(grey), (EDGE // 2) ** 2), np.float32)
    for start in range(0, len(grey), PAIRS // 16):
        some = grey[start : start + PAIRS // 16]
        halves = some.reshape(len(some), EDGE // 2, 2, EDGE // 2, 2).mean((2, 4), dtype=np.float32)
        made[start : start + len(some)] = _normalised(halves.reshape(len(some), -1))
    return made


def _normalised(values: Floats) -> Floats:
    values = values - values.mean(1, keepdims=True)
    least = FLAT * values.shape[1] ** 0.5
    return np.asarray(values / np.maximum(np.linalg.norm(values, axis=1, keepdims=True), least), np.float32)


def _sorted(features: Floats) -> tuple[Ints, Floats]:
    """The order of the rows along their first principal component, and where on it they lie, in that order."""
    if not len(features):
        return np.zeros(0, np.int64), np.zeros(0, np.float32)
    some = features[:: len(features) // 4096 + 1]
    line = features @ np.linalg.eigh(np.cov(some.T, bias=True))[1][:, -1].astype(np.float32)
    order = np.argsort(line, kind="stable")
    return order, line[order]


def _alike_in_colour(colour: Pixels, pairs: Ints, most: float = SAME_COLOUR) -> NDArray[np.bool_]:
    one, other = (colour[pairs[:, side]].reshape(-1, 3 * COLOUR_EDGE**2).astype(np.float32) for side in (0, 1))
    level = np.abs(one - other).mean(1) <= SAME_LEVEL
    return np.asarray(level & (np.linalg.norm(_normalised(one) - _normalised(other), axis=1) <= most))


def _shifted_distance(grey: Pixels, pairs: Ints) -> Floats:
    """The least distance of each pair over all shifts, of what then lies on each other, float32 `[M]`."""
    one, other = (grey[pairs[:, side]].astype(np.float32) for side in (0, 1))
    least = np.full(len(pairs), np.inf, np.float32)
    moves = range(-SHIFT, SHIFT + 1)
    for down in moves:
        for right in moves:
            here = one[:, max(0, down) : EDGE + min(0, down), max(0, right) : EDGE + min(0, right)]
            there = other[:, max(0, -down) : EDGE + min(0, -down), max(0, -right) : EDGE + min(0, -right)]
            flat = (_normalised(part.reshape(len(pairs), -1)) for part in (here, there))
            least = np.minimum(least, np.linalg.norm(next(flat) - next(flat), axis=1))
    return least
