"""What the tests of schedules share: the rate of each of 500 steps, ours and that of PyTorch's object."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import torch
from torch.optim.lr_scheduler import LRScheduler

from engine.history import History
from engine.schedule import Schedule
from engine.strategy import DataSpec, Scheduler
from tests.plugins.bench import config

EPOCHS = 50
STEPS = 500
STEPS_PER_EPOCH = STEPS // EPOCHS


def ours(*schedulers: Scheduler, lr: float = 0.1, epochs: int = EPOCHS, steps_per_epoch: int = STEPS_PER_EPOCH) -> list:
    """The rate of each step of a run, as its schedule says."""
    schedule = Schedule(config(*schedulers, epochs=epochs, lr=lr), steps_per_epoch)
    return [schedule.lr(step, History()) for step in range(epochs * steps_per_epoch)]


def optimizer(lr: float) -> torch.optim.Optimizer:
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)


def pytorchs(make: Callable[..., LRScheduler], lr: float = 0.1, steps: int = STEPS, every: int = 1) -> list[float]:
    """The rate of each step as PyTorch's object gives it, stepped along after every so many of them."""
    updated = optimizer(lr)
    scheduler = make(updated)
    found = []
    with warnings.catch_warnings():
        # No gradient is there, so no step is taken, and PyTorch wonders at the order.
        warnings.filterwarnings("ignore", message="Detected call of")
        for step in range(1, steps + 1):
            found.append(scheduler.get_last_lr()[0])
            if step % every == 0 and step < steps:
                scheduler.step()
    return found


def told(scheduler: Scheduler, data: DataSpec | None = None, **settings) -> list[tuple[str, str, str]]:
    """Level, code and field of its advice on a run of such settings."""
    found = scheduler.advice(config(scheduler, **settings), data)
    return [(advice.level, advice.text.code, advice.field) for advice in found]
