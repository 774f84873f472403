"""Checkpoints and their predictions, kept so that a second look computes nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from engine.catalogue import Catalogue
from engine.config import RunConfig
from engine.data import Part, Parts
from engine.message import InputError
from engine.trained.predictions import KeepGoing, Network, Predictions, check, open_network, predict
from engine.trained.reconstructions import Reconstructions, reconstruct

T = TypeVar("T")
KEPT_NETWORKS = 2
"""The one that is looked at, and the one before."""
KEPT_PREDICTIONS = 4
"""The three parts, and one of another checkpoint: each holds on to its samples."""


class Examiner:
    """Networks and their predictions, kept by checkpoint, time and part, so that a second look computes nothing.

    For one thread, which is not the window's own.
    """

    def __init__(self, catalogue: Catalogue, parts_of: Callable[[RunConfig], Parts]) -> None:
        """`parts_of` gives a run's data parts, or raises `InputError` where they are not here."""
        self._catalogue, self._parts_of = catalogue, parts_of
        self._networks: dict[tuple[Path, int], Network] = {}
        self._predictions: dict[tuple[Path, int, str], Predictions] = {}
        self._reconstructions: dict[tuple[Path, int, str], Reconstructions] = {}

    def network(self, path: Path) -> Network:
        """The network of a checkpoint. Raises `InputError` where it can't be used, or needs a plugin that is absent."""
        key = (path, written_at(path))
        network = self._networks.get(key) or open_network(path, self._catalogue)
        _keep(self._networks, key, network, KEPT_NETWORKS)
        return network

    def predictions(self, path: Path, part: str, keep_going: KeepGoing = lambda: True) -> Predictions:
        """A checkpoint's predictions of its own data's `validation`, `test` or `training` part.

        Raises `InputError` as `network` does, where the data are not here, or have no such part.
        """
        return self._kept(self._predictions, predict, path, part, keep_going)

    def reconstructions(self, path: Path, part: str, keep_going: KeepGoing = lambda: True) -> Reconstructions:
        """The same of an autoencoder: what it gives back for samples of that part. Raises `InputError`."""
        return self._kept(self._reconstructions, reconstruct, path, part, keep_going)

    def _kept(
        self, kept: dict[tuple[Path, int, str], T], make: Callable[[Network, Part, str, KeepGoing], T], path: Path,
        part: str, keep_going: KeepGoing,
    ) -> T:  # fmt: skip
        """What was made of this checkpoint and part before, else made now."""
        key = (path, written_at(path), part)
        made = kept.get(key)
        if made is None:
            network = self.network(path)
            check(keep_going)
            made = make(network, self.part(network, part), part, keep_going)
        _keep(kept, key, made, KEPT_PREDICTIONS)
        return made

    def part(self, network: Network, name: str) -> Part:
        """A part of the data of a network's run. Raises `InputError`."""
        parts, spec = self._parts_of(network.config), network.spec
        samples = getattr(parts, name)
        if samples is None:
            id = network.config.dataset.id
            raise InputError("no-part", "the data set {id} has no {part} part", id=id, part=name)
        if (parts.spec.input_shape, parts.spec.outputs) != (spec.input_shape, spec.outputs):
            raise InputError(
                "other-data", "the network takes {shape} and tells {outputs} classes apart; the data set {id} has "
                "{actual} and {classes}", shape=list(spec.input_shape), outputs=spec.outputs,
                id=network.config.dataset.id, actual=list(parts.spec.input_shape), classes=parts.spec.outputs,
            )  # fmt: skip
        return samples  # type: ignore[no-any-return]


def written_at(path: Path) -> int:
    """When a file was written last, in nanoseconds; 0 where it is not there."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _keep(kept: dict[Any, Any], key: Any, value: Any, most: int) -> None:
    """Keep this as the one looked at last, and drop beyond so many those not looked at for longest."""
    kept.pop(key, None)
    kept[key] = value
    while len(kept) > most:
        del kept[next(iter(kept))]
