"""Randomness is a function, not a state.

Before every step the generators are seeded from the run's seed, the purpose and the position. So any step can be
replayed alone, a checkpoint carries no generator, and whatever else draws random numbers between two steps, such
as a preview in the window, changes nothing in the run.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b

import numpy as np
import torch


def stream(seed: int, purpose: str, *position: int) -> int:
    """A seed of 32 bits for this purpose (`weights`, `order`, `step`, …) at this position of a run."""
    text = "/".join(str(part) for part in (seed, purpose, *position))
    return int.from_bytes(blake2b(text.encode(), digest_size=4).digest(), "big")


def generator(seed: int, purpose: str, *position: int, device: torch.device | str = "cpu") -> torch.Generator:
    """A generator of its own for this purpose and position."""
    return torch.Generator(device).manual_seed(stream(seed, purpose, *position))


global_generators = threading.RLock()
"""Held by the thread that draws from PyTorch's, NumPy's and Python's own generators."""


@contextmanager
def seeded_generators(value: int) -> Iterator[None]:
    """Hold the global generators, seeded, for this thread alone: a step in one thread and a network that is built in
    another, to be looked at, must not take numbers from each other."""
    with global_generators:
        seed_global_generators(value)
        yield


def seed_global_generators(value: int) -> None:
    """Seed the generators that layers and plugins draw from without being handed one: PyTorch's, NumPy's, Python's.

    Not `torch.manual_seed`: it takes 70 µs, and without an initialised GPU it piles up deferred calls.
    """
    torch.default_generator.manual_seed(value)
    if torch.cuda.is_initialized():
        torch.cuda.manual_seed_all(value)
    random.seed(value)
    np.random.seed(value)


@contextmanager
def undisturbed_generators() -> Iterator[None]:
    """Hold the global generators for this thread alone, and let them stand afterwards as they stood before."""
    with global_generators:
        on_gpu = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
        held = torch.default_generator.get_state(), random.getstate(), np.random.get_state()
        try:
            yield
        finally:
            torch.default_generator.set_state(held[0])
            random.setstate(held[1])
            np.random.set_state(held[2])
            if on_gpu:
                torch.cuda.set_rng_state_all(on_gpu)
