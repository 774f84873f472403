"""What this machine has to train with, as facts: processor, memory, GPUs, driver, and what PyTorch was built for.

A GPU is looked for without its driver and without CUDA, so that it is known what is missing. Whatever is asked answers
within `PATIENCE` or counts as silent.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import threading
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from engine.hardware import processors
from engine.machine.facts import Ask, Facts, Gpu, Torch
from engine.machine.systems import system_facts

PATIENCE = 15.0
"""Seconds that a program or PyTorch may take to answer."""
WSL_SMI = "usr/lib/wsl/lib/nvidia-smi"

T = TypeVar("T")


def gather(root: Path = Path("/"), ask: Ask | None = None) -> Facts:
    """Look at this machine. `root` and `ask` stand for its files and its programs."""
    ask = ask or run_program
    system = platform.system()
    own = system_facts(system, root, ask)
    smi, driver, error = _nvidia_smi(root, ask)
    others = tuple(gpu for gpu in own.pop("gpus", ()) if not (smi and gpu.vendor == "nvidia"))
    return Facts(
        system=system, torch=_torch(), threads=processors(), gpus=(*smi, *others),
        driver=driver or own.pop("driver", None), driver_error=error,
        hidden=any(name in os.environ for name in ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES")),
        **{name: value for name, value in own.items() if name != "driver"},
    )  # fmt: skip


def run_program(words: Sequence[str]) -> tuple[int, str]:
    """Run a program for a while: its exit code and what it printed; -1 and nothing where there is none, or no end."""
    found = shutil.which(words[0])
    if found is None:
        return -1, ""
    try:
        done = subprocess.run(
            [found, *words[1:]], capture_output=True, text=True, errors="replace", timeout=PATIENCE, check=False,
            stdin=subprocess.DEVNULL, env=os.environ | {"LC_ALL": "C"},
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return -1, ""
    return done.returncode, done.stdout or done.stderr


# --- NVIDIA's own program -------------------------------------------------------------------------


def _nvidia_smi(root: Path, ask: Ask) -> tuple[tuple[Gpu, ...], str | None, str]:
    """The GPUs that NVIDIA's driver answers for, its version, and what was said where it failed."""
    programs = ["nvidia-smi", *([str(root / WSL_SMI)] if (root / WSL_SMI).exists() else [])]
    error = ""
    for program in programs:
        for fields in ("name,driver_version,memory.total,compute_cap", "name,driver_version,memory.total"):
            code, text = ask([program, f"--query-gpu={fields}", "--format=csv,noheader,nounits"])
            if code == 0 and (found := [gpu for line in text.splitlines() if (gpu := _smi_line(line))]):
                return tuple(gpu for gpu, _ in found), found[0][1], ""
            if code > 0 and text.strip():
                error = " ".join(text.split())[:300]
    return (), None, error


def _smi_line(line: str) -> tuple[Gpu, str] | None:
    name, *rest = [word.strip() for word in line.split(",")]
    if len(rest) < 2:
        return None
    driver, megabytes, *capability = rest
    memory = int(megabytes) * 2**20 if megabytes.isdecimal() else None
    known = re.fullmatch(r"(\d+)\.(\d+)", capability[0]) if capability else None
    return Gpu("nvidia", name, memory, (int(known[1]), int(known[2])) if known else None), driver


# --- PyTorch --------------------------------------------------------------------------------------


def _torch() -> Torch:
    import torch  # not at the top: facts are read without it

    cudnn = torch.backends.cudnn.version() if torch.version.cuda else None
    built = Torch(
        version=torch.__version__, cuda=torch.version.cuda, rocm=torch.version.hip,
        mps=torch.backends.mps.is_available(),
        cudnn=_cudnn(cudnn) if cudnn else None,
        arches=tuple(torch.cuda.get_arch_list()) if torch.version.cuda else (),
    )  # fmt: skip
    reached = within(PATIENCE, _torch_gpus)
    return replace(built, gpus=reached or (), silent=reached is None)


def _torch_gpus() -> tuple[Gpu, ...]:
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an old driver or GPU is told by the report
        if not torch.cuda.is_available():
            return ()
        vendor = "amd" if torch.version.hip else "nvidia"
        found = []
        for number in range(torch.cuda.device_count()):
            known = torch.cuda.get_device_properties(number)
            capability = None if torch.version.hip else (known.major, known.minor)
            found.append(Gpu(vendor, known.name, known.total_memory, capability))
    return tuple(found)


def _cudnn(number: int) -> str:
    """The version that a number such as 91002 or, before cuDNN 9, 8902 stands for."""
    major, rest = divmod(number, 10_000) if number >= 90_000 else divmod(number, 1_000)
    return f"{major}.{rest // 100}.{rest % 100}"


def within(seconds: float, do: Callable[[], T]) -> T | None:
    """What `do` gives, which must not be None; None where it raises, or takes longer."""
    found: list[T] = []

    def work() -> None:
        with suppress(Exception):
            found.append(do())

    # A daemon: a driver that hangs must not hold the program at its end.
    thread = threading.Thread(target=work, name="hardware", daemon=True)
    thread.start()
    thread.join(seconds)
    return found[0] if found else None
