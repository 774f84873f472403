"""What a network calls the pictures in any number of files: one after another, a few of them in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from engine.config import RunConfig
from engine.data import Parts
from engine.message import InputError, Message
from engine.pictures.files import Pixels
from engine.pictures.form import PictureForm, picture_form
from engine.pictures.reader import in_order
from engine.trained.classify import Refused
from engine.trained.predictions import Network

AT_ONCE = 64
"""Pictures that wait in memory for the network, at most."""


@dataclass(frozen=True)
class Called:
    """A picture, and what a network calls it."""

    path: Path
    name: str
    """Of the class."""
    probability: float
    """Of the class; its score where the run's loss makes no probabilities."""
    inverted: bool
    """Whether light and dark were exchanged before the network saw it."""


def form_for(network: Network, parts_of: Callable[[RunConfig], Parts]) -> PictureForm:
    """How pictures are prepared for this network. Raises `InputError` where it can't tell any apart."""
    if network.spec.task != "classification":
        raise InputError("no-classes", "the network knows no classes: only one that does can tell images apart")
    form = picture_form(network.config, network.spec, float(network.scale.mean.mean()), parts_of)
    if form is None:
        raise InputError(
            "not-for-pictures", "the network takes inputs of shape {shape}: pictures have 1 or 3 channels",
            shape=list(network.spec.input_shape),
        )  # fmt: skip
    return form


def tell_apart(network: Network, form: PictureForm, files: Sequence[Path]) -> Iterator[Called | Refused]:
    """What the network calls each of these files, or why it can't be read, in their order."""

    def read(path: Path) -> tuple[Path, Pixels | Message]:
        try:
            return path, form.read(path)
        except InputError as error:
            return path, error.message

    waiting: list[tuple[Path, Pixels | Message]] = []
    for result in in_order(read, files):
        waiting.append(result)
        if len(waiting) == AT_ONCE:
            yield from _called(network, form, waiting)
            waiting = []
    yield from _called(network, form, waiting)


def _called(
    network: Network, form: PictureForm, read: list[tuple[Path, Pixels | Message]]
) -> Iterator[Called | Refused]:
    images = [image for _, image in read if not isinstance(image, Message)]
    called: Iterator[tuple[str, float, bool]] = iter(())
    if images:
        stacked = np.stack(images)
        outputs = network.outputs(torch.from_numpy(form.shaded(stacked)))
        numbers = outputs.argmax(1).tolist()
        sure = network.activated(outputs).max(1).tolist()
        names = [network.class_names[number] for number in numbers]
        called = zip(names, sure, form.light(stacked).tolist(), strict=True)
    for path, image in read:
        yield Refused(str(path), image) if isinstance(image, Message) else Called(path, *next(called))
