"""Weight decay (Krogh, Hertz 1991)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from engine.message import message
from engine.strategy import (
    Advice,
    Code,
    DataSpec,
    Effect,
    Field,
    ParameterGroup,
    Regularizer,
    Strategy,
    Verdict,
    hookimpl,
)
from plugins.regularizer._advice import changes_nothing

if TYPE_CHECKING:
    from engine.config import RunConfig

LEAST_APART = 1e-3
"""Decay below which a pull apart from the gradient, times the learning rate, is hardly one."""

WEIGHTS_APART = """\
groups = [
    {{"params": [p for p in model.parameters() if p.ndim > 1], "weight_decay": {decay}}},
    {{"params": [p for p in model.parameters() if p.ndim <= 1]}},  # biases and norms
]"""

REMEDY = 3e-3
"""Decay that is felt within a short run."""


class WeightDecay(Regularizer):
    """Pull every weight towards 0 in each step, so that large ones must be worth it. Biases and norms are left out.

    It is the `weight_decay` of PyTorch's optimizer: part of the gradient in SGD and Adam, apart from it in AdamW.
    """

    remedies = {"overfitting": Effect(gap=1.0)}

    decay: float = Field(1e-4, ge=0, le=1)
    """Strength of the pull."""

    def as_remedy(self, verdict: Verdict, config: RunConfig) -> Strategy:
        return WeightDecay(decay=max(self.decay, REMEDY))

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        if self.decay == 0:
            yield changes_nothing("decay")
        elif config.optimizer.id == "adamw" and self.decay < LEAST_APART:
            yield Advice("warning", message(
                "decay-too-weak", "with adamw a decay of {decay} hardly moves the weights: 0.01 is usual",
                decay=self.decay,
            ), "decay")  # fmt: skip

    def parameter_groups(self, groups: list[ParameterGroup]) -> list[ParameterGroup]:
        divided = []
        for group in groups:
            # Weights of layers are matrices or more; biases and the parameters of norms are vectors.
            weights = [(name, p) for name, p in group["params"] if p.ndim > 1]
            others = [(name, p) for name, p in group["params"] if p.ndim <= 1]
            divided += [group | {"params": weights, "weight_decay": self.decay}, group | {"params": others}]
        return [group for group in divided if group["params"]]

    def code(self, config: RunConfig) -> Code:
        return Code(groups=WEIGHTS_APART.format(decay=self.decay))


@hookimpl
def register_strategies() -> list[type[Regularizer]]:
    return [WeightDecay]
