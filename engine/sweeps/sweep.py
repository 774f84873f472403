"""A sweep: runs made for one question.

A run is a function of its settings, so a member of a sweep is done where the workspace holds a run with just these
settings that came to its end. A sweep therefore keeps nothing of its own: it goes on after whatever ended it, and never
trains the same thing twice, whoever trained it first. Imports no PyTorch.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from engine.config import RunConfig
from engine.differing import ASIDE
from engine.message import InputError
from engine.run_records.bin import move_to_bin
from engine.run_records.notes import Notes
from engine.run_records.record import LAST, RunRecord, Status

NO_MATTER = ("format", "offered", *ASIDE)
"""What stands in settings and changes nothing in what a run learns."""


class State(StrEnum):
    """How a member stands."""

    DONE = "done"
    TRAINING = "training"
    BEGUN = "begun"
    """It was interrupted, or stopped by a person, and can go on from a checkpoint."""
    FAILED = "failed"
    MISSING = "missing"
    """There is no run with these settings, or none that anything was saved of."""


STATES = {
    Status.FINISHED: State.DONE, Status.STOPPED_EARLY: State.DONE, Status.TRAINING: State.TRAINING,
    Status.UNFINISHED: State.BEGUN, Status.INTERRUPTED: State.BEGUN, Status.FAILED: State.FAILED,
}  # fmt: skip


@dataclass(frozen=True)
class Member:
    """One run of a sweep."""

    label: str
    """What tells it from the others, for people."""
    config: RunConfig


@dataclass(frozen=True)
class Standing:
    """A member, and the run of the workspace that it is, if there is any."""

    member: Member
    state: State
    record: RunRecord | None = None


def standings(members: Sequence[Member], records: Iterable[RunRecord]) -> list[Standing]:
    """How each member stands, given the runs of the workspace, newest first.

    Of several runs with its settings the one that has come furthest counts, and the newest of those. A run in which
    the learning rate or the number of epochs was changed, or that is a fork, is none with the settings it began with.
    """
    by_settings: dict[str, list[RunRecord]] = {}
    for record in records:
        own = record.parent is None and not record.changes and record.epochs == record.settings.get("epochs")
        if own and not (_was_left(record) and record.samples is None):
            by_settings.setdefault(_key(record.settings), []).append(record)
    return [_standing(member, by_settings.get(_key(member.config.to_dict()), ())) for member in members]


def to_train(
    members: Sequence[Member], records: Iterable[RunRecord], waiting: Iterable[RunConfig] = ()
) -> list[Member]:
    """The members that must still be trained from their beginning: none that is done, trains, waits, or can go on."""
    coming = {_key(config.to_dict()) for config in waiting}
    return [
        each.member
        for each in standings(members, records)
        if each.state in (State.MISSING, State.FAILED) and _key(each.member.config.to_dict()) not in coming
    ]


def put_away_stumps(workspace: Path, members: Sequence[Member], records: Iterable[RunRecord]) -> None:
    """Put into the bin what is left of members that were interrupted before anything of them was saved.

    There is no checkpoint, no epoch and no note in such a folder: beside the run that is trained in its place it would
    look like a run too many.
    """
    wanted = {_key(member.config.to_dict()) for member in members}
    for record in records:
        empty = record.samples is None and not record.rows and record.notes == Notes() and record.parent is None
        saved = (record.folder / LAST).parent
        if _was_left(record) and empty and _key(record.settings) in wanted and not any(saved.glob("*.safetensors")):
            with contextlib.suppress(InputError):  # it stays, and harms nothing
                move_to_bin(workspace, record.folder)


def same_run(one: RunConfig, other: RunConfig) -> bool:
    """Whether runs with these settings are the same run, whatever they are called."""
    return _key(one.to_dict()) == _key(other.to_dict())


def same_settings(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether settings as a file holds them are those of the same run, whoever wrote the file."""
    try:
        return _key(one) == _key(other)
    except (RecursionError, OverflowError):
        return False


def _was_left(record: RunRecord) -> bool:
    """Whether it was interrupted, or stopped by a person."""
    return STATES[record.status] is State.BEGUN


def _standing(member: Member, found: Sequence[RunRecord]) -> Standing:
    order = list(State)
    of_each = [(STATES[record.status], record) for record in found]
    if not of_each:
        return Standing(member, State.MISSING)
    state, record = min(of_each, key=lambda each: order.index(each[0]))
    return Standing(member, state, record)


def _key(settings: Mapping[str, Any]) -> str:
    """Settings as a text that is the same for the same runs, whether they come from a form or from a file."""
    return repr(_plain({name: value for name, value in settings.items() if name not in NO_MATTER}))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return sorted((str(name), _plain(each)) for name, each in value.items())
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    # YAML writes 1.0 for what a form has as 1 where a number may have a fraction.
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
