"""Any transform of a single image, such as one of torchvision's, as what an augmentation does to a batch."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from engine.layers import described
from engine.randomness import global_generators, seed_global_generators


def per_sample(transform: Callable[[Tensor], Any], images: Tensor, generator: Generator) -> Tensor:
    """Each image as the transform makes it, with random numbers of its own: `[N, C, H, W]` as it came.

    Torchvision's transforms draw from global generators, and once for a whole batch. So each image is given to the
    transform by itself, after PyTorch's, Python's and NumPy's generators were seeded from `generator`; when all are
    done, these go on as if nothing had been. The result thus depends on `generator` alone. A batch costs as much as
    its images one after another: where that is too slow, draw parameters for all and compute on the whole batch.

    Raises `ValueError` where the transform changes shape or dtype.
    """
    changed = torch.empty_like(images)
    seeds = torch.randint(2**32, (len(images),), generator=generator, device=generator.device).tolist()
    with global_generators, _global_generators_kept():
        for image, new, seed in zip(images, changed, seeds, strict=True):
            seed_global_generators(seed)
            made = transform(image.clone())  # so that one that works in place doesn't reach the samples
            if not isinstance(made, Tensor) or made.shape != image.shape or made.dtype != image.dtype:
                name = getattr(transform, "__name__", type(transform).__name__)
                raise ValueError(
                    f"{name} made {described(made)} of {described(image)}: a transform of samples must keep shape "
                    "and dtype; set its size to that of the images, or leave the conversion out"
                )
            new.copy_(made)
    return changed


@contextmanager
def _global_generators_kept() -> Iterator[None]:
    """Afterwards the generators that everybody shares are where they were."""
    on_cpu, python, numpy = torch.get_rng_state(), random.getstate(), np.random.get_state()
    on_gpus = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None
    try:
        yield
    finally:
        torch.set_rng_state(on_cpu)
        random.setstate(python)
        np.random.set_state(numpy)
        if on_gpus is not None:
            torch.cuda.set_rng_state_all(on_gpus)
