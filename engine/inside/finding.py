"""What a look inside a network says, in words with figures: a pure function of the record.

Whether gradients vanish or explode is told by the norm of the gradient by what each layer gives, which is the same for
a wide layer and a narrow one (Glorot, Bengio 2010). About a thousandth is what a step usually moves the weights by
(Karpathy et al., CS231n, "Neural Networks Part 3").
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median

from engine.inside.record import LayerLook, by_step
from engine.message import Message, message

JUDGED = 5
"""Looks by whose middle figure it is judged how things stand: the last ones."""
FAR_APART = 100.0
"""So many times smaller, or larger, at the first layer than at the last: the gradient vanishes, or explodes."""
MANY = 0.5
"""Share of a layer's units, or values, from which on it is told."""
USUAL_UPDATE, LARGE_UPDATE, SMALL_UPDATE = 1e-3, 0.1, 1e-5
"""By what share a step usually moves the weights, and what is much, or little."""
ARRIVES = "inside-gradients-arrive"
"""The code of the finding that all is well with the gradient."""

Looks = Sequence[tuple[LayerLook, ...]]


def findings(rows: Iterable[LayerLook]) -> tuple[Message, ...]:
    """What there is to say, the gradient first; empty where nothing was looked at, or nothing trains."""
    looks = by_step(rows)
    last = looks[-JUDGED:]
    gradient = _gradient(last)
    arrives = gradient is None or gradient.code == ARRIVES  # else what is to be done is told, and steps follow from it
    found = (gradient, _dead(last), _saturated(last), _updates(looks) if arrives else None)
    return tuple(each for each in found if each is not None)


def gradient_ratio(looks: Looks) -> tuple[float, int] | None:
    """The gradient at the first layer as a share of that at the last, and how many layers there are between them.

    None where there are not two layers with a gradient.
    """
    ratios, steps = [], 0
    for look in looks:
        known = [row.gradient for row in look if row.gradient is not None]
        if len(known) > 1 and known[-1] > 0:
            ratios.append(known[0] / known[-1])
            steps = len(known) - 1
    return (median(ratios), steps) if ratios else None


def _gradient(looks: Looks) -> Message | None:
    found = gradient_ratio(looks)
    if found is None:
        return None
    ratio, layers = found
    if ratio == 0:
        return message(
            "inside-no-gradient", "No gradient reaches the first layer: it learns nothing. Start from weights fitted "
            "to each layer's width (Xavier for tanh, Kaiming for ReLU), or tick batch normalisation.",
        )  # fmt: skip
    factor = ratio ** (1 / layers)
    if ratio < 1 / FAR_APART:
        return message(
            "inside-vanishing", "Vanishing gradients: at the first layer the gradient is {times} times smaller than at "
            "the last, {factor} times from layer to layer. Start from weights fitted to each layer's width (Xavier for "
            "tanh, Kaiming for ReLU), or tick batch normalisation.", times=_times(1 / ratio), factor=_times(1 / factor),
        )  # fmt: skip
    if ratio > FAR_APART:
        return message(
            "inside-exploding", "Exploding gradients: at the first layer the gradient is {times} times larger than at "
            "the last, {factor} times from layer to layer. Start from smaller weights, tick batch normalisation, or "
            "clip the gradients.", times=_times(ratio), factor=_times(factor),
        )  # fmt: skip
    return message(
        ARRIVES, "The gradient reaches every layer: at the first layer it is {ratio} times that at "
        "the last.", ratio=_times(ratio),
    )  # fmt: skip


def _dead(looks: Looks) -> Message | None:
    layer, share, count = _worst(looks, "dead")
    if share < MANY:
        return None
    return message(
        "inside-dead", "Dead units: {share} % of the units of {layer} gave 0 for every sample of a batch, and learn "
        "nothing by it; so it is in {count} of the layers. A lower learning rate, weights as Kaiming gives them, or "
        "leaky ReLU keep them alive.", share=round(100 * share), layer=layer, count=count,
    )  # fmt: skip


def _saturated(looks: Looks) -> Message | None:
    layer, share, count = _worst(looks, "saturated")
    if share < MANY:
        return None
    return message(
        "inside-saturated", "Saturated: {share} % of the values of {layer} lie where its activation is flat, and "
        "hardly any gradient comes back through them; so it is in {count} of the layers. Smaller initial weights, "
        "batch normalisation or ReLU keep them out of there.", share=round(100 * share), layer=layer, count=count,
    )  # fmt: skip


def _worst(looks: Looks, figure: str) -> tuple[str, float, int]:
    """The layer with the largest share, that share, and how many layers have many."""
    shares: dict[str, list[float]] = {}
    for look in looks:
        for row in look:
            if getattr(row, figure) is not None:
                shares.setdefault(row.layer, []).append(getattr(row, figure))
    middles = {layer: median(each) for layer, each in shares.items()}
    worst = max(middles, key=lambda layer: middles[layer], default="")
    return worst, middles.get(worst, 0.0), sum(share >= MANY for share in middles.values())


def _updates(looks: Looks) -> Message | None:
    """Of the whole run: at its end a schedule may well have made the steps short."""
    known = [row.update for look in looks for row in look if row.update is not None]
    middle = median(known) if known else USUAL_UPDATE
    if middle > LARGE_UPDATE:
        return message(
            "inside-updates-large", "Long steps: one moves the weights by {share} % of their size, and about {usual} % "
            "is usual. Lower the learning rate.", share=_times(100 * middle), usual=100 * USUAL_UPDATE,
        )  # fmt: skip
    if middle < SMALL_UPDATE:
        return message(
            "inside-updates-small", "Short steps: one moves the weights by {share} % of their size, and about {usual} "
            "% is usual. Raise the learning rate.", share=_times(100 * middle), usual=100 * USUAL_UPDATE,
        )  # fmt: skip
    return None


def _times(value: float) -> float | str:
    """Two digits are enough; of a large number the thousands are told apart: `870,000`."""
    rounded = float(f"{value:.2g}")
    return f"{rounded:,.0f}" if 10 <= rounded < 1e12 else rounded
