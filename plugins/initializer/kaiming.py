"""Kaiming initialisation (He et al. 2015, arXiv:1502.01852)."""

from torch import nn

from engine.strategy import Initializer, hookimpl


class Kaiming(Initializer):
    """Normal, with deviation √(2 / inputs of the layer), biases 0: keeps the signal's size through layers of ReLU."""

    def apply(self, model: nn.Module) -> None:
        for module in model.modules():
            if isinstance(module, (nn.Linear, nn.Conv2d)):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)


@hookimpl
def register_strategies() -> list[type[Initializer]]:
    return [Kaiming]
