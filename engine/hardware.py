"""What to train on: the device, and the number of processor threads that is fastest for a model."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeGuard

import torch

from engine.files import write_text
from engine.lock import changing
from engine.message import InputError
from engine.reading import read_json

MAX_BYTES = 1_000_000
"""Of the file that remembers numbers of threads: a longer one is none of ours, and begun anew."""
TIMED_SECONDS = 0.15
"""How long each number of threads is tried."""


def resolve_device(name: str) -> torch.device:
    """The device that a name such as `auto` or `cuda:1` means here. Raises `InputError` where it is absent."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    device = torch.device(name)
    present = {
        "cpu": True,
        "mps": torch.backends.mps.is_available(),
        "cuda": (device.index or 0) < torch.cuda.device_count(),
    }[device.type]
    if not present:
        raise InputError("no-device", "there is no device {name} here: use --device auto or cpu", name=name)
    return device


def processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def is_busy() -> bool:
    """Whether more than half of the processors were in use over the last minute, where the system tells."""
    return hasattr(os, "getloadavg") and os.getloadavg()[0] > processors() / 2


def remembered_threads(memory: Path, case: list[Any], measure: Callable[[], int]) -> int:
    """The number of threads that a file remembers for a case (plain JSON values), else as measured now.

    What is measured while other programs keep the machine busy holds for this once and is not remembered.
    """
    key = json.dumps(case)
    threads = _remembered(memory).get(key)
    if _usable(threads):
        return threads
    busy = is_busy()
    measured = measure()
    if busy:
        return measured
    # A file that can't be written costs no more than another measurement next time.
    with contextlib.suppress(OSError):
        memory.parent.mkdir(parents=True, exist_ok=True)
        with changing(memory):
            known = _remembered(memory)
            if _usable(threads := known.get(key)):
                return threads  # another process was quicker: what it trains with can be repeated
            write_text(memory, json.dumps({**known, key: measured}, indent=1) + "\n")
    return measured


def _remembered(memory: Path) -> dict[str, Any]:
    try:
        found = read_json(memory, MAX_BYTES)
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _usable(threads: object) -> TypeGuard[int]:
    return type(threads) is int and 1 <= threads <= processors()


def fastest_threads(step: Callable[[], object]) -> int:
    """Set and return the number of threads with which `step` runs fastest on this machine, as timed now.

    More threads are often slower: a small network's operations end before a second thread has woken.
    """
    counts = sorted({1, max(1, processors() // 2), processors()})
    if len(counts) == 1:
        torch.set_num_threads(1)
        return 1
    step()
    seconds = {count: _seconds_per_step(step, count) for count in counts}
    best = min(counts, key=lambda count: seconds[count])
    torch.set_num_threads(best)
    return best


def _seconds_per_step(step: Callable[[], object], threads: int) -> float:
    """The fastest step within a short time: what the machine can do when nothing disturbs it."""
    torch.set_num_threads(threads)
    step()
    fastest, end = float("inf"), time.perf_counter() + TIMED_SECONDS
    while (start := time.perf_counter()) < end:
        step()
        fastest = min(fastest, time.perf_counter() - start)
    return fastest
