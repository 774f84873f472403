"""What to train on a folder of pictures, and what it will take: counted in the folder, measured on a few of its files.

Begins with the recipe `RECIPE`. Where that offers a model, which is a pretrained one, and the pictures are photographs,
it is proposed where its weights are here already, and else offered with what would have to be downloaded.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from engine.catalogue import Catalogue
from engine.config import RunConfig, recipe
from engine.data import TEST_SHARE, Part, Parts, amount
from engine.message import InputError, Message, message
from engine.pictures.files import Pixels, fit, read_picture, shown
from engine.pictures.folder import PictureFile
from engine.pictures.folder_look import Seen
from engine.pictures.reader import in_order
from engine.preview.estimate import Estimate, estimate
from engine.strategy import DataSpec, Model, Strategy

RECIPE = "own-pictures"
"""Its data set takes a `path` and a `size`."""
PHOTOGRAPH = 96
"""Pixels of the shorter side from which on a picture counts as a photograph: smaller ones are drawings and signs, or so
small that a pretrained network would see little but what was made up to enlarge them."""
MAYBE = message("weights-maybe", "its weights are downloaded if they are not here yet")
"""Told of pretrained weights that were not looked for."""
LARGE, MEDIUM, SMALL, LEAST = 224, 128, 64, 16
"""Sizes to train at: of pretrained networks (what ImageNet's were trained at, and one at a third of the cost), and of
others."""
USUAL = 2_000
"""Training samples for which the recipe's epochs are meant: fewer are shown more often, up to twice as often."""
STEPS = 20
"""Steps that an epoch should have at least, where batches can be so small."""
BATCHES = (8, 64)
"""Samples of a batch, at least and at most."""
KEPT = ("seed", "split_seed", "device", "threads")
"""Settings that a proposal leaves alone."""
FEW = 1_000
"""With fewer pictures, a fifth of them is set aside for validation, for its figures to mean something."""


@dataclass(frozen=True)
class Offer:
    """Settings for the pictures of a folder, and what they will take."""

    config: RunConfig
    first: float | None
    """Seconds until the first epoch is measured, with the decoding of all pictures before; None where not measured."""
    whole: float | None
    """Seconds of the whole run."""
    download: Message | None
    """What has to be downloaded for it."""
    fits: bool = True
    """Whether the memory is enough, as far as is known."""


@dataclass(frozen=True)
class Proposal:
    """What was seen of a folder, and what may be done with it: the proposed settings first."""

    seen: Seen
    offers: tuple[Offer, ...]


def propose(
    seen: Seen,
    catalogue: Catalogue,
    data_folder: Path,
    stop: Callable[[], bool] = lambda: False,
    present: RunConfig | None = None,
) -> Proposal:
    """Settings for the pictures of a folder, each with what it will take here.

    Nothing is measured once `stop` says yes, such as while a run trains. Nothing is downloaded. Of the `present`
    settings what is no matter of the pictures stays: `KEPT`.
    """
    base = recipe(RECIPE, catalogue)
    if present is not None:
        base = base.changed({name: getattr(present, name) for name in KEPT})
    offers = [_offer(_plain(base, seen), seen, data_folder, stop)]
    pretrained = _pretrained(base, seen)
    if pretrained is not None:
        offer = _offer(pretrained, seen, data_folder, stop)
        # What has to be fetched first is offered after what can begin at once.
        offers.insert(1 if offer.download else 0, offer)
    return Proposal(seen, tuple(offers))


def with_folder(config: RunConfig, seen: Seen, catalogue: Catalogue) -> RunConfig:
    """These settings with the folder as their data set, at a fitting size, and nothing else changed."""
    dataset = recipe(RECIPE, catalogue).dataset
    return config.changed({"dataset": _remade(dataset, path=str(seen.folder), size=_small(seen.side))})


# --- settings -------------------------------------------------------------------------------------


def _plain(base: RunConfig, seen: Seen) -> RunConfig:
    return _sized(base, seen, _small(seen.side))


def _pretrained(base: RunConfig, seen: Seen) -> RunConfig | None:
    """With the model on offer, and what trains its head alone, where that is on offer too; None for small pictures."""
    model = next((each for each in base.offered if isinstance(each, Model)), None)
    if model is None or seen.side < PHOTOGRAPH:
        return None
    size = LARGE if seen.side >= 3 * LARGE // 4 else MEDIUM
    chosen = _remade(model, size=size) if "size" in type(model).model_fields else model
    ticked = tuple(each for each in base.offered if each.kind == "fine-tuning")
    # As long as nothing changes the images, what a frozen body makes of each is computed once.
    kept = tuple(each for each in base.with_ if each.kind != "augmentation" or not ticked)
    rest = tuple(each for each in base.offered if each.id not in {model.id, *(one.id for one in ticked)})
    values = {"model": chosen, "with_": (*kept, *ticked), "offered": rest, "epochs": -(-base.epochs // 2)}
    return _sized(base.changed(values), seen, size)


def _sized(config: RunConfig, seen: Seen, size: int) -> RunConfig:
    """With this folder at this size; with batches and epochs for so many pictures."""
    training = _counts(config, seen)[0]
    batch = 2 ** max(0, (training // STEPS).bit_length() - 1)
    return config.changed({
        "dataset": _remade(config.dataset, path=str(seen.folder), size=size),
        "batch_size": min(BATCHES[1], max(BATCHES[0], batch)),
        "epochs": min(2 * config.epochs, max(config.epochs, round(config.epochs * USUAL / max(1, training)))),
        "validation_samples": "20%" if seen.pictures < FEW else config.validation_samples,
    })  # fmt: skip


def _small(side: int) -> int:
    return max(LEAST, min(SMALL, side // 4 * 4))


def _remade(strategy: Strategy, **values: object) -> Strategy:
    """A strategy with other values, all checked again."""
    return type(strategy)(**(strategy.model_dump() | values))


def _counts(config: RunConfig, seen: Seen) -> tuple[int, int, int]:
    """Samples for training, validation and test, once the parts that the folder lacks are cut off."""
    training, validation, test = seen.parts
    if not test:
        test = round(TEST_SHARE * training)
        training -= test
    if not validation:
        validation = amount(config.validation_samples, training, "validation_samples")
        training -= validation
    return training, validation, test


# --- what they take -------------------------------------------------------------------------------


def _offer(config: RunConfig, seen: Seen, folder: Path, stop: Callable[[], bool]) -> Offer:
    asked: list[Message] = []
    pretrained = config.model != _without_weights(config.model)
    unknown = MAYBE if pretrained else None

    def refuse(text: Message, fraction: float | None) -> None:
        asked.append(text)
        raise InputError("weights-not-here", "the weights are not here")

    if stop():
        return Offer(config, None, None, unknown)
    size = getattr(config.dataset, "size", SMALL)
    images, seconds = decoded(seen, size)
    parts = _made_up(config, seen, images)
    found = estimate(config, parts, folder, stop, refuse)
    if asked:  # a network without its weights takes as long
        plain = config.changed({"model": _without_weights(config.model)})
        found = estimate(plain, parts, folder, stop, refuse)
    if found.cost is None and not asked and found.fits:
        return Offer(config, None, None, unknown)
    return _told(config, found, seconds * seen.pictures, asked[0] if asked else None)


def _without_weights(model: Strategy) -> Strategy:
    return type(model)(**model.model_dump(exclude={"weights"}))


def _told(config: RunConfig, found: Estimate, decoding: float, download: Message | None) -> Offer:
    cost = found.cost
    if cost is None:
        return Offer(config, None, None, download, found.fits)
    return Offer(config, decoding + cost.first(), decoding + cost.run(config), download, found.fits)


def decoded(seen: Seen, size: int) -> tuple[Pixels, float]:
    """Some of the pictures, uint8 `[n, C, size, size]`, and the seconds that each takes, with all processors at work.

    Raises `InputError` where none can be decoded.
    """
    start = time.perf_counter()
    made = list(in_order(partial(_read, channels=seen.channels, size=size), seen.some))
    seconds = (time.perf_counter() - start) / len(made)
    images = [each for each in made if not isinstance(each, Message)]
    if not images:
        raise InputError("no-pictures", "none of some files of {name} can be read", name=shown(seen.folder.name))
    return np.stack(images), seconds


def _read(file: PictureFile, channels: int, size: int) -> Pixels | Message:
    try:
        return fit(read_picture(file.path, size, file.name), (channels, size, size))
    except InputError as error:
        return error.message


def _made_up(config: RunConfig, seen: Seen, images: Pixels) -> Parts:
    """Parts of as many samples as a run would have, of which only a few are there: they are seen again and again."""
    counts = _counts(config, seen)
    training = max(2, counts[0])
    stored = torch.from_numpy(images)
    part = Part(stored, torch.arange(training) % seen.classes, torch.arange(training) % len(stored))
    each = [training // seen.classes + (number < training % seen.classes) for number in range(seen.classes)]
    spec = DataSpec(tuple(stored.shape[1:]), seen.classes, "classification", tuple(each), (training, *counts[1:]))
    names = tuple(map(str, range(seen.classes)))
    return Parts(part, None, None, names, spec)
