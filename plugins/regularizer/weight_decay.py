"""Weight decay (Krogh, Hertz 1991)."""

from engine.strategy import Field, ParameterGroup, Regularizer, hookimpl


class WeightDecay(Regularizer):
    """Pull every weight towards 0 in each step, so that large ones must be worth it. Biases and norms are left out.

    It is the `weight_decay` of PyTorch's optimizer: part of the gradient in SGD and Adam, apart from it in AdamW.
    """

    decay: float = Field(1e-4, ge=0, le=1)
    """Strength of the pull."""

    def parameter_groups(self, groups: list[ParameterGroup]) -> list[ParameterGroup]:
        divided = []
        for group in groups:
            # Weights of layers are matrices or more; biases and the parameters of norms are vectors.
            weights = [(name, p) for name, p in group["params"] if p.ndim > 1]
            others = [(name, p) for name, p in group["params"] if p.ndim <= 1]
            divided += [group | {"params": weights, "weight_decay": self.decay}, group | {"params": others}]
        return [group for group in divided if group["params"]]


@hookimpl
def register_strategies() -> list[type[Regularizer]]:
    return [WeightDecay]
