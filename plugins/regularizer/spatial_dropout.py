"""Spatial dropout (Tompson, Goroshin, Jain, LeCun, Bregler 2014, arXiv:1411.4280)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from torch import nn

from engine.strategy import Advice, DataSpec, Effect, Field, Place, Regularizer, hookimpl
from plugins.regularizer._advice import changes_nothing

if TYPE_CHECKING:
    from engine.config import RunConfig


class SpatialDropout(Regularizer):
    """Switch whole channels of a convolution off with probability p in every training step, not single pixels.

    Neighbouring pixels of a channel say nearly the same, so ordinary dropout (드롭아웃) takes little from it: what is
    off can be guessed from its neighbours. It is PyTorch's `Dropout2d`, whose default of 0.5 is meant for one place in
    a network; here there is one after every block of convolution layers.
    """

    remedies = {"overfitting": Effect(gap=1.0)}
    slot = "spatial-dropout"

    p: float = Field(0.1, ge=0, lt=1)
    """Probability that a channel is switched off."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        if self.p == 0:
            yield changes_nothing("p")

    def layer(self, place: Place) -> nn.Module:
        # A feature is a channel without pixels.
        return nn.Dropout2d(self.p) if place.dimensions == 2 else nn.Dropout(self.p)


@hookimpl
def register_strategies() -> list[type[Regularizer]]:
    return [SpatialDropout]
