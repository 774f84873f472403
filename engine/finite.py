"""Whether a tensor holds finite numbers alone, told in one pass and without a copy."""

from __future__ import annotations

from torch import Tensor


def all_finite(tensor: Tensor) -> bool:
    """Whether all values of a tensor of real numbers, of any shape, are finite.

    The least and the largest of values are NaN where one of them is, so that two numbers tell of all: for large tensors
    many times as quick as `tensor.isfinite().all()`, which writes tensors as large as the first.
    """
    if tensor.numel() == 0:
        return True
    least, largest = tensor.detach().aminmax()
    return bool(least.isfinite() & largest.isfinite())
