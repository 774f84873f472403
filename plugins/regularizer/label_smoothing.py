"""Label smoothing (Szegedy et al. 2015, arXiv:1512.00567)."""

from torch import Generator, Tensor

from engine.strategy import Field, Regularizer, hookimpl


class LabelSmoothing(Regularizer):
    """Ask for a little less than certainty: part of each target is spread evenly over all classes."""

    smoothing: float = Field(0.1, ge=0, lt=1)
    """Share of the target that is spread. Validation targets are never smoothed."""

    def mix(self, inputs: Tensor, targets: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
        return inputs, targets * (1 - self.smoothing) + self.smoothing / targets.shape[1]


@hookimpl
def register_strategies() -> list[type[Regularizer]]:
    return [LabelSmoothing]
