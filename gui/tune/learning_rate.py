"""The tool "Learning rate": a range test of the settings on the left, drawn while it goes on."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QProgressBar, QPushButton, QVBoxLayout

from engine.config import RunConfig
from engine.message import InputError, Message
from gui import numbers
from gui.background import Trouble
from gui.tune.lr_range_plot import LrRangePlot
from gui.tune.tool import Tool
from gui.widgets.flow import FlowLayout
from gui.widgets.labels import text_label
from gui.widgets.looks import give
from gui.widgets.theme import Theme
from gui.words import say
from gui.workbench import Workbench

if TYPE_CHECKING:
    from engine.lr_range import RangeTest, Span, Tried

KEY = "learning-rate"
CHUNK_SECONDS = 0.2
"""How long the background works on it at a time: what other tabs ask for comes between."""


@dataclass
class _Search:
    """One test, on its way or done."""

    config: RunConfig
    span: Span
    steps: Generator[Tried, None, RangeTest] | None = None
    """Touched in the background alone."""
    given_up: bool = False
    seen: dict[int, list[tuple[float, float]]] = field(default_factory=dict)
    """Rate and loss by seed."""
    result: RangeTest | None = None

    @property
    def share(self) -> float:
        """How much of it is done; a network whose loss diverged has done all of its steps."""
        done = sum(self.span.steps for _ in list(self.seen)[:-1])
        return (done + (len(list(self.seen.values())[-1]) if self.seen else 0)) / self.span.steps / self.span.seeds


@dataclass(frozen=True)
class _Reached:
    """What a while in the background came to."""

    tried: list[Tried]
    result: RangeTest | None = None
    disturbed: bool = False
    """A run began."""


class LearningRateTool(Tool):
    """A button, the plot, and what follows: the rate is set only when that is pressed."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._search: _Search | None = None
        self.find = QPushButton(self.tr("Find learning rate"))
        self.find.setToolTip(self.tr("Trains a throw-away network for a moment while the rate rises; nothing is kept"))
        self.find.clicked.connect(self.begin)
        self.stop = QPushButton(self.tr("Stop"))
        self.stop.clicked.connect(self._on_stop)
        self.use = QPushButton()
        self.use.clicked.connect(self._on_use)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        self.bar.setAccessibleName(self.tr("How far the search is"))
        self.told = text_label("")
        self.stale = text_label(
            self.tr("The settings have changed since: this is of those before. Find it again."), "warning"
        )
        self.plot = LrRangePlot()
        self.setFocusProxy(self.find)
        self._lay_out()
        self._say_what_will_be_here()
        self._show_state()

    def _lay_out(self) -> None:
        head = FlowLayout(8, line_spacing=4)
        for button in (self.find, self.stop, self.use):
            head.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addLayout(head)
        for widget in (self.bar, self.told, self.stale):
            column.addWidget(widget)
        column.addWidget(text_label(self.tr("Loss"), "heading"))
        column.addWidget(self.plot, 1)

    # --- what is shown ---------------------------------------------------------------------------

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        self.plot.set_theme(theme)
        super().set_theme(theme)

    def refresh(self) -> None:
        """The settings have changed: what was found may be of others."""
        self.plot.show_present(self.config.lr if self.config is not None else None)
        self._show_state()

    def _show_state(self) -> None:
        search = self._search
        result = search.result if search is not None else None
        working = search is not None and result is None
        self.find.setEnabled(not working)
        self.stop.setVisible(working)
        self.bar.setVisible(working)
        self.stale.setVisible(search is not None and self._is_stale(search))
        lr = result.found.lr if result is not None else None
        self.use.setVisible(lr is not None)
        give(self.find, primary=lr is None)  # one of them is what is pressed next
        give(self.use, primary=lr is not None)
        if lr is not None and self.config is not None:
            is_set = self.config.lr == lr
            self.use.setEnabled(not is_set)
            template = self.tr("{lr} is set") if is_set else self.tr("Use {lr}")
            self.use.setText(template.format(lr=numbers.learning_rate(lr)))

    def _is_stale(self, search: _Search) -> bool:
        from engine.lr_range import essence

        return self.config is not None and essence(self.config) != essence(search.config)

    def _say_what_will_be_here(self) -> None:
        self._tell(
            self.tr(
                "A network with the settings on the left learns for a moment while its learning rate rises. Too low a "
                "rate, and the loss stays where it is; too high, and it rises. In between lies the rate to train with."
            ),
            "muted",
        )

    def _tell(self, text: str, role: str = "") -> None:
        give(self.told, role=role)
        self.told.setText(text)

    # --- the search ------------------------------------------------------------------------------

    @Slot()
    def begin(self) -> None:
        """Look for a rate, unless a run trains."""
        from engine.lr_range import Span

        if self.config is None or (self._search is not None and self._search.result is None):
            return
        if self.bench.busy():
            self._tell(self.tr("A run trains, and both would be slower: find it when the run has ended."), "error")
            return
        search = self._search = _Search(self.config, Span())
        self.bar.setValue(0)
        self.plot.clear_curves(search.span.lowest, search.span.highest)
        self._tell(self.tr("Looking for a learning rate…"), "muted")
        self._show_state()
        self._ask(search)

    def _ask(self, search: _Search) -> None:
        self.bench.background.ask(
            KEY, lambda: _work(self.bench, search), lambda reached: self._on_reached(search, reached), self._on_trouble
        )

    def _on_reached(self, search: _Search, reached: _Reached) -> None:
        if search.given_up:
            return
        if reached.disturbed:
            self._end(self.tr("A run began, so the search was stopped: find it when the run has ended."))
            return
        for tried in reached.tried:
            search.seen.setdefault(tried.seed, []).append((tried.lr, tried.loss))
        for seed in {tried.seed for tried in reached.tried}:
            self.plot.show_steps(seed, search.seen[seed])
        self.bar.setValue(round(1000 * search.share))
        if reached.result is None:
            self._ask(search)
            return
        search.result = reached.result
        self._show_result(reached.result)
        self._show_state()

    def _show_result(self, result: RangeTest) -> None:
        from engine.lr_suggestion import mean_curve

        found = result.found
        self.plot.show_line(mean_curve(result.curves), found.lr, found.low, found.high)
        if found.lr is None:
            reason = say(found.reason) if found.reason is not None else ""
            self._tell(self.tr("No learning rate can be suggested. {reason}").format(reason=reason))
            return
        text = self.tr(
            "The loss falls from {low} on; beyond {high} more than half of that is lost again. Suggested: {lr}."
        ).format(
            low=numbers.learning_rate(found.low), high=numbers.learning_rate(found.high),
            lr=numbers.learning_rate(found.lr),
        )  # fmt: skip
        self._tell(text)
        self.plot.setAccessibleDescription(text)

    @Slot()
    def _on_stop(self) -> None:
        self._end(self.tr("It was stopped. Nothing was kept."))

    def _on_trouble(self, trouble: Trouble) -> None:
        self._end(say(trouble.text), "error")

    def _end(self, text: str, role: str = "muted") -> None:
        """Leave off without a result."""
        if self._search is not None:
            self._search.given_up = True
        self._search = None
        self.bench.background.forget(KEY)
        self._tell(text, role)
        self._show_state()

    @Slot()
    def _on_use(self) -> None:
        lr = self._search.result.found.lr if self._search is not None and self._search.result is not None else None
        if lr is not None and self.config is not None:
            self.settings_asked.emit(self.config.changed({"lr": lr}))


def _work(bench: Workbench, search: _Search) -> _Reached:
    """In the background: as many steps as there is time for."""
    from engine.lr_range import range_test

    if search.steps is None:
        folder = bench.workspace / "data"
        search.steps = range_test(search.config, bench.parts(search.config), folder, search.span, _refuse_to_fetch)
    tried: list[Tried] = []
    end = time.perf_counter() + CHUNK_SECONDS
    while time.perf_counter() < end and not search.given_up and not bench.background.ending:
        if bench.busy():
            search.steps.close()
            return _Reached([], disturbed=True)
        try:
            tried.append(next(search.steps))
        except StopIteration as last:
            return _Reached(tried, last.value)
    return _Reached(tried)


def _refuse_to_fetch(text: Message, fraction: float | None) -> None:
    raise InputError("weights-not-here", "its weights are not here yet: Start fetches them")
