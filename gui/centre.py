"""The centre of the window: messages on top, and under them tabs for all that there is to see."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QTabWidget, QVBoxLayout, QWidget

from engine.config import RunConfig
from gui.panel import Panel
from gui.runs.run import Run
from gui.training.twins import TwinGroup
from gui.widgets.banner import Banners
from gui.widgets.roomy_area import RoomyArea
from gui.widgets.tabs_in_sight import TabsInSight
from gui.widgets.theme import LIGHT, Theme
from gui.workbench import Workbench

if TYPE_CHECKING:
    from gui.compare.panel import ComparePanel
    from gui.data.panel import DataPanel
    from gui.graph.live_graph import LiveGraph
    from gui.model.panel import ModelPanel
    from gui.predictions.panel import PredictionsPanel
    from gui.tune.panel import TunePanel


class Centre(QFrame):
    """The tabs, by name, in the order of Ctrl+1 to Ctrl+7. Each is made when it is first needed: the window is there
    sooner."""

    seeds_asked = Signal(object, int)
    """A run, and how many more of it are to come with other seeds."""

    settings_asked = Signal(object)
    """Other settings, which mend something."""
    runs_asked = Signal(object)
    """A list of settings, each to be trained as a run of its own."""
    twins_asked = Signal(object)
    """A list of settings, to be trained side by side."""
    stop_asked = Signal()
    """What trains is to stop."""
    continue_asked = Signal(object)
    """The folder of a run that is to go on."""
    data_changed = Signal()
    """Pictures were read or removed."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__()
        self.setObjectName("centre")
        self._bench = bench
        self._config: RunConfig | None = None
        self._run: Run | None = None
        self._compared: list[Run] = []
        self._twins: TwinGroup | None = None
        self._theme = LIGHT
        self.banners = Banners()
        self._graph: LiveGraph | None = None
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.setAccessibleName(self.tr("What is to be seen"))
        self._places: dict[str, RoomyArea] = {}
        self._bar = TabsInSight(self.tabs.tabBar())
        self._made: dict[str, Panel] = {}
        self._add("curves", self.tr("Curves"))
        self._add("data", self.tr("Data"))
        self._add("model", self.tr("Model"))
        self._add("predictions", self.tr("Predictions"))
        self._add("compare", self.tr("Compare"))
        self._add("tune", self.tr("Tune"))
        self._add("code", self.tr("Code"))
        self.tabs.currentChanged.connect(self._on_tab)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 8, 6, 8)
        column.setSpacing(8)
        column.addWidget(self.banners)
        column.addWidget(self.tabs, 1)

    def _add(self, name: str, title: str) -> None:
        place = self._places[name] = RoomyArea(QWidget(), title)
        self.tabs.addTab(place, title)
        self.tabs.setTabToolTip(self.tabs.count() - 1, title)

    # --- the tabs --------------------------------------------------------------------------------

    @property
    def names(self) -> list[str]:
        """The names of the tabs, in order."""
        return list(self._places)

    @property
    def panels(self) -> Iterator[Panel]:
        """The tabs beside the graph, as far as they are made."""
        return iter(self._made.values())

    @property
    def graph(self) -> LiveGraph:
        """The tab Curves. It comes after the window's first paint: pyqtgraph takes a third of a second."""
        if self._graph is None:
            from gui.graph.live_graph import LiveGraph

            self._graph = LiveGraph(theme=self._theme)
            self._fill("curves", self._graph)
        return self._graph

    @property
    def data(self) -> DataPanel:
        """The tab Data."""
        return self.tab("data")  # type: ignore[return-value]

    @property
    def model(self) -> ModelPanel:
        """The tab Model."""
        return self.tab("model")  # type: ignore[return-value]

    @property
    def predictions(self) -> PredictionsPanel:
        """The tab Predictions."""
        return self.tab("predictions")  # type: ignore[return-value]

    @property
    def compare(self) -> ComparePanel:
        """The tab Compare."""
        return self.tab("compare")  # type: ignore[return-value]

    @property
    def tune(self) -> TunePanel:
        """The tab Tune."""
        return self.tab("tune")  # type: ignore[return-value]

    def tab(self, name: str) -> QWidget:
        """The tab of this name, made if need be. Raises `KeyError`."""
        if name == "curves":
            return self.graph
        if name not in self._made:
            panel = self._made[name] = MAKERS[name](self._bench)
            self._fill(name, panel)
            self._tell(name, panel)
        return self._made[name]

    def _fill(self, name: str, widget: QWidget) -> None:
        column = QVBoxLayout(self._places[name].widget())
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(widget)

    def bring_forward(self, name: str) -> None:
        """Show the tab of this name."""
        self.tabs.setCurrentWidget(self._places[name])

    @Slot(int)
    def _on_tab(self, place: int) -> None:
        self.tab(self.names[place])

    def _tell(self, name: str, panel: Panel) -> None:
        """Tell a panel that was just made of everything."""
        panel.set_theme(self._theme)
        if self._config is not None:
            panel.show_settings(self._config)
        if name == "data":
            self.data.settings_asked.connect(self.settings_asked)
            self.data.data_changed.connect(self.data_changed)
        if name == "model":
            self.model.settings_asked.connect(self.settings_asked)
        if name == "tune":
            self.tune.settings_asked.connect(self.settings_asked)
            self.tune.runs_asked.connect(self.runs_asked)
            self.tune.twins_asked.connect(self.twins_asked)
            self.tune.stop_asked.connect(self.stop_asked)
            self.tune.show_twins(self._twins)
            self.tune.continue_asked.connect(self.continue_asked)
        if name == "compare":
            self.compare.seeds_asked.connect(self.seeds_asked)
            self.compare.show_runs(self._compared)
        panel.show_run(self._run)

    # --- what they are told ----------------------------------------------------------------------

    def show_settings(self, config: RunConfig) -> None:
        """Tell every panel of other settings."""
        self._config = config
        for panel in self.panels:
            panel.show_settings(config)

    def show_run(self, run: Run | None) -> None:
        """Tell every panel of the run in front."""
        self._run = run
        for panel in self.panels:
            panel.show_run(run)

    def show_runs(self, runs: Sequence[Run]) -> None:
        """Tell of the runs that are compared with the one in front."""
        self._compared = list(runs)
        if "compare" in self._made:
            self.compare.show_runs(self._compared)

    def show_twins(self, twins: TwinGroup | None) -> None:
        """Tell of runs that train side by side, or of what has happened in them."""
        self._twins = twins
        if "tune" in self._made:
            self.tune.show_twins(twins)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Messages may be as high as a share of this."""
        super().resizeEvent(event)
        self.banners.updateGeometry()

    def end(self) -> None:
        """The window closes."""
        if "tune" in self._made:
            self.tune.end()

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        self._theme = theme
        if self._graph is not None:
            self._graph.set_theme(theme)
        for panel in self.panels:
            panel.set_theme(theme)


def _data(bench: Workbench) -> Panel:
    from gui.data.panel import DataPanel

    return DataPanel(bench)


def _model(bench: Workbench) -> Panel:
    from gui.model.panel import ModelPanel

    return ModelPanel(bench)


def _predictions(bench: Workbench) -> Panel:
    from gui.predictions.panel import PredictionsPanel

    return PredictionsPanel(bench)


def _compare(bench: Workbench) -> Panel:
    from gui.compare.panel import ComparePanel

    return ComparePanel(bench)


def _tune(bench: Workbench) -> Panel:
    from gui.tune.panel import TunePanel

    return TunePanel(bench)


def _code(bench: Workbench) -> Panel:
    from gui.code.panel import CodePanel

    return CodePanel(bench)


MAKERS: dict[str, Callable[[Workbench], Panel]] = {
    "data": _data, "model": _model, "predictions": _predictions, "compare": _compare, "tune": _tune,
    "code": _code,
}  # fmt: skip
"""What makes each panel: imported only then."""
