"""Standardisation: mean 0, deviation 1 (LeCun, Bottou, Orr, Müller 1998, "Efficient BackProp")."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from engine.strategy import Code, Scaling, hookimpl

if TYPE_CHECKING:
    from engine.config import RunConfig


class Standardise(Scaling):
    """Shift and stretch each channel to mean 0 and standard deviation 1 over the training samples (표준화).

    The statistics are those of the training part alone: the validation and test samples must stay unseen.
    """

    def fit(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        if inputs.dtype == torch.uint8:
            counts = [torch.bincount(channel.flatten(), minlength=256) for channel in inputs.transpose(0, 1)]
            return self.fit_counts(torch.stack(counts))
        return _safe(inputs.double().mean(0), inputs.double().std(0, correction=0))

    def fit_counts(self, counts: Tensor) -> tuple[Tensor, Tensor]:
        # Counting the 256 values gives the exact moments of any number of images without a float copy of them.
        values = torch.arange(256, dtype=torch.float64)
        share = counts / counts.sum(1, keepdim=True).double()
        mean = share @ values
        return _safe(mean, (share @ values.square() - mean.square()).clamp(min=0).sqrt())

    def code(self, config: RunConfig) -> Code:
        over = "(0, 2, 3)" if config.dataset.task == "classification" else "0"
        return Code(
            lines=f"std, mean = torch.std_mean(inputs.double(), {over}, correction=0, keepdim=True)\n"
            "mean, std = mean.float().to(device), std.float().to(device)"
        )


def _safe(mean: Tensor, std: Tensor) -> tuple[Tensor, Tensor]:
    return mean.float(), torch.where(std > 0, std, 1.0).float()


@hookimpl
def register_strategies() -> list[type[Scaling]]:
    return [Standardise]
