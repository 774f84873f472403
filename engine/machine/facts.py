"""A machine as facts: what `engine.machine.look` finds and `engine.machine.report` judges. A test can make any up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

Ask = Callable[[Sequence[str]], tuple[int, str]]
"""Runs a program: its exit code and what it printed."""


@dataclass(frozen=True)
class Gpu:
    """A GPU."""

    vendor: str
    """`nvidia`, `amd` or `apple`."""
    name: str
    memory: int | None = None
    """Bytes."""
    capability: tuple[int, int] | None = None
    """NVIDIA's compute capability."""


@dataclass(frozen=True)
class Torch:
    """The PyTorch that is installed, and what it sees."""

    version: str
    cuda: str | None = None
    """The CUDA that came with it; None in a build for the processor alone."""
    cudnn: str | None = None
    rocm: str | None = None
    arches: tuple[str, ...] = ()
    """What its GPU code is built for, such as `sm_90`."""
    gpus: tuple[Gpu, ...] = ()
    """The GPUs that it reaches through CUDA or ROCm, `cuda:0` first."""
    mps: bool = False
    """Whether Apple's GPU can be used."""
    silent: bool = False
    """It was asked for its GPUs and gave no answer."""


@dataclass(frozen=True)
class Facts:
    """A machine."""

    system: str
    """`Linux`, `Windows` or `Darwin`."""
    torch: Torch
    system_name: str = ""
    """As people call it, such as `Debian GNU/Linux 12`."""
    distribution: tuple[str, ...] = ()
    """Of Linux: its id, and those of its kin."""
    wsl: bool = False
    """Linux within Windows, whose drivers it uses."""
    container: bool = False
    processor: str = ""
    cores: int | None = None
    """Of the whole machine."""
    threads: int = 1
    """Processors that this process may use."""
    memory: int | None = None
    """Bytes that this process may use at most."""
    gpus: tuple[Gpu, ...] = ()
    """As the system sees them, with or without a driver."""
    driver: str | None = None
    """Version of NVIDIA's driver."""
    driver_error: str = ""
    """What `nvidia-smi` said where it failed."""
    hidden: bool = False
    """Whether an environment variable hides GPUs."""
