"""Which runs of a workspace can stand together in an ensemble, as their records and checkpoints' headers tell.

No weights are read and no data: what can be told this cheaply is told, and `members` has the last word. Imports no
PyTorch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.catalogue import Catalogue
from engine.checkpoints.header import read_meta
from engine.config import RunConfig
from engine.message import InputError, Message, message
from engine.run_records.files import is_file
from engine.run_records.record import RunRecord

BEST = "checkpoints/best.safetensors"


@dataclass(frozen=True)
class Candidate:
    """A run that has a best checkpoint."""

    record: RunRecord
    config: RunConfig | None
    """None where its settings need a plugin that is gone."""
    unfit: Message | None
    """Why it can be a member of no ensemble."""
    classes: tuple[str, ...] = ()
    shape: tuple[int, ...] = ()
    """Of its inputs."""

    @property
    def checkpoint(self) -> Path:
        """The file of its best network."""
        return self.record.folder / BEST


@dataclass(frozen=True)
class Listed:
    """The runs of a workspace, as an ensemble sees them."""

    candidates: tuple[Candidate, ...]
    """In the order of the records."""
    configs: tuple[RunConfig, ...]
    """The settings of all runs that have any which can be read, also of those without a best checkpoint."""


class CandidateIndex:
    """Judges runs, and those that have changed anew."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[RunRecord, Candidate]] = {}
        self._catalogue: Catalogue | None = None

    def listed(self, records: Sequence[RunRecord], catalogue: Catalogue) -> Listed:
        """What these records come to; one that is the same object as the last time is not looked at again."""
        before = self._known if catalogue is self._catalogue else {}
        self._known, self._catalogue = {}, catalogue
        for record in records:
            known = before.get(record.folder)
            same = known is not None and known[0] is record
            self._known[record.folder] = known if known and same else (record, _judge(record, catalogue))
        all_of = [candidate for _, candidate in self._known.values()]
        return Listed(
            tuple(each for each in all_of if is_file(each.checkpoint)),
            tuple(each.config for each in all_of if each.config is not None),
        )


def refused_beside(candidate: Candidate, first: Candidate) -> Message | None:
    """Why a run can't stand beside another one; None where nothing is known against it."""
    if candidate.unfit is not None or candidate is first:
        return candidate.unfit
    if sorted(candidate.classes) != sorted(first.classes):
        return message("member-other-classes", "it tells other classes apart than the first one that is ticked")
    same_data = candidate.config and first.config and candidate.config.dataset.id == first.config.dataset.id
    if candidate.shape != first.shape and not same_data:  # the same pictures may come in another size
        return message(
            "member-other-inputs", "its samples are {theirs}, and those of the first one that is ticked {shape}: other "
            "data", theirs=_sizes(candidate.shape), shape=_sizes(first.shape),
        )  # fmt: skip
    return None


def _judge(record: RunRecord, catalogue: Catalogue) -> Candidate:
    config = None
    try:
        config = RunConfig.from_dict(record.settings, catalogue)
        if not is_file(record.folder / BEST):
            return Candidate(record, config, message("no-best", "it has no best checkpoint"))
        meta = read_meta(record.folder / BEST)
    except InputError as error:
        return Candidate(record, config, error.message)
    data = meta["data"]
    classes = tuple(meta["class_names"]) or tuple(map(str, range(data["outputs"])))
    return Candidate(record, config, _unfit(record, config, data["task"]), classes, tuple(data["input_shape"]))


def _unfit(record: RunRecord, config: RunConfig, task: str) -> Message | None:
    if record.holder is not None:
        return message("member-trains", "it still trains: its best network may be another one soon")
    if task != "classification":
        return message("member-no-classes", "it tells no classes apart: there are no probabilities to average")
    return makes_scores(config)


def makes_scores(config: RunConfig) -> Message | None:
    """Why networks with these settings have no probabilities; None where they have."""
    if config.loss.output_activation != "identity":
        return None
    return message(
        "member-makes-scores", "the loss {loss} makes scores and no probabilities: they can't be averaged",
        loss=config.loss.id,
    )  # fmt: skip


def _sizes(shape: Sequence[int]) -> str:
    return "×".join(map(str, shape))
