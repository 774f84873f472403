"""PyTorch's dropout with a mask that costs a processor little."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Dropout(nn.Dropout):
    """`torch.nn.Dropout`, whose mask a processor draws from random numbers of 16 bits, four of them at a time.

    PyTorch draws a `double` for each value, one after another in one thread: 10 ns a value, a tenth of a step of many a
    network (docs/decisions/0041-dropout-draws-sixteen-bits.md). Here the probability p is rounded down to a multiple of
    2⁻¹⁶, and what remains is scaled by what is true of that. Other devices draw as PyTorch does.
    """

    @property
    def written(self) -> str:
        """The expression that makes it, where `DEFINED` stands before."""
        return f"Dropout(p={self.p!r})"

    def forward(self, inputs: Tensor) -> Tensor:
        """Of the same shape: values are 0 with probability p, the others are scaled, in training; else unchanged."""
        if not self.training or not inputs.is_cpu:
            return super().forward(inputs)
        dropped = int(self.p * 2**16)
        words = torch.empty(-(-inputs.numel() // 4), dtype=torch.int64).random_(-(2**63), None)
        # Compared in place, into 0 and 1: a tensor of booleans takes ten times as long to make and to multiply by.
        kept = words.view(torch.int16)[: inputs.numel()].view_as(inputs).ge_(dropped - 2**15)
        return inputs * kept.to(inputs.dtype).mul_(2**16 / (2**16 - dropped))


DEFINED = """class Dropout(nn.Dropout):
    \"\"\"Draws its mask from numbers of 16 bits, four at a time: faster on a processor.\"\"\"

    def forward(self, x):
        if not self.training or not x.is_cpu:
            return super().forward(x)
        dropped = int(self.p * 2**16)
        words = torch.empty(-(-x.numel() // 4), dtype=torch.int64).random_(-(2**63), None)
        kept = words.view(torch.int16)[: x.numel()].view_as(x).ge_(dropped - 2**15)  # 0 or 1
        return x * kept.to(x.dtype).mul_(2**16 / (2**16 - dropped))"""
"""The same, in the script of a run."""
