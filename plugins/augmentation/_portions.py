"""How many images of a batch to work on at once."""

from __future__ import annotations

from torch import Tensor

CACHED = 2**18
"""About how many pixels, as float32 and with what is made of them, stay in a processor's own memory."""


def at_once(images: Tensor, pixels: int = CACHED) -> int:
    """How many of the images to work on at once: few on a processor, all elsewhere; at least 1."""
    return max(1, pixels // images.shape[1:].numel() if images.device.type == "cpu" else len(images))
