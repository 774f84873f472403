"""Mixup (Zhang, Cisse, Dauphin, Lopez-Paz 2017, arXiv:1710.09412)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Generator, Tensor

from engine.strategy import Code, Field, Regularizer, hookimpl

if TYPE_CHECKING:
    from engine.config import RunConfig

BLENDED = """\
share = torch.distributions.Beta({alpha}, {alpha}).sample((len(x),)).to(device)  # mixup: of each with the one before
wide = share.view(-1, *(1,) * (x.ndim - 1))
x = x.roll(1, 0) * (1 - wide) + x * wide
y = y.roll(1, 0) * (1 - share.view(-1, 1)) + y * share.view(-1, 1)"""


class Mixup(Regularizer):
    """Train on blends of two samples, with their labels blended alike: 70 % of a shirt and 30 % of a bag.

    How much of each is drawn from Beta(α, α) for every sample. The partner is the sample before it in the batch, as in
    torchvision's `MixUp`, whose result it equals. The training loss is that of blends, and the training accuracy counts
    a blend as right where it is taken for its own sample: both look worse than they are, so compare the clean training
    loss. Validation samples are never mixed.
    """

    alpha: float = Field(1.0, ge=0.1, le=100)
    """At 1 all shares are equally likely; below it most samples stay nearly whole, above it both are nearer to half."""

    def mix(self, inputs: Tensor, targets: Tensor, generator: Generator) -> tuple[Tensor, Tensor]:
        own = beta(self.alpha, len(inputs), generator)
        return blend(inputs, own, 1 - own), blend(targets, own, 1 - own)

    def code(self, config: RunConfig) -> Code:
        return Code(batch=BLENDED.format(alpha=self.alpha))


def beta(alpha: float, count: int, generator: Generator) -> Tensor:
    """Draws of Beta(α, α), float32 `[count]`."""
    # What torch.distributions.Beta calls, which takes no generator.
    both = torch.full((count, 2), alpha, dtype=torch.float32, device=generator.device)
    return torch._sample_dirichlet(both, generator=generator)[:, 0]


def blend(values: Tensor, own: Tensor, others: Tensor) -> Tensor:
    """Of each row of `[N, ...]` its own share `[N]`, and of the row before it the other's."""
    wide = (-1, *(1,) * (values.ndim - 1))
    return values.roll(1, 0).mul_(others.view(wide)).add_(values * own.view(wide))


@hookimpl
def register_strategies() -> list[type[Regularizer]]:
    return [Mixup]
