"""Numbers that are the same in every batch, where a device needs them."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor


@lru_cache(maxsize=64)
def constant(values: tuple[float, ...], device: torch.device, dtype: torch.dtype = torch.float32) -> Tensor:
    """The values as they lie on the device, `[K]`, not to be changed.

    They are brought there once: on every way from the processor to a GPU, the one waits for the other.
    """
    return torch.tensor(values, dtype=dtype, device=device)
