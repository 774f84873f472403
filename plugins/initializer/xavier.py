"""Xavier initialisation (Glorot, Bengio 2010, "Understanding the difficulty of training deep feedforward networks")."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Literal

from torch import nn

from engine.strategy import Advice, Code, DataSpec, Field, Initializer, hookimpl
from plugins.initializer._layers import advice_on_own_weights, fill, filled

if TYPE_CHECKING:
    from engine.config import RunConfig


class Xavier(Initializer):
    """Deviation √(2 / (inputs + outputs of the layer)), biases 0: keeps signal and gradient through layers of tanh.

    `torch.nn.init.xavier_uniform_` and `xavier_normal_`, with their default. ReLU halves the signal at each layer:
    there take Kaiming, or a gain of 1.414.
    """

    distribution: Literal["uniform", "normal"] = "uniform"
    """Shape of the distribution; the deviation is the same."""
    gain: float = Field(1.0, gt=0, le=100)
    """Factor of all weights: 1 for tanh near 0, 1.414 for ReLU."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        return advice_on_own_weights(config)

    def apply(self, model: nn.Module) -> None:
        draw = nn.init.xavier_uniform_ if self.distribution == "uniform" else nn.init.xavier_normal_
        fill(model, partial(draw, gain=self.gain))

    def code(self, config: RunConfig) -> Code:
        return filled(f"xavier_{self.distribution}_({{}}, gain={self.gain})")


@hookimpl
def register_strategies() -> list[type[Initializer]]:
    return [Xavier]
