"""Runs of a lesson together: the mean of their probabilities, as one more run that its claims may speak of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from engine.catalogue import Catalogue
from engine.history import EpochRow
from engine.lessons.lesson import Lesson
from engine.sweeps.sweep import Standing, State

if TYPE_CHECKING:
    from engine.ensembles.members import PartsOf


def members_of(lesson: Lesson, standings: Mapping[str, Standing]) -> tuple[Path, ...]:
    """The folders of the runs that are to be taken together, once all of them are done; else none."""
    if lesson.together is None:
        return ()
    found = [standings.get(id) for id in lesson.together.members]
    records = [each.record for each in found if each is not None and each.state is State.DONE]
    folders = tuple(record.folder for record in records if record is not None)
    return folders if len(folders) == len(found) else ()


def together(folders: Sequence[Path], catalogue: Catalogue, parts_of: PartsOf) -> list[EpochRow]:
    """What the best networks of these runs come to together on the validation part, as the only epoch of a run.

    Raises `InputError` where they can't be combined, `StartFailed` where a plugin fails.
    """
    from engine.ensembles.members import measure_ensemble
    from engine.runs import best_checkpoint

    paths = [best_checkpoint(folder) for folder in folders]
    figures = measure_ensemble(paths, catalogue, parts_of, part="validation").figures
    return [EpochRow(1, val_loss=figures.loss, val_accuracy=figures.accuracy)]
