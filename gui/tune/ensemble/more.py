"""A button that has the same settings trained with other seeds: the simplest members of an ensemble."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QPushButton

from engine.comparison import repetitions
from engine.config import RunConfig
from engine.differing import but_for_the_seed
from engine.ensembles.candidates import makes_scores
from engine.message import InputError
from gui.runs.run import label_of
from gui.widgets.looks import as_tip
from gui.words import say

MORE = 2
"""Seeds that one press trains."""


class MoreSeeds(QPushButton):
    """Emits `asked` with a list of `RunConfig`; off where these settings can be no members."""

    asked = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._configs: list[RunConfig] = []
        self.clicked.connect(self._press)

    def show_base(self, base: RunConfig | None, others: Sequence[RunConfig]) -> None:
        """The settings to train, and those of all runs that are there or coming."""
        problem, new = "", base is not None and not _is_there(base, others)
        try:
            self._configs = _seeds(base, others, new=new) if base is not None else []
        except InputError as error:
            self._configs, problem = [], say(error.message)
        text = self.tr("Train {count} seeds") if new else self.tr("Train {count} more seeds")
        self.setText(text.format(count=MORE))
        self.setEnabled(bool(self._configs))
        if base is not None and self._configs:
            problem = self.tr("{run}, with seeds that no run has yet: {seeds}").format(
                run=label_of(base), seeds=", ".join(str(each.seed) for each in self._configs)
            )
        self.setToolTip(as_tip(problem))

    @Slot()
    def _press(self) -> None:
        if self._configs:
            self.asked.emit(self._configs)


def _is_there(base: RunConfig, others: Sequence[RunConfig]) -> bool:
    same = but_for_the_seed(base, {})
    return any(each.seed == base.seed and but_for_the_seed(each, {}) == same for each in others)


def _seeds(base: RunConfig, others: Sequence[RunConfig], *, new: bool) -> list[RunConfig]:
    """Raises `InputError` where they can't be trained, or give no probabilities."""
    base.check()
    scores = makes_scores(base)
    if scores is not None:
        raise InputError(scores.code, scores.template, **scores.values)
    return [base, *repetitions(base, others, MORE - 1)] if new else repetitions(base, others, MORE)
