"""Whether each image is seen as often as it should, however often a run is stopped: by what its batches are made of."""

from __future__ import annotations

import random
from collections.abc import Sequence

import torch
from torch import Tensor

from engine.config import RunConfig
from engine.store import MemoryStore
from engine.strategy import Augmentation
from engine.trainer import Trainer
from tests.engine.support import run


class Witness(Augmentation):
    """Remember the images of every training batch, as they were gathered."""

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        SEEN.extend(image.numpy().tobytes() for image in images)
        return images


SEEN: list[bytes] = []


def seen(config: RunConfig, stops: Sequence[int]) -> tuple[list[list[int]], Tensor]:
    """The rows that a run stopped after these steps gathers, epoch by epoch, and the targets of the training part.

    `config` ticks `Witness` before all other augmentations. Where two images were equal, rows would be ambiguous.
    """
    SEEN.clear()
    store = MemoryStore()
    trainer = Trainer(config, lambda: store)
    for step in stops:
        run(trainer, stop_at=step)
        trainer = Trainer(config, lambda: store, snapshot=store.last())
    run(trainer)
    training = trainer.learner.parts.training
    row_of = {image.numpy().tobytes(): row for row, image in enumerate(training.inputs)}
    assert len(row_of) == len(training)
    rows = [row_of[image] for image in SEEN]
    assert len(rows) == config.epochs * len(training)
    return [rows[start : start + len(training)] for start in range(0, len(rows), len(training))], training.targets


def fair_epochs(config: RunConfig, seed: int, stops: int = 10) -> int:
    """In how many epochs of a run with so many random stops each image came as often as it should.

    That is exactly once. With balanced sampling it is another promise: each class comes equally often (or once more),
    and no image of a class comes again before all others of it have come. Either way in the undisturbed run's order.
    """
    config = config.changed({"with_": (Witness(), *config.with_)})
    undisturbed, targets = seen(config, [])
    at = sorted(random.Random(seed).sample(range(1, _steps(config)), stops))
    epochs, _ = seen(config, at)
    fair = _balanced if config.giving("order") else _each_once
    return sum(fair(rows, targets) and rows == others for rows, others in zip(epochs, undisturbed, strict=True))


def _steps(config: RunConfig) -> int:
    return config.epochs * len(Trainer(config).learner.bounds)


def _each_once(rows: list[int], targets: Tensor) -> bool:
    return sorted(rows) == list(range(len(targets)))


def _balanced(rows: list[int], targets: Tensor) -> bool:
    times = torch.bincount(torch.tensor(rows), minlength=len(targets))
    own = [times[targets == label] for label in targets.unique()]
    totals = [int(counts.sum()) for counts in own]
    return max(totals) - min(totals) <= 1 and all(int(counts.max() - counts.min()) <= 1 for counts in own)
