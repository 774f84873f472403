"""Dropout (Srivastava et al. 2014, JMLR 15)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from torch import nn

from engine.strategy import Advice, Code, DataSpec, Effect, Field, Place, Regularizer, hookimpl
from plugins.regularizer import _dropout
from plugins.regularizer._advice import changes_nothing

if TYPE_CHECKING:
    from engine.config import RunConfig


class Dropout(Regularizer):
    """Switch each neuron off with probability p in every training step, so that none relies on another (드롭아웃).

    What remains is scaled by 1/(1−p) in training; in validation and test all neurons work and nothing is scaled. So the
    training loss is measured with neurons off, and may lie above the validation loss: compare the clean training loss.
    """

    remedies = {"overfitting": Effect(gap=0.6)}
    slot = "dropout"

    p: float = Field(0.5, ge=0, lt=1)
    """Probability that a neuron is switched off."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        if self.p == 0:
            yield changes_nothing("p")

    def layer(self, place: Place) -> nn.Module:
        return _dropout.Dropout(self.p)

    def code(self, config: RunConfig) -> Code:
        return Code(define=_dropout.DEFINED)


@hookimpl
def register_strategies() -> list[type[Regularizer]]:
    return [Dropout]
