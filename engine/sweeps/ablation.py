"""Which of the ticked techniques truly help: the settings as they are, and without each, over the same seeds.

A technique's effect is what a run came to with it less what it came to without it, seed by seed: the two runs of a pair
share initial weights, order and samples, so most of what the seed does cancels. Imports no PyTorch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from engine.config import RunConfig
from engine.history import EpochRow
from engine.language import UNSEEN, say_phrase
from engine.message import InputError, Message, Phrase, message, phrase
from engine.run_records.record import RunRecord
from engine.seed_noise import MeanDifference, paired_difference, spread
from engine.sweeps.sweep import Member, Standing, State

SEEDS = 3
"""How many there are where no number is given."""
MOST_SEEDS = 100
NAME_LENGTH = 120


class Verdict(StrEnum):
    """What an effect is worth."""

    HELPED = "helped"
    HURT = "hurt"
    NARROWER = "narrower"
    """Of the gap: training and validation are closer with the technique."""
    WIDER = "wider"
    NO_EFFECT = "no measurable effect"
    """The interval holds zero."""
    SAME = "changes nothing"
    """Every run with it is the same as without it, epoch by epoch, to the last digit."""
    UNKNOWN = "not known"
    """There is no interval: one seed alone, or every seed gave the same difference."""


@dataclass(frozen=True)
class Variant:
    """Settings with all techniques, or without one of them, once for each seed."""

    left_out: str | None
    """The id of the technique; None where all are there."""
    members: tuple[Member, ...]
    """In the order of the seeds."""


@dataclass(frozen=True)
class Plan:
    """The runs of an ablation."""

    seeds: tuple[int, ...]
    variants: tuple[Variant, ...]
    """The first one has all techniques."""
    needed: tuple[tuple[str, Message], ...]
    """The techniques that can't be left out, by their ids, each with the reason: there would be no valid run."""

    @property
    def members(self) -> list[Member]:
        """All runs, seed by seed: so there is a first answer for every technique early."""
        return [variant.members[place] for place in range(len(self.seeds)) for variant in self.variants]

    @property
    def techniques(self) -> list[str]:
        """The ids of those that are left out in turn."""
        return [variant.left_out for variant in self.variants if variant.left_out is not None]


@dataclass(frozen=True)
class Effect:
    """What a technique did to one figure: with it less without it."""

    difference: float
    interval: tuple[float, float] | None
    verdict: Verdict
    pairs: int
    """The seeds that were there with it and without it."""


@dataclass(frozen=True)
class TechniqueEffects:
    """What a technique did. None for a figure that does not apply, or of which there is no pair yet."""

    technique: str
    best: Effect | None
    """On the monitored figure of the best epoch."""
    accuracy: Effect | None
    """On the validation accuracy of the best epoch."""
    gap: Effect | None
    """On validation loss less clean training loss, of the last epoch."""


@dataclass(frozen=True)
class VariantResult:
    """What the runs of a variant came to."""

    variant: Variant
    standings: tuple[Standing, ...]
    """In the order of the seeds."""
    best: float | None
    """Mean over the runs that are done; None where none is, or it does not apply."""
    accuracy: float | None
    gap: float | None

    @property
    def records(self) -> list[RunRecord | None]:
        """Its runs that are done; None for one that is not."""
        return [each.record if each.state is State.DONE else None for each in self.standings]


@dataclass(frozen=True)
class Ablation:
    """The runs of a plan as they stand, and what they say."""

    plan: Plan
    monitor: str
    variants: tuple[VariantResult, ...]
    effects: tuple[TechniqueEffects, ...]

    @property
    def standings(self) -> list[Standing]:
        """Of all runs, in the order of the plan."""
        return [result.standings[place] for place in range(len(self.plan.seeds)) for result in self.variants]

    def count(self, state: State) -> int:
        """How many runs stand like this."""
        return sum(each.state is state for each in self.standings)


# --- the plan -------------------------------------------------------------------------------------


def plan(config: RunConfig, seeds: int = SEEDS) -> Plan:
    """The runs that tell what each ticked technique does: (K + 1) · seeds for K that can be left out.

    The seeds are that of the settings and those that follow it. Raises `InputError` where there is nothing to leave
    out, or for a number of seeds that can't be used.
    """
    if not 1 <= seeds <= MOST_SEEDS:
        raise InputError(
            "bad-seeds", "{seeds} seeds are not possible: give 1 to {most}; 3 or more tell an effect from luck",
            seeds=seeds, most=MOST_SEEDS,
        )  # fmt: skip
    if not config.with_:
        raise InputError("nothing-to-leave-out", "no technique is ticked: tick those whose effect you want to know")
    numbers = tuple((config.seed + place) % 2**32 for place in range(seeds))
    variants, needed = [_variant(config, None, numbers)], []
    for strategy in config.with_:
        try:
            config.unticked(strategy.id).check()
        except InputError as error:
            text = message("left-in", "{id} is left in: {reason}", id=strategy.id, reason=Phrase(error.message))
            needed.append((strategy.id, text))
        else:
            variants.append(_variant(config, strategy.id, numbers))
    if len(variants) == 1:
        raise InputError("all-needed", "no technique can be left out: {reason}", reason=Phrase(needed[0][1]))
    return Plan(numbers, tuple(variants), tuple(needed))


def _variant(config: RunConfig, left_out: str | None, seeds: Sequence[int]) -> Variant:
    changed = config if left_out is None else config.unticked(left_out)
    words = phrase("all", "all") if left_out is None else phrase("without", "without {id}", id=left_out)
    name = f"{config.name}, {say_phrase(words)}".replace(UNSEEN, "")
    if left_out is None or not config.name or len(name) > NAME_LENGTH:
        name = config.name
    return Variant(left_out, tuple(
        Member(
            phrase("member", "{what}, seed {seed}", what=words, seed=seed),
            changed.changed({"seed": seed, "name": name, "offered": ()}),
        )
        for seed in seeds
    ))  # fmt: skip


# --- what came of it ------------------------------------------------------------------------------


def ablation(plan: Plan, standings: Sequence[Standing]) -> Ablation:
    """What the runs of a plan say, given how its members stand, in the order of `plan.members`."""
    width = len(plan.variants)
    results = tuple(
        _result(variant, tuple(standings[place::width])) for place, variant in enumerate(plan.variants)
    )  # fmt: skip
    done = [record for result in results for record in result.records if record is not None]
    monitor = done[0].monitor if done else plan.variants[0].members[0].config.monitor
    effects = tuple(_effects(results[0], result, monitor) for result in results[1:])
    return Ablation(plan, monitor, results, effects)


def _result(variant: Variant, standings: tuple[Standing, ...]) -> VariantResult:
    done = [each.record for each in standings if each.state is State.DONE and each.record is not None]

    def mean(figure: Callable[[RunRecord], float | None]) -> float | None:
        known = [value for record in done if (value := figure(record)) is not None]
        found = spread(known)
        return found.mean if found is not None else None

    return VariantResult(variant, standings, mean(_best), mean(_accuracy), mean(_gap))


def _effects(everything: VariantResult, without: VariantResult, monitor: str) -> TechniqueEffects:
    pairs = [
        (one, other)
        for one, other in zip(everything.records, without.records, strict=True)
        if one is not None and other is not None
    ]
    same = bool(pairs) and all(_learnt(one) == _learnt(other) for one, other in pairs)
    better = 1 if monitor.endswith("accuracy") else -1
    helped, closer = (Verdict.HELPED, Verdict.HURT), (Verdict.NARROWER, Verdict.WIDER)
    return TechniqueEffects(
        without.variant.left_out or "",
        _effect(pairs, _best, better, helped, same=same),
        _effect(pairs, _accuracy, 1, helped, same=same),
        _effect(pairs, _gap, -1, closer, same=same),
    )


def _effect(
    pairs: Sequence[tuple[RunRecord, RunRecord]], figure: Callable[[RunRecord], float | None], better: int,
    words: tuple[Verdict, Verdict], *, same: bool,
) -> Effect | None:  # fmt: skip
    """The effect on a figure, of which more is better (1) or less (-1); the words say that it is better, or worse."""
    known = [
        (one, other)
        for one, other in ((figure(with_it), figure(without)) for with_it, without in pairs)
        if one is not None and other is not None
    ]
    found = paired_difference([one for one, _ in known], [other for _, other in known])
    if found is None:
        return None
    verdict = Verdict.SAME if same else _verdict(found, better, words)
    return Effect(found.difference, found.interval, verdict, len(known))


def _verdict(found: MeanDifference, better: int, words: tuple[Verdict, Verdict]) -> Verdict:
    if found.within_noise is None:
        return Verdict.UNKNOWN
    if found.within_noise:
        return Verdict.NO_EFFECT
    return words[0] if better * found.difference > 0 else words[1]


def _best(record: RunRecord) -> float | None:
    return _figure(record.best, record.monitor)


def _accuracy(record: RunRecord) -> float | None:
    return _figure(record.best, "val_accuracy")


def _gap(record: RunRecord) -> float | None:
    return record.gap


def _figure(row: EpochRow | None, name: str) -> float | None:
    value: float | None = getattr(row, name) if row is not None else None
    return value


def _learnt(record: RunRecord) -> list[EpochRow]:
    """What a run learnt, epoch by epoch, without how long it took."""
    return [row._replace(train_seconds=0.0, val_seconds=0.0) for row in record.rows]
