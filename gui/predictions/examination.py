"""What the tab "Predictions" asks of the background: predictions, pictures told apart, and where a network looked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.message import InputError
from gui.background import Trouble
from gui.workbench import Workbench

if TYPE_CHECKING:
    from engine.trained.classify import Classified, Pile
    from engine.trained.examiner import Examiner
    from engine.trained.predictions import Network, Predictions
    from engine.trained.reconstructions import Reconstructions

Failed = Callable[[Trouble], None]


@dataclass(frozen=True)
class Told:
    """Pictures told apart, with what is needed to show them."""

    classified: Classified
    names: tuple[str, ...]
    probabilities: bool
    by_itself: bool
    """Light and dark were exchanged without being asked for."""


class _Errand:
    """A piece of work that can become needless while it is done."""

    def __init__(self) -> None:
        self.needed = True

    def is_needed(self) -> bool:
        return self.needed


class Examination:
    """One piece of work of each kind at a time: a newer one makes the one before it needless."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._errands: dict[str, _Errand] = {}
        self._examiner: Examiner | None = None
        self._catalogue: object = None
        self._pile: tuple[tuple[Path, ...], tuple[tuple[int, ...], str], Pile] | None = None

    def predict(
        self, path: Path, part: str, done: Callable[[Predictions | Reconstructions], None], failed: Failed
    ) -> None:
        """Let a checkpoint say what each sample of a part is, or, an autoencoder's, give them back."""
        errand = self._begin("predictions")

        def work() -> Predictions | Reconstructions:
            examiner = self._ready()
            gives_back = examiner.network(path).spec.task == "reconstruction"
            return (examiner.reconstructions if gives_back else examiner.predictions)(path, part, errand.is_needed)

        self._bench.background.ask(
            "predictions",
            work,
            lambda made: self._end("predictions", done, made),
            lambda trouble: self._end("predictions", failed, trouble),
        )

    def classify(
        self, path: Path, files: tuple[Path, ...], invert: bool | None, done: Callable[[Told], None], failed: Failed
    ) -> None:
        """Let a checkpoint say what pictures are; with `invert` None, it is found whether light and dark change."""
        errand = self._begin("pictures")

        def work() -> Told:
            from engine.trained.classify import classify, should_invert

            network = self._ready().network(path)
            pile = self._read(network, files, errand)
            inverted = should_invert(network, pile, self._training(network)) if invert is None else invert
            classified = classify(network, pile, invert=inverted, keep_going=errand.is_needed)
            return Told(classified, network.class_names, network.gives_probabilities, inverted and invert is None)

        self._bench.background.ask(
            "pictures",
            work,
            lambda told: self._end("pictures", done, told),
            lambda trouble: self._end("pictures", failed, trouble),
        )

    def look(
        self, path: Path, image: np.ndarray, number: int, done: Callable[[np.ndarray], None], failed: Failed
    ) -> None:
        """Find which pixels of an image uint8 `[C, H, W]` move the output of a class."""

        def work() -> np.ndarray:
            from engine.trained.saliency import saliency

            return saliency(self._ready().network(path), image, number)

        self._bench.background.ask("saliency", work, done, failed)

    def give_up(self) -> bool:
        """Let all work come to nothing; returns whether there was any."""
        for key in ("predictions", "pictures", "saliency"):
            self._bench.background.forget(key)
        for errand in self._errands.values():
            errand.needed = False
        had_work = bool(self._errands)
        self._errands.clear()
        return had_work

    def _begin(self, key: str) -> _Errand:
        if key in self._errands:
            self._errands[key].needed = False
        self._errands[key] = _Errand()
        return self._errands[key]

    def _end(self, key: str, hand_over: Callable[[Any], None], outcome: object) -> None:
        del self._errands[key]
        hand_over(outcome)

    # --- in the background -----------------------------------------------------------------------

    def _ready(self) -> Examiner:
        """What keeps networks and predictions, anew where other techniques are there."""
        from engine.trained.examiner import Examiner

        if self._examiner is None or self._catalogue is not self._bench.catalogue:
            self._catalogue = self._bench.catalogue
            self._examiner = Examiner(self._bench.catalogue, self._bench.parts)
        return self._examiner

    def _read(self, network: Network, files: tuple[Path, ...], errand: _Errand) -> Pile:
        """The pictures, which are not read again for another look."""
        from engine.trained.classify import read_pile

        form = network.spec.input_shape, network.config.dataset.resizing or "crop"
        if self._pile is None or self._pile[:2] != (files, form):
            self._pile = (files, form, read_pile(files, form[0], errand.is_needed, form[1]))
        return self._pile[2]

    def _training(self, network: Network) -> object:
        try:
            return self._ready().part(network, "training")
        except InputError:
            return None
