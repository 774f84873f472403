"""What training a submission again says of its figures, as values that go from one process to another."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from engine.language import say, tr
from engine.message import Message


class Outcome(StrEnum):
    """What a second training says of a run's figures."""

    EXACT = "the same"
    """Equal to the last bit."""
    CLOSE = "the same but for rounding"
    PARTED = "the same up to an epoch, coarsely after it"
    DIFFERS = "other figures"
    REFUSED = "not trained again"


@dataclass(frozen=True)
class Difference:
    """A figure that came out otherwise."""

    figure: str
    epoch: int
    """0: of the whole run."""
    told: float | None
    found: float | None


@dataclass(frozen=True)
class RunReplay:
    """A run, trained again."""

    id: str
    outcome: Outcome
    differences: tuple[Difference, ...] = ()
    """The first of them, where it differs."""
    count: int = 0
    """Of differences."""
    parted: int | None = None
    """The epoch from which on the figures are compared coarsely."""
    reason: Message | None = None
    """Why it was not trained again."""


@dataclass(frozen=True)
class Replay:
    """A submission, trained again."""

    runs: tuple[RunReplay, ...]
    answer: str | None
    """What the runs say to the question now."""

    @property
    def outcome(self) -> Outcome:
        """Of all runs together: the worst."""
        order = (Outcome.DIFFERS, Outcome.REFUSED, Outcome.PARTED, Outcome.CLOSE, Outcome.EXACT)
        return next(each for each in order if any(run.outcome is each for run in self.runs))

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {"outcome": self.outcome.name.lower(), "answer": self.answer, "runs": list(map(_to_dict, self.runs))}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Replay:
        """From JSON that this program has written."""
        return cls(tuple(map(_from_dict, data["runs"])), data["answer"])


def outcome_words(run: RunReplay) -> str:
    """What came of training a run again, in a line."""
    if run.reason is not None:
        return say(run.reason)
    if run.outcome.name == "PARTED":
        return tr("the same up to epoch {epoch}; after it only coarsely comparable").format(epoch=(run.parted or 1) - 1)
    if run.outcome.name == "DIFFERS":
        return tr("{count} figures came out otherwise").format(count=run.count)
    return tr("the same to the last bit") if run.outcome.name == "EXACT" else tr("the same but for rounding")


def difference_words(run: RunReplay) -> str:
    """Which figures came out otherwise, in a line: what the file says, what came out, and in which epoch."""
    return ", ".join(_difference(each) for each in run.differences)


def _difference(each: Difference) -> str:
    values = {"figure": each.figure, "told": _figure(each.told), "found": _figure(each.found), "epoch": each.epoch}
    if each.epoch:
        return tr("{figure} in epoch {epoch}: {told} told, {found} found").format(**values)
    return tr("{figure}: {told} told, {found} found").format(**values)


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.6g}"


def _to_dict(run: RunReplay) -> dict[str, Any]:
    return {
        "run": run.id, "outcome": run.outcome.name.lower(), "parted": run.parted, "count": run.count,
        "reason": run.reason.to_dict() if run.reason else None,
        "differences": [asdict(each) for each in run.differences],
    }  # fmt: skip


def _from_dict(data: dict[str, Any]) -> RunReplay:
    return RunReplay(
        data["run"], Outcome[data["outcome"].upper()], tuple(Difference(**each) for each in data["differences"]),
        data["count"], data["parted"], Message.from_dict(data["reason"]) if data["reason"] else None,
    )  # fmt: skip
