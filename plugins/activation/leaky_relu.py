"""Leaky ReLU (Maas, Hannun, Ng 2013, "Rectifier nonlinearities improve neural network acoustic models")."""

from torch import nn

from engine.strategy import Activation, Field, hookimpl


class LeakyReLU(Activation):
    """As ReLU, but with a small slope below 0, so that no neuron falls silent for good.

    Name and default are those of `torch.nn.LeakyReLU`.
    """

    id = "leaky-relu"

    negative_slope: float = Field(0.01, ge=0, lt=1)
    """Slope below 0; with 0 it is ReLU."""

    def build(self) -> nn.Module:
        return nn.LeakyReLU(self.negative_slope)


@hookimpl
def register_strategies() -> list[type[Activation]]:
    return [LeakyReLU]
