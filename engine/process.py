"""How the process that trains waits and keeps memory, as PyTorch needs it; set before PyTorch is loaded.

Why, with figures: docs/decisions/0010-threads-spin-briefly.md and 0011-freed-memory-is-kept.md.
"""

from __future__ import annotations

import ctypes
import os
import sys

SPIN_COUNT = "6000"
"""How often an idle thread of OpenMP looks for work before it sleeps."""
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX, M_ARENA_MAX = -1, -2, -4, -8
"""Parameters of glibc's `mallopt` (malloc.h)."""
C_LIBRARY = ctypes.CDLL(None) if sys.platform.startswith("linux") else None
"""glibc, or another. Opened here and not when it is used: while files of strangers are read, none is opened."""


def prepare() -> None:
    """Set what is to be set, unless the user has. Harmless when called again."""
    if sys.platform.startswith("linux") and not {"GOMP_SPINCOUNT", "OMP_WAIT_POLICY"} & os.environ.keys():
        os.environ["GOMP_SPINCOUNT"] = SPIN_COUNT
        os.environ["OMP_WAIT_POLICY"] = "active"  # else fewer still, once a second thread has used OpenMP
    if not any(name.startswith("MALLOC_") for name in os.environ):
        _keep_freed_memory()


def _keep_freed_memory() -> None:
    """Let the C library hold on to freed memory for the next step, instead of asking the system for it each time."""
    mallopt = getattr(C_LIBRARY, "mallopt", None)
    if mallopt is not None:  # glibc has it; musl hasn't
        mallopt(M_ARENA_MAX, 1)  # what other threads have for themselves can't hold a block of more than 64 MiB
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, 2**30)
        mallopt(M_TOP_PAD, 64 * 2**20)


def give_back_memory() -> None:
    """Let the system have what is free now: once something large is over, such as a run."""
    trim = getattr(C_LIBRARY, "malloc_trim", None)
    if trim is not None:  # glibc has it; musl hasn't
        trim(0)
