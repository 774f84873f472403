"""Standardisation: mean 0, deviation 1 (LeCun, Bottou, Orr, Müller 1998, "Efficient BackProp")."""

import torch
from torch import Tensor

from engine.strategy import Scaling, hookimpl


class Standardise(Scaling):
    """Shift and stretch each channel to mean 0 and standard deviation 1 over the training samples (표준화).

    The statistics are those of the training part alone: the validation and test samples must stay unseen.
    """

    def fit(self, inputs: Tensor) -> tuple[Tensor, Tensor]:
        if inputs.dtype == torch.uint8:
            # Counting the 256 values gives the exact moments of any number of images without a float copy of them.
            values = torch.arange(256, dtype=torch.float64)
            counts = torch.stack([torch.bincount(c.flatten(), minlength=256) for c in inputs.transpose(0, 1)]).double()
            share = counts / counts.sum(1, keepdim=True)
            mean = share @ values
            std = (share @ values.square() - mean.square()).clamp(min=0).sqrt()
        else:
            mean, std = inputs.double().mean(0), inputs.double().std(0, correction=0)
        return mean.float(), torch.where(std > 0, std, 1.0).float()


@hookimpl
def register_strategies() -> list[type[Scaling]]:
    return [Standardise]
