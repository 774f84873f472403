"""Accuracy against the amount of training data: the same settings on shares of it, over seeds. Imports no PyTorch.

Every run has the epochs that the settings say, so one with more data takes more steps as well: what is answered is what
these settings come to with less or more data, not what a fixed number of steps would.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from engine.config import RunConfig
from engine.message import InputError, Message, phrase
from engine.seed_noise import CONFIDENCE, spread, t_quantile
from engine.sweeps.power_law import Extrapolation, extrapolate
from engine.sweeps.sweep import Member, Standing, State

SHARES = (5.0, 10.0, 25.0, 50.0, 100.0)
"""Per cent of the training samples."""
SEEDS = 3
MOST_SHARES, MOST_SEEDS = 20, 100
TWICE = 200.0
"""Per cent of the training samples for which the accuracy is estimated."""


@dataclass(frozen=True)
class Plan:
    """The runs of a curve."""

    shares: tuple[float, ...]
    """Rising, in per cent of what the settings train on."""
    seeds: tuple[int, ...]
    by_share: tuple[tuple[Member, ...], ...]
    """For each share a member for each seed."""

    @property
    def members(self) -> list[Member]:
        """All runs, seed by seed: so there is a first whole curve early."""
        return [members[place] for place in range(len(self.seeds)) for members in self.by_share]


@dataclass(frozen=True)
class Accuracy:
    """What the runs with one amount of data came to on one part."""

    mean: float
    values: tuple[float, ...]
    """Of each run, in the order of the seeds."""
    interval: tuple[float, float] | None
    """In which the mean over all seeds lies with 95 % confidence (Student's t); None for one run."""


@dataclass(frozen=True)
class Amount:
    """One share of the data."""

    share: float
    samples: int | None
    """Training samples; None while no run has told."""
    validation: Accuracy | None
    test: Accuracy | None
    """None where there is no run, or no such part."""

    def of(self, part: str) -> Accuracy | None:
        """Its accuracy on `validation` or `test`."""
        return self.test if part == "test" else self.validation


@dataclass(frozen=True)
class DataCurve:
    """The curve as far as there are runs."""

    plan: Plan
    standings: tuple[Standing, ...]
    """Of the plan's members, in their order."""
    amounts: tuple[Amount, ...]
    part: str
    """`test`, or `validation` where there is no test part: of which the estimate is."""
    estimate: Extrapolation | None
    """The accuracy there with twice the data."""
    reason: Message | None
    """Why there is no estimate."""

    def count(self, state: State) -> int:
        """How many of its runs stand so."""
        return sum(each.state is state for each in self.standings)


def plan(config: RunConfig, shares: Sequence[float] = SHARES, seeds: int = SEEDS) -> Plan:
    """The runs for these settings. Raises `InputError` where no curve can be made of them."""
    if config.task != "classification":
        raise InputError(
            "no-accuracy",
            "a data curve is of accuracy, and {id} tells no classes apart",
            id=(config.model if config.model.reconstructs else config.dataset).id,
        )
    if not 1 <= seeds <= MOST_SEEDS:
        raise InputError("bad-seeds", "give 1 to {most} seeds, not {seeds}", most=MOST_SEEDS, seeds=seeds)
    if not 1 <= len(set(shares)) <= MOST_SHARES or not all(0 < share <= 100 for share in shares):
        raise InputError(
            "bad-shares", "give 1 to {most} shares of the training data, in per cent above 0 and up to 100, such as "
            "5,10,25,50,100", most=MOST_SHARES,
        )  # fmt: skip
    rising = tuple(sorted(set(shares)))
    numbers = tuple((config.seed + count) % 2**32 for count in range(seeds))
    by_share = tuple(
        tuple(
            Member(phrase("member", "{what}, seed {seed}", what=f"{share:g} %", seed=seed), _with(config, share, seed))
            for seed in numbers
        )
        for share in rising
    )
    return Plan(rising, numbers, by_share)


def parse_shares(text: str) -> tuple[float, ...]:
    """Shares from a text such as `5,10,25`. Raises `InputError`."""
    try:
        return tuple(float(word.strip().removesuffix("%")) for word in text.split(","))
    except ValueError:
        raise InputError(
            "bad-shares-text", "{text} are no shares in per cent: write them as 5,10,25,50,100", text=repr(text)[:80]
        ) from None


def data_curve(planned: Plan, standings: Sequence[Standing]) -> DataCurve:
    """The curve, given how the plan's members stand, in their order. An estimate waits until no run is missing."""
    amounts = tuple(
        _amount(share, standings[place :: len(planned.shares)]) for place, share in enumerate(planned.shares)
    )
    part = "test" if any(amount.test for amount in amounts) else "validation"
    estimate, reason = None, None
    if all(each.state is State.DONE for each in standings):
        known = {amount.share: found.values for amount in amounts if (found := amount.of(part)) is not None}
        told = extrapolate(known, TWICE)
        estimate, reason = (None, told) if isinstance(told, Message) else (told, None)
    return DataCurve(planned, tuple(standings), amounts, part, estimate, reason)


def _with(config: RunConfig, share: float, seed: int) -> RunConfig:
    """The settings with a share of what they train on; all of it is as they say, so that a run made before counts."""
    values: dict[str, object] = {"seed": seed, "name": "", "offered": ()}
    if share < 100:
        values["train_samples"] = _share_of(config.train_samples, share)
    return config.changed(values)


def _share_of(amount: str, share: float) -> str:
    if amount == "all" or amount.endswith("%"):
        whole = 100.0 if amount == "all" else float(amount.removesuffix("%"))
        return f"{whole * share / 100:.6f}".rstrip("0").rstrip(".") + "%"
    return str(max(1, round(int(amount) * share / 100)))


def _amount(share: float, standings: Sequence[Standing]) -> Amount:
    records = [each.record for each in standings if each.state is State.DONE and each.record is not None]
    validation = [record.best.val_accuracy for record in records if record.best is not None]
    samples = [record.samples[0] for record in records if record.samples is not None]
    return Amount(
        share, samples[0] if samples else None, _accuracy(validation),
        _accuracy([record.test_accuracy for record in records]),
    )  # fmt: skip


def _accuracy(values: Sequence[float | None]) -> Accuracy | None:
    known = tuple(value for value in values if value is not None)
    found = spread(known)
    if found is None:
        return None
    if found.deviation is None:
        return Accuracy(found.mean, known, None)
    reach = t_quantile((1 + CONFIDENCE) / 2, found.count - 1) * found.deviation / math.sqrt(found.count)
    return Accuracy(found.mean, known, (max(0.0, found.mean - reach), min(1.0, found.mean + reach)))
