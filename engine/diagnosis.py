"""What a run's curves say: overfitting, underfitting, a learning rate too high or too low, or that all is well.

The course's rule is that a network overfits from where its validation loss crosses its training loss. What is right is
the minimum of the validation loss: beyond it the network gets worse, crossing or not. Both are told.

A pure function of the record, silent until it has grounds: `MINIMUM` says after how many epochs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.catalogue import Catalogue
from engine.config import RunConfig
from engine.curve_facts import Facts, facts_of, late
from engine.history import EpochRow, History
from engine.message import Message, message
from engine.strategy import Verdict
from engine.treatment import Treatment, treatments

MINIMUM: dict[Verdict, int] = {
    "diverging": 2, "lr-too-high": 3, "lr-too-low": 5, "overfitting": 6, "underfitting": 8, "plateau": 8, "healthy": 5,
}  # fmt: skip
"""Epochs before which a verdict is never given."""
FIRST_STEPS = 200
"""So many steps of a run's beginning are looked at."""
LOST = 2.0
"""A training loss this many times the untrained one is lost."""
FAR_LOST = 100.0
"""So is a validation loss of this many times: one that overfits badly may come to some multiples of it."""
SPIKE = 1.5
"""Of the first steps: the weights were thrown away."""
NOTHING = 0.93
"""A level above which nothing was learnt."""
MUCH_LEFT = 0.28
"""A level above which a network that learns no more is underfitting."""
STILL, SLOW = 0.03, 0.1
"""What falls by a smaller share within a quarter of the run stands still, or hardly falls."""
MOST_BLUR = 0.02
"""So much is added to that for noise, at most."""
RISE, GAP = 0.06, 0.2
"""Of overfitting, at least: how far the validation loss is above its least, and above training, as shares of it."""
HARDLY = 0.2
"""A level above which a network that leaps about has learnt little."""
LEAP, LEAPS = 0.08, 0.15
"""Noise of the losses from one epoch to the next that comes of steps too long: after a bad start, and by itself."""
FEW = 4
"""A network that leaps gets worse in one of so many epochs, at least."""
BEGUN = 0.3
"""A level below which a run has learnt too much for its rate to be too low."""


@dataclass(frozen=True)
class Diagnosis:
    """What the curves of a run say."""

    verdict: Verdict
    evidence: tuple[Message, ...]
    """The verdict in a sentence, then what else there is to know: each with epochs and figures."""
    best_epoch: int | None = None
    """The epoch of the least validation loss; of the least training loss without a validation part."""
    crossing_epoch: int | None = None
    """The epoch from which on the validation loss lies above the training loss, for good."""
    epochs: int = 0
    """Epochs that were judged."""
    remedies: tuple[Treatment, ...] = ()
    """Up to three other settings, each a run of its own; the most promising first."""


def diagnose_run(
    history: History, config: RunConfig, catalogue: Catalogue, *, since: int = 0, lost: bool = False,
    images: bool = False,
) -> Diagnosis:  # fmt: skip
    """As `diagnose`, with remedies for a run of these settings; `images` as in `treatments`."""
    found = diagnose(history, since=since, lost=lost)
    return replace(found, remedies=treatments(found.verdict, history, config, catalogue, images=images))


def diagnose(history: History, *, since: int = 0, lost: bool = False) -> Diagnosis:
    """What a run's curves say. `since` is the epoch at which a fork left its parent: only what came after is judged.

    `lost` says that the run ended because its loss was not finite.
    """
    rows = [row for row in history.epochs if row.epoch > since]
    losses = [] if since else [float(loss) for loss in history.steps[:FIRST_STEPS, 1] if math.isfinite(loss)]
    gone = next((row for row in rows if not _is_finite(row)), None)
    if gone is not None or lost:
        epoch = gone.epoch if gone is not None else (rows[-1].epoch if rows else 0) + 1
        return Diagnosis("diverging", (message(
            "diagnosis-not-finite", "Diverging: in epoch {epoch} the loss is no longer finite.", epoch=epoch
        ),), *_marks(rows[: rows.index(gone)] if gone is not None else rows), len(rows))  # fmt: skip
    facts = facts_of(rows, losses)
    if facts is None:
        return Diagnosis("too-early", (_too_early(len(rows)),), epochs=len(rows))
    verdict = _verdict(facts)
    evidence = (_sentence(verdict, facts), *_asides(verdict, facts))
    return Diagnosis(verdict, evidence, *_marks(rows, facts), facts.count)


def _is_finite(row: EpochRow) -> bool:
    return all(loss is None or math.isfinite(loss) for loss in (row.train_loss, row.clean_train_loss, row.val_loss))


def _marks(rows: Sequence[EpochRow], facts: Facts | None = None) -> tuple[int | None, int | None]:
    """The epoch of the minimum, and that of the crossing."""
    facts = facts or facts_of(rows)
    if facts is None:
        return None, None
    return int(facts.epochs[facts.best]), None if facts.crossing is None else int(facts.epochs[facts.crossing])


# --- the rule -------------------------------------------------------------------------------------


def _verdict(facts: Facts) -> Verdict:
    """The first that applies, those that spoil all others first."""
    rules = (
        ("diverging", _diverges), ("lr-too-high", _too_high), ("lr-too-low", _too_low), ("overfitting", _overfits),
        ("underfitting", _underfits), ("plateau", _stands_still),
    )  # fmt: skip
    for verdict, applies in rules:
        if facts.count >= MINIMUM[verdict] and applies(facts):  # type: ignore[index]
            return verdict  # type: ignore[return-value]
    return "healthy" if facts.count >= MINIMUM["healthy"] else "too-early"


def _diverges(facts: Facts) -> bool:
    training, validation = min(facts.training[-2:]), min(facts.validation[-2:])
    return bool(training > LOST * facts.untrained or validation > FAR_LOST * facts.untrained)


def _too_high(facts: Facts) -> bool:
    thrown = facts.spike > SPIKE
    if thrown and facts.level > NOTHING:
        return True
    # The bend of a curve that falls steeply at first looks like noise while there are few epochs: it must rise, too.
    rises = facts.rises >= (1 if thrown else max(2, (facts.count - 1) // FEW))
    leaps = facts.level > HARDLY and max(facts.noise, facts.training_noise) > LEAP
    wild = facts.training_noise > (LEAP if facts.level > MUCH_LEFT else LEAPS)
    return rises and leaps and (thrown or wild)


def _too_low(facts: Facts) -> bool:
    """Falls evenly: the second half of the epochs brings nearly as much as the first."""
    if facts.spike > SPIKE or facts.level < BEGUN:
        return False
    half = facts.count // 2
    first, middle, last = facts.training[0], facts.training[half], facts.training[-1]
    total = first - last
    if total <= 0.004 * first or first < 0.55 * facts.untrained:
        return False
    return (middle - last) / total > 0.25 and facts.fall > 0 and total / first > 8 * facts.training_noise


def _overfits(facts: Facts) -> bool:
    if not facts.validated:
        return False
    since = facts.count - 1 - facts.best
    margin = max(RISE, 2 * facts.noise)
    return since >= 2 and facts.rise > margin and facts.gap > GAP and facts.training_fall > -STILL


def _underfits(facts: Facts) -> bool:
    return facts.level > MUCH_LEFT and facts.training_fall < SLOW


def _stands_still(facts: Facts) -> bool:
    return facts.last_half < STILL + min(MOST_BLUR, facts.noise / math.sqrt(late(facts.count)))


# --- in words -------------------------------------------------------------------------------------


def _too_early(count: int) -> Message:
    return message(
        "diagnosis-too-early", "Too early to say: {count} of {enough} epochs that it takes.", count=count,
        enough=MINIMUM["healthy"],
    )  # fmt: skip


def _sentence(verdict: Verdict, facts: Facts) -> Message:
    if verdict == "too-early":
        return _too_early(facts.count)
    code, template = SENTENCES[verdict] if facts.validated else TRAINING_ONLY.get(verdict, SENTENCES[verdict])
    if verdict == "overfitting" and facts.fall >= 0:
        code, template = STAYS
    if verdict == "lr-too-high" and facts.spike <= SPIKE:
        code, template = LEAPING
    half = facts.count // 2
    return message(
        code, template, epoch=int(facts.epochs[facts.best]), last=int(facts.epochs[-1]), first=int(facts.epochs[0]),
        since=int(facts.epochs[half]), training=float(facts.training[-1]), validation=float(facts.validation[-1]),
        least=float(facts.validation[facts.best]), before=float(facts.training[0]), untrained=facts.untrained,
        middle=float(facts.training[half]), spike=facts.spike * facts.untrained,
    )  # fmt: skip


SENTENCES: dict[Verdict, tuple[str, str]] = {
    "overfitting": ("diagnosis-overfitting", "Overfitting since epoch {epoch}: training {training}, validation "
                    "{validation} and rising; it was {least}."),
    "underfitting": ("diagnosis-underfitting", "Underfitting: training {training} and validation {validation} in epoch "
                     "{last} are both high, of {untrained} untrained, and hardly fall any more."),
    "lr-too-high": ("diagnosis-lr-too-high", "The learning rate is too high: the loss leapt from {untrained} to "
                    "{spike} at first, and in epoch {last} training is still {training}."),
    "lr-too-low": ("diagnosis-lr-too-low", "The learning rate is too low: training falls evenly, from {before} in "
                   "epoch {first} to only {training} in epoch {last}."),
    "plateau": ("diagnosis-plateau", "A plateau: since epoch {since} the losses have stood still; training {training}, "
                "validation {validation} in epoch {last}."),
    "diverging": ("diagnosis-diverging", "Diverging: in epoch {last} training is {training} and validation "
                  "{validation}, of {untrained} untrained."),
    "healthy": ("diagnosis-healthy", "Healthy: training {training}, validation {validation} in epoch {last}; the best "
                "is {least}, in epoch {epoch}."),
}  # fmt: skip
STAYS = ("diagnosis-overfitting-stays", "Overfitting since epoch {epoch}: training {training}, validation "
         "{validation}; it was {least}.")  # fmt: skip
LEAPING = ("diagnosis-lr-too-high-leaps", "The learning rate is too high: the losses leap from epoch to epoch, and in "
           "epoch {last} training is still {training}, of {untrained} untrained.")  # fmt: skip
TRAINING_ONLY: dict[Verdict, tuple[str, str]] = {
    "healthy": ("diagnosis-healthy-training", "Training falls as it should: {training} in epoch {last}. Without a "
                "validation part it can't be told whether the network overfits."),
    "plateau": ("diagnosis-plateau-training", "A plateau: since epoch {since} the training loss has stood still at "
                "{training}."),
    "underfitting": ("diagnosis-underfitting-training", "Underfitting: training is {training} in epoch {last}, of "
                     "{untrained} untrained, and hardly falls any more."),
    "diverging": ("diagnosis-diverging-training", "Diverging: in epoch {last} training is {training}, of {untrained} "
                  "untrained."),
}  # fmt: skip


def _asides(verdict: Verdict, facts: Facts) -> list[Message]:
    """What else there is to know."""
    found: list[Message] = []
    if not facts.validated:
        return found
    if facts.crossing is not None and verdict in ("overfitting", "healthy", "plateau"):
        found.append(message(
            "diagnosis-crossing", "Validation crosses training in epoch {crossing} and is least in epoch {best}. "
            "Where to stop is the least, not the crossing.",
            crossing=int(facts.epochs[facts.crossing]), best=int(facts.epochs[facts.best]),
        ))  # fmt: skip
    validation = float(facts.validation[-1])
    if facts.shown[-1] > validation and facts.cleaned:
        found.append(message(
            "diagnosis-techniques-on", "The training loss {shown} lies above the validation loss {validation}: it is "
            "measured while training, with dropout, augmentation and the like at work. Without them it is {clean}.",
            shown=float(facts.shown[-1]), validation=validation, clean=float(facts.training[-1]),
        ))  # fmt: skip
    return found
