"""What every tab of the centre works with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from engine.catalogue import Catalogue
from engine.config import RunConfig
from engine.message import InputError, Message
from gui.background import Background

if TYPE_CHECKING:
    from engine.data import Parts
    from engine.preview.estimate import Estimate

KEPT = 2
"""Data sets that stay in memory, at most, for the tabs to look at."""
PARTS = ("dataset", "train_samples", "validation_samples", "split_seed")
"""The settings by which the parts of a data set are cut."""

NOT_READ = "pictures-not-read"
OF_PICTURES = ("listing-pictures", "looking-at-pictures", "reading-pictures", "waiting-for-pictures")
"""What is told of while one's own pictures are made ready: nothing need be fetched for that."""


class Workbench:
    """The workspace, the techniques, the background thread, and the data sets that were looked at last."""

    def __init__(self, workspace: Path, background: Background) -> None:
        self.workspace = workspace
        self.background = background
        self.catalogue = Catalogue(())
        self.busy: Callable[[], bool] = lambda: False
        """Whether a run trains, or is about to; may be asked in the background."""
        self.estimates: dict[RunConfig, Estimate] = {}
        """What runs will take, as far as it was measured, by what of their settings makes a difference to it."""
        self.coming: Callable[[], list[RunConfig]] = list
        """Gives the settings of the run that trains, or is about to, and of those that wait."""
        self._parts: dict[tuple[object, ...], Parts] = {}

    def parts(self, config: RunConfig, report: Callable[[Message, float | None], None] | None = None) -> Parts:
        """The parts of the data set that a run with these settings trains on. Not for the window's own thread.

        Nothing is fetched or read for a look: where that would have to come first, it is the `InputError`, unless
        there is a `report` to be told how far it is, which may raise one too.
        """
        from engine.data import Source, split

        key = (*(getattr(config, name) for name in PARTS), config.model.reconstructs)
        if key not in self._parts:
            source = Source(self.workspace / "data", report or _refuse_to_fetch)
            self._parts[key] = split(config.dataset.load(source), config)
            while len(self._parts) > KEPT:
                del self._parts[next(iter(self._parts))]
        return self._parts[key]

    def forget_parts(self) -> None:
        """Let go of all data sets. Not for the window's own thread."""
        self._parts.clear()


def _refuse_to_fetch(text: Message, fraction: float | None) -> None:
    if text.code in OF_PICTURES:
        raise InputError(NOT_READ, "the pictures were not read at this size yet: Start reads them, once")
    raise InputError("not-here-yet", "the data are not here yet: Start fetches them")
