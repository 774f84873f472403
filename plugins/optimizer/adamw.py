"""AdamW (Loshchilov, Hutter 2017, arXiv:1711.05101); AMSGrad (Reddi, Kale, Kumar 2018, arXiv:1904.09237)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import torch

from engine.message import message
from engine.strategy import Advice, DataSpec, Field, Optimizer, ParameterGroup, hookimpl

if TYPE_CHECKING:
    from engine.config import RunConfig


class AdamW(Optimizer):
    """Adam whose weight decay acts on the weights themselves, apart from the gradient and its running means.

    Names and defaults are those of `torch.optim.AdamW`, but for the decay: that of the technique weight decay, usually
    0.01 here, and none where it is not ticked.
    """

    id = "adamw"

    beta1: float = Field(0.9, ge=0, lt=1)
    """Memory of the running mean of gradients."""
    beta2: float = Field(0.999, ge=0, lt=1)
    """Memory of the running mean of squared gradients."""
    eps: float = Field(1e-8, gt=0, le=1)
    """Added to the divisor, so that it is never 0."""
    amsgrad: bool = False
    """Use the largest squared mean so far (AMSGrad)."""

    def advice(self, config: RunConfig, data: DataSpec | None = None) -> Iterable[Advice]:
        if all(regularizer.id != "weight-decay" for regularizer in config.regularizers):
            yield Advice("warning", message(
                "adamw-without-decay", "without weight-decay it is plain Adam: tick weight-decay, usually with 0.01"
            ))  # fmt: skip

    def build(self, groups: list[ParameterGroup]) -> torch.optim.Optimizer:
        return torch.optim.AdamW(
            groups,
            betas=(self.beta1, self.beta2),
            eps=self.eps,
            amsgrad=self.amsgrad,
            weight_decay=0.0,  # PyTorch's own default is 0.01
            fused=True,
        )


@hookimpl
def register_strategies() -> list[type[Optimizer]]:
    return [AdamW]
