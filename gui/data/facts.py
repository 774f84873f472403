"""What a data set is, in one glance: its name, shapes, ranges, and what scaling makes of them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from engine.config import RunConfig
from engine.message import Message
from gui import numbers
from gui.widgets.elided_label import ElidedLabel
from gui.widgets.flow import FlowLayout
from gui.widgets.looks import as_tip, give
from gui.words import say, title

if TYPE_CHECKING:
    from engine.preview.data_view import Facts, Range

TOLD = 3
"""Channels whose figures are told one by one, at most."""


def figure(value: float) -> str:
    """A figure with three significant digits, a whole number as such: `255`, `72.9`, `90.0`, `−0.812`."""
    if math.isfinite(value) and abs(value) < 1e6 and abs(value - round(value)) < 1e-6:
        return f"{round(value):,}".replace("-", "−")
    return numbers.loss(value).replace("-", "−", 1) if value < 0 else numbers.loss(value)


def figures(values: np.ndarray) -> str:
    """One figure where all are the same, or one for each of a few channels; of many their range."""
    low, high = figure(values.min()), figure(values.max())
    if low == high:
        return low
    return f"{low} … {high}" if len(values) > TOLD else " · ".join(figure(value) for value in values)


class Fact(QWidget):
    """A figure under its name."""

    def __init__(self, name: str, tip: str = "") -> None:
        super().__init__()
        self.name, self.value = QLabel(name), ElidedLabel()
        give(self.name, role="muted")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.name)
        column.addWidget(self.value)
        self.setToolTip(tip)

    def say(self, text: str, name: str = "") -> None:
        """Show a figure, and another name where one is given; none hides both."""
        self.value.setText(text)
        self.value.setToolTip(as_tip("\n".join(part for part in (text, self.toolTip()) if part)))
        if name:
            self.name.setText(name)
        self.value.setAccessibleName(f"{self.name.text()}: {text}")
        self.setVisible(bool(text))


class FactsBar(QWidget):
    """The top of the Data tab."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[RunConfig, Facts] | None = None
        self.heading = QLabel()
        give(self.heading, role="headline")
        self.summary = ElidedLabel()
        give(self.summary, role="muted")
        self.trouble = QLabel()
        self.trouble.setTextFormat(Qt.TextFormat.PlainText)
        self.trouble.setWordWrap(True)
        give(self.trouble, role="error")
        top = FlowLayout(8, line_spacing=0)
        top.addWidget(self.heading)
        top.addWidget(self.summary)
        self.flow = FlowLayout(24, line_spacing=8)
        self.training = self._add(self.tr("Training"))
        self.validation = self._add(self.tr("Validation"))
        self.test = self._add(self.tr("Test"))
        self.values = self._add(self.tr("Stored as"), self.tr("Type and range of the values of the training inputs."))
        self.moments = self._add(
            self.tr("Mean ± deviation"),
            self.tr("Mean and standard deviation of the training inputs, of each channel where there are several."),
        )
        self.targets = self._add(self.tr("Targets"), self.tr("The range of what is to be predicted."))
        self.scaled = self._add(
            self.tr("After scaling"), self.tr("The range in which the training inputs reach the network.")
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(top)
        column.addLayout(self.flow)
        column.addWidget(self.trouble)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Say it in another language."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange and self._shown is not None:
            self.show_facts(*self._shown)

    def _add(self, name: str, tip: str = "") -> Fact:
        fact = Fact(name, tip)
        self.flow.addWidget(fact)
        return fact

    def show_facts(self, config: RunConfig, facts: Facts) -> None:
        """Show what this data set is, with these settings."""
        self._shown = config, facts
        self.heading.setText(title(type(config.dataset)))
        self.summary.setText(self._summary(facts))
        order = (
            self.tr("[N, C, H, W]: samples, channels, height and width in pixels.")
            if facts.are_images
            else self.tr("[N, F]: samples and features.")
        )
        for name, fact in (("training", self.training), ("validation", self.validation), ("test", self.test)):
            shape = facts.shapes.get(name)
            fact.setToolTip(order)
            fact.say(str(list(shape)) if shape else numbers.NONE)
        self.values.say(f"{facts.dtype}, {self._range(facts.stored.range)}")
        self.moments.say(f"{figures(facts.stored.mean)} ± {figures(facts.stored.deviation)}")
        self.targets.say(self._range(facts.targets) if facts.targets else "")
        self._show_scaled(config, facts)

    def _show_scaled(self, config: RunConfig, facts: Facts) -> None:
        self.trouble.setVisible(isinstance(facts.scaled, Message))
        if isinstance(facts.scaled, Message):
            self.trouble.setText(say(facts.scaled))
            self.scaled.say(numbers.NONE)
            return
        by = title(type(config.model if facts.own_statistics else config.scaling))
        name = self.tr("After the model's own scaling") if facts.own_statistics else self.tr("After scaling: {name}")
        text = self.tr("{range}, mean {mean}, deviation {deviation}").format(
            range=self._range(facts.scaled.range),
            mean=figures(facts.scaled.mean),
            deviation=figures(facts.scaled.deviation),
        )
        self.scaled.say(text, name.format(name=by))

    def _summary(self, facts: Facts) -> str:
        shape = facts.shapes["training"]
        if facts.are_images:
            channels, height, width = shape[1:]
            kinds = {1: self.tr("grey images"), 3: self.tr("colour images")}
            kind = kinds.get(channels) or self.tr("images of {count} channels").format(count=channels)
            what = self.tr("{kind}, {height} × {width} pixels").format(kind=kind, height=height, width=width)
        else:
            many = self.tr("samples of {count} features")
            what = self.tr("samples of one feature") if shape[1] == 1 else many.format(count=shape[1])
        if not facts.classes:
            return self.tr("{samples}, for regression").format(samples=what)
        return self.tr("{classes} classes of {samples}").format(classes=len(facts.classes), samples=what)

    def _range(self, bounds: Range) -> str:
        low, high = bounds
        return self.tr("{low} to {high}").format(low=figure(low), high=figure(high))
