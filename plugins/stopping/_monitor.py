"""What the rules that watch a figure have to tell where it will never be there."""

from __future__ import annotations

from collections.abc import Iterable

from engine.message import message
from engine.strategy import Advice, DataSpec


def advice_on_monitor(monitor: str, data: DataSpec | None) -> Iterable[Advice]:
    """What these data lack for the figure."""
    if data is not None and data.samples[1] == 0 and monitor.startswith("val"):
        yield Advice("warning", message(
            "no-validation", "it never acts: there are no validation samples for {monitor}", monitor=monitor
        ), "monitor")  # fmt: skip
    if data is not None and data.task != "classification" and monitor.endswith("accuracy"):
        text = message("no-accuracy", "a {task} has no accuracy: monitor a loss", task=data.task, monitor=monitor)
        yield Advice("warning", text, "monitor")
