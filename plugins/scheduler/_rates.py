"""What schedules have to tell of the learning rates that they lead to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from engine.message import message
from engine.strategy import Advice

if TYPE_CHECKING:
    from engine.config import RunConfig

IMPORTS = ("from torch.optim import lr_scheduler",)
"""Of the script of a run."""

NO_RATE = 1e-6
"""The share of the base rate below which weights hardly move any more."""


def advice_on_last_rate(share: float, config: RunConfig) -> Iterable[Advice]:
    """What to tell where the last epoch has this share of the base rate."""
    if share < NO_RATE:
        yield Advice("warning", message(
            "no-rate-left", "in the last of {epochs} epochs the learning rate is {lr}: too small to learn anything",
            epochs=config.epochs, lr=config.lr * share,
        ), "gamma")  # fmt: skip


def advice_on_floor(eta_min: float, lr: float) -> Iterable[Advice]:
    """What to tell where a wave does not end below the base rate, from which it starts."""
    if eta_min == lr:
        yield Advice("warning", message(
            "floor-at-rate", "it leaves the learning rate as it is: eta_min is {lr} too", lr=lr
        ), "eta_min")  # fmt: skip
    elif eta_min > lr:
        yield Advice("warning", message(
            "floor-above-rate", "it raises the learning rate: eta_min {eta_min} is above {lr}", eta_min=eta_min, lr=lr
        ), "eta_min")  # fmt: skip
