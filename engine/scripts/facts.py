"""What the techniques of a run say of themselves, and what follows from it for the run's script."""

from __future__ import annotations

import re

from engine.code import Code
from engine.config import RunConfig
from engine.strategy import Scheduler, Strategy


class Facts:
    """The settings, what each of their techniques says, and what of a script is needed for them."""

    def __init__(self, config: RunConfig, codes: dict[str, Code | None]) -> None:
        self.config, self.codes = config, codes
        self.labelled = config.dataset.task == "classification"
        """Whether the targets of the data are classes, …"""
        self.classes = config.task == "classification"
        """… and the network is to tell them apart."""
        self.reconstructs = config.task == "reconstruction"
        dataset = codes[config.dataset.id] or Code(has_validation=True, has_test=True)
        self.cuts_validation = not dataset.has_validation and not re.fullmatch(r"0(\.0+)?%", config.validation_samples)
        self.cuts_test = not dataset.has_test
        self.validates = dataset.has_validation or self.cuts_validation
        self.has_twins = dataset.has_twins
        self.mixes = any(code.batch for code in self.ticked)
        self.schedules = [each for each in config.schedulers if self.acts(each)]
        self.rates_apart = len(self.schedules) > 1 or bool(self.schedules and config.fine_tuning)
        monitor = config.monitor if self.validates or not config.monitor.startswith("val") else "train_loss"
        self.monitor = monitor
        watched = [text for code in self.ticked for text in (code.after_epoch, code.watches)]
        self.counts = self.classes and any("train_accuracy" in text for text in (*watched, monitor))
        """Whether somebody asks for the accuracy of training."""

    @property
    def ticked(self) -> list[Code]:
        """What the ticked techniques say, in their order."""
        return [code for each in self.config.with_ if (code := self.codes[each.id]) is not None]

    def lines(self, strategy: Strategy, stand_in: str) -> str:
        """The lines of a technique that is chosen, not ticked; where it gives none, what stands in for them."""
        code = self.codes[strategy.id]
        return code.lines if code is not None else f"{stand_in}{'  ' if stand_in else ''}{self.absent(strategy.id)}"

    def absent(self, id: str) -> str:
        """What stands in the place of a technique that gives no code."""
        return f"# {id}: this plugin gives no code"

    def acts(self, scheduler: Scheduler) -> bool:
        """Whether a schedule can be written down, and the figure that it watches is there."""
        code = self.codes[scheduler.id]
        return code is not None and (self.validates or not code.watches.startswith("val"))

    def is_there(self, text: str) -> bool:
        """Whether the figures that a text names are there."""
        return (self.validates or "val_" not in text) and (self.classes or "accuracy" not in text)

    def uses(self, name: str) -> bool:
        """Whether a technique uses this name of the script."""
        told = (field for code in self.codes.values() if code for field in (code.value, code.lines))
        return any(re.search(rf"\b{name}\b", text) for text in told)

    def outputs(self, call: str) -> str:
        """The lines that set `outputs` to what this call of a network gives, in the run's precision."""
        if self.config.precision == "float32":
            return f"outputs = {call}"
        return f"with torch.autocast(device.type, torch.bfloat16):\n    outputs = {call}\noutputs = outputs.float()"
