"""What an ensemble came to: its members alone, all of them together, and what that is worth."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.message import Message
from gui import numbers
from gui.widgets.labels import text_label
from gui.widgets.looks import as_tip
from gui.widgets.measured import by_type
from gui.widgets.sortable_table import Column, SortableTable, Value
from gui.words import NEVER, say

if TYPE_CHECKING:
    from engine.ensembles.ensemble import Figures
    from engine.ensembles.members import Ensemble

MOST_PAIRS = 15
"""Pairs of members that a tool tip lists, those that differ most."""
MOST_ROWS = 8


@dataclass(frozen=True)
class Measured:
    """An ensemble as it was measured, and of what."""

    paths: tuple[Path, ...]
    """The checkpoints of its members."""
    weights: str
    """How they were found: `equal` or `validation`."""
    digests: tuple[str, ...]
    """Of the checkpoints, as they were."""
    found: Ensemble
    verdict: Message


class EnsembleResults(QWidget):
    """A table, and under it what it means."""

    def __init__(self) -> None:
        super().__init__()
        self._intervals: dict[float, tuple[float, float]] = {}
        """Of each accuracy: on the same samples the same has the same interval."""
        self.heading, self.verdict, self.disagreement, self.notes = (text_label() for _ in range(4))
        for label in (self.heading, self.disagreement, self.notes):
            label.setProperty("role", "muted")
        self.table = SortableTable(self.tr("Members and ensemble"), self._columns(), shortened=True)
        self.table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        for widget in (self.verdict, self.heading, self.table, self.disagreement, self.notes):
            column.addWidget(widget)
        by_type(self, lambda _: QTimer.singleShot(0, self, self._fit))  # then the table has the other font, too

    def _columns(self) -> list[Column]:
        return [
            Column(self.tr("Network"), self.tr("The members, each by its best checkpoint, and all of them together")),
            Column(
                self.tr("Weight"), self.tr("How much its probabilities count in the mean"),
                lambda value: NEVER if math.isnan(value) else f"{value:.2f}",
            ),
            Column(self.tr("Loss"), self.tr("Cross-entropy"), numbers.loss),
            Column(
                self.tr("Accuracy"),
                self.tr(
                    "The share of samples that are called right, and where it would lie on many more such samples: the "
                    "95 % interval"
                ),
                self._with_interval,
            ),
        ]  # fmt: skip

    def _with_interval(self, accuracy: float) -> str:
        low, high = self._intervals[accuracy]
        return f"{numbers.percent(accuracy)} ({100 * low:.1f}\N{EN DASH}{100 * high:.1f})"

    def show_measured(self, measured: Measured, names: Sequence[str]) -> None:
        """Show this; its members are called so."""
        found = measured.found
        part = self.tr("test") if found.part == "test" else self.tr("validation")
        self.heading.setText(
            self.tr("On the {part} part, {count} samples").format(part=part, count=numbers.count(found.samples))
        )
        self.verdict.setText(say(measured.verdict) + ".")
        rows = [
            _row(self.tr("{name} (best)").format(name=name) if place == found.best else name, weight, member.figures)
            for place, (name, weight, member) in enumerate(zip(names, found.weights, found.members, strict=True))
        ]
        rows.append(_row(self.tr("Together"), math.nan, found.figures))
        self._intervals = {
            each.accuracy: each.interval for each in (found.figures, *(m.figures for m in found.members))
        }
        self.table.show_rows(rows)
        self._fit()
        self._show_disagreement(found, names)
        called = dict(zip(map(str, measured.paths), names, strict=True))
        notes = dict.fromkeys(say(named(note, called)) + "." for note in found.notes)
        self.notes.setText("\n".join(notes))
        self.notes.setVisible(bool(notes))

    def _fit(self) -> None:
        table, rows = self.table, self.table.model().rowCount()
        height = table.verticalHeader().defaultSectionSize() * min(rows, MOST_ROWS)
        off, needed = Qt.ScrollBarPolicy.ScrollBarAlwaysOff, Qt.ScrollBarPolicy.ScrollBarAsNeeded
        table.setVerticalScrollBarPolicy(off if rows <= MOST_ROWS else needed)
        table.setFixedHeight(table.horizontalHeader().sizeHint().height() + height + 2 * table.frameWidth() + 2)

    def _show_disagreement(self, found: Ensemble, names: Sequence[str]) -> None:
        pairs = sorted(
            itertools.combinations(range(len(names)), 2), key=lambda pair: float(found.pairs[pair]), reverse=True
        )
        lines = [
            self.tr("{one} and {other}: {share}").format(
                one=names[one], other=names[other], share=numbers.percent(float(found.pairs[one, other]))
            )
            for one, other in pairs[:MOST_PAIRS]
        ]
        text = self.tr("On {share} of the samples the members do not all agree.").format(
            share=numbers.percent(found.disagreement)
        )
        if len(names) > 2:
            text += " " + self.tr("Two of them differ on {least} to {most}.").format(
                least=numbers.percent(float(found.pairs[pairs[-1]])), most=numbers.percent(float(found.pairs[pairs[0]]))
            )
        self.disagreement.setText(text)
        self.disagreement.setToolTip(as_tip("\n".join(lines)))
        self.disagreement.setAccessibleDescription("; ".join(lines))


def named(text: Message, called: dict[str, str]) -> Message:
    """A message with what a run is called in the place of its checkpoint's path."""
    values = {key: called.get(value, value) if isinstance(value, str) else value for key, value in text.values.items()}
    return Message(text.code, text.template, values)


def _row(name: str, weight: float, figures: Figures) -> list[Value]:
    return [name, weight, figures.loss, figures.accuracy]
