"""What can be seen of a layer, in words."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication

from gui import numbers


@dataclass(frozen=True)
class Quantity:
    """A figure of each layer, and how it is drawn."""

    name: str
    """Of the figure in a `LayerLook`."""
    title: str
    explanation: str
    """What to look for, in a sentence."""
    sizes: str = ""
    """The counts that are drawn layer by layer, where there are any: `values` or `gradients`."""
    percent: bool = False
    """Whether it is a share, drawn in per cent; else it is drawn as its logarithm."""


def quantities() -> list[Quantity]:
    """All of them, the most telling first."""
    return [
        Quantity("gradient", _tr("Gradient"), _tr(
            "How strongly the loss depends on what a layer gives. Where it falls towards the first layer, it vanishes, "
            "and the first layers hardly learn; where it grows, it explodes."), "gradients"),
        Quantity("deviation", _tr("Spread of values"), _tr(
            "The standard deviation of what a layer gives, after its norm and activation. Where it falls from layer to "
            "layer, the signal fades, and the last layers see hardly anything of the input."), "values"),
        Quantity("update", _tr("Update to weights"), _tr(
            "How far a step moves a layer's weights, as a share of their size. About 0.001 is usual; far more is a "
            "learning rate too high, far less one too low, or a layer that no gradient reaches.")),
        Quantity("dead", _tr("Dead units"), _tr(
            "Units, in per cent, that gave 0 for every sample of the batch, as those of ReLU may. While they do, they "
            "learn nothing."), percent=True),
        Quantity("saturated", _tr("Saturated values"), _tr(
            "Values, in per cent, where tanh or sigmoid are flat, so that hardly any gradient comes back through "
            "them. Other activations have none."), percent=True),
        Quantity("weight_gradient", _tr("Gradient of weights"), _tr(
            "The norm of the gradient by a layer's weights: what the optimizer is given.")),
        Quantity("weight", _tr("Size of weights"), _tr(
            "The norm of a layer's weights. Weight decay keeps it small.")),
    ]  # fmt: skip


def figure(quantity: Quantity, value: float | None) -> str:
    """A figure in words."""
    if value is None or math.isnan(value):
        return numbers.NONE
    return numbers.percent(value) if quantity.percent else f"{value:.2g}"


def short(layer: str) -> str:
    """A layer's name without what all of them begin with."""
    return layer.removeprefix("body.")


def _tr(text: str) -> str:
    return QCoreApplication.translate("Inside", text)
