"""The tool Twins: chooses two settings, has them trained side by side, and draws them as they learn."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtWidgets import QLabel, QVBoxLayout

from engine.config import RunConfig
from engine.run_records.index import RunIndex
from gui.background import Trouble
from gui.runs.run import settings_of
from gui.training.pace import LONGEST, Pace
from gui.training.twins import TwinGroup
from gui.tune.tool import Tool
from gui.tune.twin.choice import Listed, TwinChoice
from gui.tune.twin.plots import TwinPlots
from gui.widgets.scroll_area import UprightScrollArea
from gui.widgets.theme import Theme
from gui.workbench import Workbench

if TYPE_CHECKING:
    from engine.fit import Points


class TwinTool(Tool):
    """Two settings from the same weights on the same batches."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self.twins: TwinGroup | None = None
        self._index = RunIndex(bench.workspace)
        self._pointed: TwinGroup | None = None
        self._fresh = self._listed = False
        self._pace = Pace()
        self._later = QTimer(self, singleShot=True)
        self._later.timeout.connect(self._draw)
        self.choice = TwinChoice()
        self.empty = QLabel(
            self.tr(
                "Both begin with the same weights and see the same batches in the same order, so whatever differs in "
                "their curves comes from what differs in their settings. Each is kept as a run of its own."
            )
        )
        self.empty.setProperty("role", "muted")
        self.empty.setWordWrap(True)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.plots: TwinPlots | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(8)
        self._column.addWidget(self.choice)
        self._column.addWidget(self.empty, 1)
        self.choice.train_pressed.connect(self._train)
        self.choice.stop_pressed.connect(self.stop_asked)
        self.choice.mend_asked.connect(self.settings_asked)

    # --- what is told ----------------------------------------------------------------------------

    def show_settings(self, config: RunConfig) -> None:
        """The settings have changed."""
        self._fresh = False
        super().show_settings(config)

    def show_twins(self, twins: TwinGroup | None) -> None:
        """Something has happened in the runs that train side by side: draw it, when the last drawing is long enough
        past."""
        if twins is None:
            return
        if twins is not self.twins:
            self.twins = twins
            self._pace.begin()
        if not self.isVisible():
            self._stale = True
        elif not self._later.isActive():
            self._later.start(0 if twins.over else self._pace.milliseconds)
        elif twins.over:
            self._later.start(0)

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        super().set_theme(theme)
        if self.plots is not None:
            self.plots.set_theme(theme)

    def refresh(self) -> None:
        """Look what can be compared, and draw what is there."""
        if self.config is not None and not self._fresh:
            self._fresh = True
            self.choice.show_settings(self.config, self.bench.catalogue)
        if not (self._listed and self._run_goes_on):  # a run of short epochs tells of them many times a second
            self._listed = True
            self.bench.background.ask("twin-runs", self._list, self.choice.show_runs, _no_runs)
        if self.twins is not None and not self._later.isActive():
            self._later.start(0)

    @property
    def _run_goes_on(self) -> bool:
        return self.run is not None and self.run.started is not None and self.run.outcome is None

    @property
    def _training(self) -> bool:
        return self.twins is not None and not self.twins.over

    # --- drawing ---------------------------------------------------------------------------------

    @Slot()
    def _draw(self) -> None:
        twins = self.twins
        if twins is None:
            return
        self.choice.show_training(self._training)
        if self.plots is None:
            self.plots = TwinPlots(self.theme)
            area = UprightScrollArea()
            area.setAccessibleName(self.tr("Curves of the twins"))
            area.setWidget(self.plots)
            self.plots.setProperty("role", "page")
            self._column.addWidget(area, 1)
            self.empty.hide()
        self.plots.draw(twins)
        if any(twins.fits) and twins is not self._pointed and twins.runs[0].config is not None:
            self._pointed = twins
            look = partial(_points, self.bench, twins.runs[0].config)
            self.bench.background.ask("twin-points", look, self._show_points, _no_points)
        if self._training:
            self._later.setInterval(min(LONGEST, self._pace.next()))

    def _show_points(self, points: Points | None) -> None:
        if points is not None and self.plots is not None:
            self.plots.show_points(points.training, points.validation, points.truth)

    # --- what is pressed -------------------------------------------------------------------------

    @Slot()
    def _train(self) -> None:
        if self.config is not None and self.choice.other is not None:
            self.twins_asked.emit([self.config, self.choice.other])

    def _list(self) -> list[Listed]:
        """In the background: the runs whose settings can be read, newest first."""
        found = []
        for record in self._index.records():
            config = settings_of(record, self.bench.catalogue)
            if config is not None:
                found.append(Listed(str(record.folder), f"{record.title}, {record.started:%m-%d %H:%M}", config))
        return found


def _points(bench: Workbench, config: RunConfig) -> Points | None:
    """In the background: what the curves are fitted to."""
    from engine.fit import training_points

    return training_points(bench.parts(config), config.dataset)


def _no_runs(trouble: Trouble) -> None:
    """Where the folder can't be looked at, the list of runs says so."""


def _no_points(trouble: Trouble) -> None:
    """Without its data the curves are shown without points."""
