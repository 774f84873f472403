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
from engine.machine.problems import runs_on
from engine.message import InputError, Message, message
from engine.reading import read_json

MAX_BYTES = 1_000_000
"""Of the file that remembers numbers of threads: a longer one is none of ours, and begun anew."""
TIMED_SECONDS = 0.15
"""How long each number of threads is tried."""
LOOK_SECONDS, PATIENCE_SECONDS = 0.2, 5.0
"""How long it is watched what the other threads of this process do, and waited, at most, until they rest. The window's
second thread is gone by then: while it is there, what has computed for it makes two threads seem slower than one."""
REST = 0.25
"""Of a processor's time, what threads that rest may take: a window that waits with the person in front of it."""


def resolve_device(name: str) -> torch.device:
    """The device that a name such as `auto` or `cuda:1` means here: for `auto` the first GPU that PyTorch can use.

    Raises `InputError` where it is absent, or this PyTorch has no code for it.
    """
    if name == "auto":
        if torch.cuda.is_available() and _has_code_for(torch.device("cuda")):
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    device = torch.device(name)
    present = {
        "cpu": True,
        "mps": torch.backends.mps.is_available(),
        "cuda": torch.cuda.is_available() and (device.index or 0) < torch.cuda.device_count(),
    }[device.type]
    if not present:
        raise InputError(
            "no-device", "there is no device {name} here: use --device auto or cpu; `tunedeck hardware` says why",
            name=name,
        )  # fmt: skip
    if device.type == "cuda" and not _has_code_for(device):
        raise InputError(
            "no-code-for-device", "this PyTorch has no code for the GPU {gpu}: use --device cpu; `tunedeck hardware` "
            "says which PyTorch has", gpu=torch.cuda.get_device_name(device),
        )  # fmt: skip
    return device


def _has_code_for(device: torch.device) -> bool:
    """Whether this PyTorch was built for a GPU; ROCm tells by itself."""
    if torch.version.hip:
        return True
    return runs_on(torch.cuda.get_device_capability(device), tuple(torch.cuda.get_arch_list()))


def bfloat16_advice(device: torch.device, precision: str) -> Message | None:
    """What to consider of mixed precision on a device: it is slower than float32 where there is no arithmetic for it.

    Known of GPUs by their compute capability (8.0 was the first with bfloat16, NVIDIA 2020), and of x86 processors by
    their instructions; of any other nothing is said.
    """
    if precision == "float32":
        return None
    if device.type == "cuda" and not torch.version.hip and torch.cuda.get_device_capability(device) < (8, 0):
        return message(
            "bfloat16-emulated", "{name} computes bfloat16 by way of float32: precision float32 is faster there",
            name=torch.cuda.get_device_name(device),
        )  # fmt: skip
    x86 = torch.backends.cpu.get_cpu_capability() in ("AVX2", "AVX512")
    if device.type == "cpu" and x86 and not torch.cpu._is_avx512_bf16_supported():
        return message(
            "bfloat16-slow", "this processor has no instructions for bfloat16: float32 may be faster; `tunedeck "
            "hardware --measure` says"
        )  # fmt: skip
    return None


def compile_advice(device: torch.device, compile: bool) -> Message | None:
    """What to consider of a compiled network on a device: what it gave on two processors (docs/performance.md)."""
    if not compile or device.type != "cpu":
        return None
    return message(
        "compile-on-processor", "on a processor a compiled network is hardly faster, and may be half as fast: "
        "compile is made for GPUs"
    )  # fmt: skip


def device_advice(device: torch.device, precision: str, compile: bool) -> tuple[tuple[str, Message], ...]:
    """What may make a run slower than need be on a device, each with the setting that does."""
    found = {"precision": bfloat16_advice(device, precision), "compile": compile_advice(device, compile)}
    return tuple((setting, text) for setting, text in found.items() if text is not None)


def processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def is_busy() -> bool:
    """Whether more than half of the processors were in use over the last minute, where the system tells."""
    return hasattr(os, "getloadavg") and os.getloadavg()[0] > processors() / 2


_WHILE_BUSY: dict[tuple[Path, str], int] = {}
"""What was measured on a busy machine, by file and case: it holds for this process, whose runs are compared."""


def remembered_threads(memory: Path, case: list[Any], measure: Callable[[], int]) -> int:
    """The number of threads that a file remembers for a case (plain JSON values), else as measured now.

    What is measured while other programs keep the machine busy is remembered until this process ends, not in the file.
    """
    key = json.dumps(case)
    threads = _remembered(memory).get(key, _WHILE_BUSY.get((memory, key)))
    if _usable(threads):
        return threads
    busy = is_busy()
    measured = measure()
    if busy:
        return _WHILE_BUSY.setdefault((memory, key), measured)
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


def fastest_threads(step: Callable[[], object], most: int | None = None) -> int:
    """Set and return the number of threads with which `step` runs fastest on this machine, as timed now.

    `most` is the number of processors that it may use: all that this process may, unless it is given.

    More threads are often slower: a small network's operations end before a second thread has woken.
    """
    most = most or processors()
    counts = sorted({1, max(1, most // 2), most})
    if len(counts) == 1:
        torch.set_num_threads(1)
        return 1
    wait_for_rest()
    step()
    seconds = {count: _seconds_per_step(step, count) for count in counts}
    best = min(counts, key=lambda count: seconds[count])
    torch.set_num_threads(best)
    return best


def wait_for_rest(
    used: Callable[[], float] = time.process_time, clock: Callable[[], float] = time.perf_counter,
    sleep: Callable[[float], object] = time.sleep,
) -> None:  # fmt: skip
    """Wait, a few seconds at most, until the other threads of this process rest.

    Who presses Start just after a change in the settings has a window that still reads data for what it tells of them:
    then one thread seems faster than two, and is remembered as such.
    """
    end = clock() + PATIENCE_SECONDS
    while (began := clock()) < end:
        before = used()
        sleep(LOOK_SECONDS)
        if used() - before < REST * (clock() - began):
            return


def _seconds_per_step(step: Callable[[], object], threads: int) -> float:
    """The fastest step within a short time: what the machine can do when nothing disturbs it."""
    torch.set_num_threads(threads)
    step()
    fastest, end = float("inf"), time.perf_counter() + TIMED_SECONDS
    while (start := time.perf_counter()) < end:
        step()
        fastest = min(fastest, time.perf_counter() - start)
    return fastest
