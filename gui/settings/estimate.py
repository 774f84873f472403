"""Tells below the settings what a run will take: asked in the background, a moment after the last change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Slot

from engine.config import RunConfig
from engine.history import EpochRow
from engine.message import InputError, Message, message
from engine.strategy import Advice
from gui import numbers
from gui.background import Trouble
from gui.settings.panel import SettingsPanel
from gui.words import say
from gui.workbench import Workbench

if TYPE_CHECKING:
    from engine.preview.estimate import Cost, Estimate

WAIT_MILLISECONDS = 700
"""How long after the last change of the settings it is measured."""
KEPT = 64
"""Settings whose estimates are remembered."""
FREE = {
    "epochs": 1, "seed": 0, "lr": 1e-3, "monitor": "val_loss", "keep_every": 0, "look_inside": 0, "name": "",
    "offered": (),
}  # fmt: skip
"""Settings that change neither what a step costs, as it is measured, nor what is warned of, with the values that stand
for all of theirs."""
UNTIMED = ("scheduler", "stopping")
"""Kinds of techniques that take no time."""


class Estimator(QObject):
    """Watches a settings panel, and shows there what its settings will take. Connect `look_again` to what ends `busy`.

    `busy` says whether a run trains, or is about to: then nothing is measured, and what is known already is shown. It
    is also asked in the background's thread, so it must be no more than a look at a value.
    """

    def __init__(
        self, bench: Workbench, panel: SettingsPanel, busy: Callable[[], bool], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._bench, self._panel, self._busy = bench, panel, busy
        self._known = bench.estimates
        self._wanted: RunConfig | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(WAIT_MILLISECONDS)
        self._timer.timeout.connect(self._ask)
        panel.changed.connect(self._on_settings)

    @Slot(object)
    def look_again(self, *_: object) -> None:
        """Measure what could not be measured before, such as while a run trained or its data were not there."""
        if self._panel.ready:
            self._on_settings(self._panel.config)

    def give_up(self) -> None:
        """Leave off measuring: the window closes."""
        self._timer.stop()
        self._wanted = None

    def learn(self, config: RunConfig, row: EpochRow) -> None:
        """An epoch of a real run with these settings is over: its times are better than any measured on a trial."""
        key = essence(config)
        known = self._known.get(key)
        if known is None or row.train_seconds <= 0:
            return
        if config.fine_tuning is not None and row.epoch > 1:  # with features that were kept, or with more that trains
            return
        from engine.preview.estimate import Cost

        steps = -(-row.train_samples // config.batch_size)
        cost = known.cost or Cost(0.0, 0.0, 0.0, 0.0, row.train_samples, steps)
        times = {"training": row.train_seconds, "evaluation": row.val_seconds, "samples": row.train_samples}
        self._known[key] = replace(known, cost=replace(cost, **times), reason=None)
        if self._wanted == key:
            self._show(self._known[key])

    @Slot(object)
    def _on_settings(self, config: RunConfig) -> None:
        self._timer.stop()
        if self._panel.problem() is not None:
            self._wanted = None
            self._panel.show_estimate(self.tr("Memory and time are told as soon as nothing is marked as wrong."))
            return
        self._wanted = essence(config)
        known = self._known.get(self._wanted)
        if known is not None:
            self._show(known)
        if known is None or (known.cost is None and known.fits and not self._busy()):
            if known is None:
                self._panel.show_estimate(self.tr("Estimating memory and time…"))
            self._timer.start()

    @Slot()
    def _ask(self) -> None:
        wanted, config = self._wanted, self._panel.config
        if wanted is None:
            return
        self._bench.background.ask(
            "estimate",
            lambda: _estimate(self._bench, config, lambda: self._busy() or self._wanted != wanted),
            lambda found: self._keep(wanted, found),
            self._tell_trouble,
        )

    def _keep(self, wanted: RunConfig, found: Estimate) -> None:
        self._known[wanted] = found
        while len(self._known) > KEPT:
            del self._known[next(iter(self._known))]
        if self._wanted == wanted:
            self._show(found)

    def _tell_trouble(self, trouble: Trouble) -> None:
        """Why there is no estimate, where that is the user's to mend; a plugin's own mistake is told by the run."""
        self._panel.show_estimate("" if trouble.traceback else say(trouble.text))

    def _show(self, found: Estimate) -> None:
        from engine.free_memory import bytes_in_words

        config = self._panel.config
        memory = self.tr("About {memory} of memory").format(memory=bytes_in_words(found.memory.total))
        warnings = [say(text) for text in found.slow]
        if found.cost is not None:
            text = f"{memory} · {self._time(config, found.cost, images=found.images)}"
            self._panel.show_measured(ends_caching(config, found.cost))
        elif not found.fits:
            text = memory
            warnings = [
                self.tr("Only {free} are free: take a smaller model or batch, or tick gradient accumulation.").format(
                    free=bytes_in_words(found.free or 0)
                )
            ]
        elif found.reason is not None:
            text = f"{memory} · {say(found.reason)}"
        else:
            text = f"{memory} · {self.tr('time is measured when no run trains')}"
        self._panel.show_estimate(text, warnings)

    def _time(self, config: RunConfig, cost: Cost, *, images: bool) -> str:
        template = self.tr("about {time} for {epochs} epochs ({speed} measured here)")
        if config.stoppings:
            template = self.tr("at most about {time} for {epochs} epochs ({speed} measured here)")
        unit = self.tr("images/s") if images else self.tr("samples/s")
        return template.format(
            time=numbers.duration(rounded(cost.run(config))), epochs=numbers.count(config.epochs),
            speed=numbers.rate(cost.samples_per_second, unit),
        )  # fmt: skip


def ends_caching(config: RunConfig, cost: Cost) -> list[tuple[str, Advice]]:
    """What to tell of techniques without which the features of a frozen body would be kept: what they cost."""
    seconds, kept = rounded(cost.run(config)), rounded(cost.run_without_those(config))
    if seconds <= kept:
        return []
    text = message(
        "ends-feature-caching", "ends feature caching: about {time} instead of {kept}",
        time=numbers.duration(seconds), kept=numbers.duration(kept),
    )  # fmt: skip
    return [(id, Advice("warning", text)) for id in cost.ended_by]


def _estimate(bench: Workbench, config: RunConfig, stop: Callable[[], bool]) -> Estimate:
    """In the background."""
    from engine.preview.estimate import estimate

    return estimate(config, bench.parts(config), bench.workspace / "data", stop, _refuse_to_fetch)


def _refuse_to_fetch(text: Message, fraction: float | None) -> None:
    raise InputError("weights-not-here", "the time is known once its weights are here: Start fetches them")


def essence(config: RunConfig) -> RunConfig:
    """The settings as far as they make a difference to memory and time: others with the same essence cost the same."""
    timed = tuple(strategy for strategy in config.with_ if strategy.kind not in UNTIMED)
    return config.model_copy(update={**FREE, "with_": timed})


def rounded(seconds: float) -> float:
    """As exactly as an estimate can be: to 1 s below a minute, then to 5 s, half a minute, 5 minutes."""
    grain = next(grain for limit, grain in ((60, 1), (600, 5), (3_600, 30), (float("inf"), 300)) if seconds < limit)
    return max(1.0, grain * round(seconds / grain))
