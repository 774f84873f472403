"""How fast a run's network trains on each device of this machine, in each precision: measured, not asserted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from engine.config import RunConfig
from engine.data import Parts, Report
from engine.guard import words_of
from engine.message import InputError, Message, message
from engine.preview.estimate import estimate

PRECISIONS = ("float32", "bfloat16")
HELPS = 1.05
"""So many times as fast a precision has to be, to be called faster: less is the noise of so short a measurement."""


@dataclass(frozen=True)
class Measured:
    """One device in one precision."""

    device: str
    precision: str
    samples_per_second: float | None
    """In training; None where it could not be measured."""
    reason: Message | None = None
    """Why not."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {
            "device": self.device, "precision": self.precision, "samples_per_second": self.samples_per_second,
            "reason": None if self.reason is None else str(self.reason),
        }  # fmt: skip


def measure(
    config: RunConfig, parts: Parts, folder: Path, devices: Sequence[str],
    stop: Callable[[], bool] = lambda: False, report: Report = lambda text, fraction: None,
) -> list[Measured]:  # fmt: skip
    """Train a few steps with these settings on each device, the slower ones last. A device that fails is told.

    `stop` is asked between steps: what was not measured then has no figure. `folder` and `report` are as for
    `engine.preview.estimate.estimate`.
    """
    made = []
    for device in devices:
        for precision in PRECISIONS:
            changed = config.changed({"device": device, "precision": precision})
            made.append(_measured(changed, parts, folder, stop, report))
    return made


def _measured(config: RunConfig, parts: Parts, folder: Path, stop: Callable[[], bool], report: Report) -> Measured:
    blank = Measured(config.device, config.precision, None)
    if stop():
        return blank
    try:
        found = estimate(config, parts, folder, stop, report)
    except InputError as error:
        return replace(blank, reason=error.message)
    except Exception as error:  # noqa: BLE001 a device may lack an operation, and the others are measured all the same
        return replace(blank, reason=message("device-failed", "{error}", error=words_of(error)))
    finally:
        if config.device.startswith("cuda"):
            torch.cuda.empty_cache()
    if found.cost is not None:
        return replace(blank, samples_per_second=found.cost.samples_per_second)
    if not found.fits:
        return replace(blank, reason=message("device-memory", "it has too little memory for these settings"))
    return replace(blank, reason=found.reason)


def fastest(made: Sequence[Measured]) -> Measured | None:
    """The one to use: float32 where bfloat16 gains next to nothing on the same device. None where none has a figure."""
    known = [each for each in made if each.samples_per_second]
    if not known:
        return None
    best = max(known, key=lambda each: each.samples_per_second or 0.0)
    plain = next((each for each in known if each.device == best.device and each.precision == "float32"), None)
    if plain is None or (best.samples_per_second or 0.0) >= HELPS * (plain.samples_per_second or 0.0):
        return best
    return plain


def conclusion(made: Sequence[Measured]) -> list[Message]:
    """What the figures say: which device and precision to use, and what the GPU and bfloat16 bring here."""
    best = fastest(made)
    if best is None:
        return []
    told = [message("use-device", "fastest here: device {device}, precision {precision}", device=best.device,
                    precision=best.precision)]  # fmt: skip
    own = _times(made, (best.device, "bfloat16"), (best.device, "float32"))
    if own is not None:
        helps = "mixed precision (bfloat16) is {times} times as fast as float32 on {device}"
        told.append(message("precision-times", helps, times=_rounded(own), device=best.device))
    if best.device != "cpu":
        cpu = max((each.samples_per_second or 0.0 for each in made if each.device == "cpu"), default=0.0)
        if cpu:
            times = (best.samples_per_second or 0.0) / cpu
            text = "one GPU does here what {times} processors such as this one would"
            told.append(message("device-times", text, times=_rounded(times)))
    return told


def _times(made: Sequence[Measured], one: tuple[str, str], other: tuple[str, str]) -> float | None:
    rates = {(each.device, each.precision): each.samples_per_second for each in made}
    first, second = rates.get(one), rates.get(other)
    return first / second if first and second else None


def _rounded(times: float) -> str:
    return f"{times:.2g}" if times < 10 else f"{times:,.0f}"
