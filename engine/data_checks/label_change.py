"""Which classes an augmentation turns into each other, by what judges made of several draws of each image.

An image counts as changed where a judge that knows the images as they are surely takes it for another class, *and* one
that has learned changed images with their own labels finds the other class no less likely than its own. Where images
are truly of the other class nobody can do better than toss a coin; what is only strange, as a 7 upside down, is known
by whoever has learned such images. The effect is the mean over the draws of an image less what it was taken for as it
is. It counts where its lower confidence bound, not its estimate, exceeds a least share and the judge's own confusion of
the two classes, in each half of the images, whose judges learned from other images. The halves are replications, so
each is tested at the root of the level that a pair has (Bonferroni over pairs and augmentations). Turning and mirroring
undo themselves, so that a true change goes both ways; what goes one way only has to be far more frequent.

Shares of rare events are skewed to the right, where Student's lower bound errs on the side of silence.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.data_checks.label_judge import Verdict
from engine.seed_noise import t_quantile
from engine.trained.network import wilson

LEVEL = 0.01
"""Chance that anything is told where nothing is changed, at most, of all pairs and augmentations together."""
SEEN = 0.02
"""Share of a class's images that are taken for another one more than before, from which it is looked at again."""
LEAST, ONE_WAY = 0.005, 0.1
"""What the lower bound must exceed: where the other class becomes this one too, and where not."""

Pair = tuple[int, int]


@dataclass(frozen=True)
class Change:
    """Images of one class that become another."""

    source: int
    target: int
    share: float
    """Of the images of the source, those that the judge takes for the target, over all draws; `low` to `high`."""
    low: float
    high: float


@dataclass(frozen=True)
class Sight:
    """What one draw of every image looks like: to the judge of the images as they are, and to the taught one."""

    taken_for: Tensor
    """int64 `[N]`, -1 for none."""
    taught: Tensor
    """float32 `[N, K]`."""


def seen(clean: Verdict, changed: Verdict, targets: Tensor, pairs: Iterable[Pair]) -> list[Pair]:
    """Those pairs of which so many more images of the one are taken for the other than before; no test."""
    found = []
    for source, target in pairs:
        own = targets == source
        more = (changed.taken_for[own] == target).sum() - (clean.taken_for[own] == target).sum()
        if int(more) >= SEEN * int(own.sum()):
            found.append((source, target))
    return found


def changes(
    clean: Verdict, sights: Sequence[Sight], targets: Tensor, side: Tensor, pairs: Iterable[Pair], tests: int
) -> list[Change]:
    """The pairs that are changed, gravest first; `side` int64 `[N]` is the half of each image, `tests` how many pairs
    of classes could have been told in all."""
    bounds = {pair: _bound(clean, sights, targets, side, pair, tests) for pair in pairs}
    found = []
    for (source, target), bound in bounds.items():
        if bound > ONE_WAY or min(bound, bounds.get((target, source), -1.0)) > LEAST:
            own = targets == source
            taken = torch.stack([sight.taken_for[own] == target for sight in sights])
            low, high = wilson(float(taken.float().mean()), int(own.sum()))
            found.append(Change(source, target, float(taken.float().mean()), low, high))
    return sorted(found, key=lambda change: -change.share)


def _bound(clean: Verdict, sights: Sequence[Sight], targets: Tensor, side: Tensor, pair: Pair, tests: int) -> float:
    """What the share of images that change exceeds surely in either half, beyond the confusion of the pair."""
    source, target = pair
    level = math.sqrt(LEVEL / max(1, tests))
    lowest = 1.0
    for half in (0, 1):
        own, other = (targets == source) & (side == half), (targets == target) & (side == half)
        was = (clean.taken_for[own] == target).double()
        now = torch.stack([
            (sight.taken_for[own] == target) & (sight.taught[own, target] >= sight.taught[own, source])
            for sight in sights
        ]).double().mean(0)  # fmt: skip
        back = (clean.taken_for[other] == source).double()
        confused = max(_mean(was), _mean(back))
        lowest = min(lowest, lower(now - was, level) - confused)
    return lowest


def _mean(values: Tensor) -> float:
    return float(values.mean()) if len(values) else 0.0


def lower(values: Tensor, level: float) -> float:
    """Student's one-sided lower confidence bound of the mean of float64 `[N]`; -1 for fewer than two values."""
    count = len(values)
    if count < 2:
        return -1.0
    return float(values.mean() - t_quantile(1 - level, count - 1) * values.std() / math.sqrt(count))
