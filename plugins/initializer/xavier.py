"""Xavier initialisation (Glorot, Bengio 2010, "Understanding the difficulty of training deep feedforward networks")."""

from functools import partial
from typing import Literal

from torch import nn

from engine.strategy import Field, Initializer, hookimpl
from plugins.initializer._layers import fill


class Xavier(Initializer):
    """Deviation √(2 / (inputs + outputs of the layer)), biases 0: keeps signal and gradient through layers of tanh.

    `torch.nn.init.xavier_uniform_` and `xavier_normal_`, with their default. ReLU halves the signal at each layer:
    there take Kaiming, or a gain of 1.414.
    """

    distribution: Literal["uniform", "normal"] = "uniform"
    """Shape of the distribution; the deviation is the same."""
    gain: float = Field(1.0, gt=0, le=100)
    """Factor of all weights: 1 for tanh near 0, 1.414 for ReLU."""

    def apply(self, model: nn.Module) -> None:
        draw = nn.init.xavier_uniform_ if self.distribution == "uniform" else nn.init.xavier_normal_
        fill(model, partial(draw, gain=self.gain))


@hookimpl
def register_strategies() -> list[type[Initializer]]:
    return [Xavier]
