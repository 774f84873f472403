"""A judge of images: small networks that have learned a data set as it is, and say what changed images look like.

Each of two networks learns one half of the images and judges the other, so that none judges what it may know by heart.
An image counts as one of a class only where the network is sure *and* the image lies as near to images of that class as
others of the class do: a network is often sure of what it has never seen the like of.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.randomness import generator, seeded_generators, stream

SIDE = 32
"""Pixels of an image's longer side as the judge sees it, at most."""
LOOK = 12
"""Pixels of its longer side where images are compared with each other."""
BATCH = 64
STEPS = 400
"""Updates of a network."""
LR = 2e-3
SURE = 0.8
"""The least probability at which an image counts as one of a class."""
USUAL = 0.95
"""Share of a class's own images that lie at least as near to others of it as one that counts as of that class."""
NEIGHBOURS = 3
AT_ONCE = 512


@dataclass(frozen=True)
class Verdict:
    """What the judge makes of some images."""

    probabilities: Tensor
    """float32 `[N, K]`."""
    taken_for: Tensor
    """int64 `[N]`: the class that each image counts as; -1 where it counts as none."""


class _Half:
    """One network, and the images that it has learned."""

    def __init__(self, images: Tensor, targets: Tensor, classes: int, seed: int, tell: Callable[[float], None]) -> None:
        self.images, self.targets = images, targets
        self.mean, self.std = images.mean((0, 2, 3), keepdim=True), images.std((0, 2, 3), keepdim=True) + 1e-3
        with seeded_generators(stream(seed, "judge")):
            self.network = _network(images.shape[1:], classes)
        self._train(seed, tell)
        self.looks = _look(images)
        self.reach = torch.zeros(classes)

    def _train(self, seed: int, tell: Callable[[float], None]) -> None:
        self.network.train()
        optimizer = torch.optim.AdamW(self.network.parameters(), LR, weight_decay=1e-2, fused=True)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LR, STEPS)
        order, drawing = torch.empty(0, dtype=torch.int64), generator(seed, "judge-order")
        for step in range(STEPS):
            if len(order) < BATCH:
                order = torch.randperm(len(self.images), generator=drawing)
            rows, order = order[:BATCH], order[BATCH:]
            with seeded_generators(stream(seed, "judge-step", step)):
                outputs = self.network((self.images[rows] - self.mean) / self.std)
            optimizer.zero_grad()
            functional.cross_entropy(outputs, self.targets[rows]).backward()
            optimizer.step()
            schedule.step()
            tell(step / STEPS)
        self.network.eval()

    def probabilities(self, images: Tensor) -> Tensor:
        with torch.inference_mode():
            made = [self.network((some - self.mean) / self.std) for some in images.split(AT_ONCE)]
        return torch.cat(made).softmax(1)

    def distances(self, images: Tensor, to: Tensor) -> Tensor:
        """How far each image lies from the nearest few of a class of its own: `to` int64 `[N]`."""
        looks, found = _look(images), torch.full((len(images),), torch.inf)
        for label in to.unique().tolist():
            own, rows = self.looks[self.targets == label], (to == label).nonzero().squeeze(1)
            if len(own):
                apart = torch.cdist(looks[rows], own)
                found[rows] = apart.topk(min(NEIGHBOURS, len(own)), largest=False).values.mean(1)
        return found


class Judge:
    """Two halves of a data set, and a network for each that has learned the other."""

    def __init__(
        self,
        images: Tensor,
        targets: Tensor,
        classes: int,
        seed: int,
        tell: Callable[[float], None] = lambda done: None,
    ) -> None:
        """Learn uint8 `[N, C, H, W]` of the classes int64 `[N]`; `tell` is told how far that is, and may raise."""
        self._halves: list[tuple[Tensor, _Half]] = []
        self._targets, self._classes, self._seed = targets, classes, seed
        self._small = small = shrunk(images)
        self.side = side = _sides(targets, seed)
        """int64 `[N]`: the half, 0 or 1, that each image is in."""
        for number in (0, 1):
            learned, judged = side != number, (side == number).nonzero().squeeze(1)
            half = _Half(small[learned], targets[learned], classes, seed + number, partial(_half_done, tell, number))
            self._halves.append((judged, half))
            near = half.distances(small[judged], targets[judged])
            for label in range(classes):
                own = near[targets[judged] == label]
                half.reach[label] = own.quantile(USUAL) if len(own) else 0.0
        self.clean = self.judge(small)

    def judge(self, small: Tensor) -> Verdict:
        """What all the images look like, changed or not, in their order: float32 as `shrunk` gives them."""
        probabilities, taken = None, torch.full((len(small),), -1)
        for judged, half in self._halves:
            found = half.probabilities(small[judged])
            probabilities = found.new_zeros(len(small), found.shape[1]) if probabilities is None else probabilities
            probabilities[judged] = found
            sure, called = found.max(1)
            near = half.distances(small[judged], called) <= half.reach[called]
            taken[judged] = torch.where((sure >= SURE) & near, called, -1)
        assert probabilities is not None
        return Verdict(probabilities, taken)

    def taught(self, changed: Sequence[Tensor], tell: Callable[[float], None]) -> Callable[[Tensor], Tensor]:
        """The probabilities, float32 `[N, K]`, that networks give which have learned changed images with their labels.

        `changed` are all images as `shrunk` gives them, once or more often; each network learns these and the images as
        they are, of one half, and judges the other. Small as the networks of the judge, and learned as long.
        """
        learned = torch.cat([self._small, *changed])
        targets, side = self._targets.repeat(1 + len(changed)), self.side.repeat(1 + len(changed))
        halves = [
            _Half(learned[side != number], targets[side != number], self._classes,
                  stream(self._seed, "judge-taught", number), partial(_half_done, tell, number))
            for number in (0, 1)
        ]  # fmt: skip

        def judged(small: Tensor) -> Tensor:
            found = small.new_zeros(len(small), self._classes)
            for number, half in enumerate(halves):
                found[self.side == number] = half.probabilities(small[self.side == number])
            return found

        return judged


def _half_done(tell: Callable[[float], None], number: int, done: float) -> None:
    tell((number + done) / 2)


def shrunk(images: Tensor) -> Tensor:
    """uint8 `[N, C, H, W]` as the judge sees them: float32, 0 to 1, and no larger than it needs."""
    scaled = images.float() / 255
    longer = max(images.shape[-2:])
    if longer <= SIDE:
        return scaled
    size = [max(8, round(side * SIDE / longer)) for side in images.shape[-2:]]
    return functional.interpolate(scaled, size=size, mode="bilinear", antialias=True)


def _look(small: Tensor) -> Tensor:
    """Blurred and small, so that a shift by a pixel changes little: float32 `[N, F]`."""
    longer = max(small.shape[-2:])
    height, width = (max(4, round(side * min(LOOK, longer) / longer)) for side in small.shape[-2:])
    return functional.adaptive_avg_pool2d(small, (height, width)).flatten(1)


def _sides(targets: Tensor, seed: int) -> Tensor:
    """Which half each image is in, 0 or 1: of each class as many in both."""
    side = torch.zeros(len(targets), dtype=torch.int64)
    drawing = generator(seed, "judge-halves")
    for label in targets.unique().tolist():
        rows = (targets == label).nonzero().squeeze(1)
        rows = rows[torch.randperm(len(rows), generator=drawing)]
        side[rows[1::2]] = 1
    return side


def _network(shape: torch.Size, classes: int) -> nn.Module:
    """Two convolutions and two layers."""
    channels, height, width = shape
    body = nn.Sequential(
        nn.Conv2d(channels, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.3),
    )  # fmt: skip
    return nn.Sequential(
        body, nn.Linear(32 * (height // 4) * (width // 4), 64), nn.ReLU(), nn.Dropout(0.3), nn.Linear(64, classes)
    )
