"""How many processes there is sense in, and the commands that start them."""

from __future__ import annotations

import sys
from pathlib import Path

from engine.message import Message, message

OTHER_MACHINE = "first-machine:29400"
"""Stands for the name of the first machine, and a port that is free there."""


def usable_gpus() -> tuple[str, ...]:
    """The names of the GPUs that one process each can train on: those of CUDA, or of ROCm."""
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return tuple(torch.cuda.get_device_name(number) for number in range(count))


def sense(gpus: tuple[str, ...]) -> Message:
    """What several processes would win here."""
    if len(gpus) > 1:
        return message(
            "ranks-gpus", "{count} GPUs: a process for each shares every batch ({names})", count=len(gpus),
            names=", ".join(gpus),
        )  # fmt: skip
    if gpus:
        return message(
            "ranks-one-gpu", "There is one GPU here ({name}), and one process is all there is sense in: press Start in "
            "the main window. With a second machine each trains its share", name=gpus[0],
        )  # fmt: skip
    return message(
        "ranks-no-gpu", "There is no GPU here that several processes can train on. On a processor the threads of one "
        "process do better than several processes: press Start in the main window, unless it is to be tried"
    )  # fmt: skip


def train_command(processes: int, settings: Path, workspace: Path) -> list[str]:
    """What trains these settings in so many processes on this machine."""
    return [*_launcher(), "--standalone", f"--nproc-per-node={processes}", *_training(settings, workspace)]


def machines_command(processes: int, settings: Path, workspace: Path, machines: int = 2) -> list[str]:
    """What is to be started on each of several machines, with so many processes on each."""
    return [
        *_launcher(), f"--nnodes={machines}", f"--nproc-per-node={processes}", "--rdzv-backend=c10d",
        "--rdzv-id=tunedeck", f"--rdzv-endpoint={OTHER_MACHINE}", *_training(settings, workspace),
    ]  # fmt: skip


def _launcher() -> list[str]:
    return [sys.executable, "-m", "torch.distributed.run"]


def _training(settings: Path, workspace: Path) -> list[str]:
    return ["-m", "engine", "train", "--config", str(settings), "--workspace", str(workspace)]
