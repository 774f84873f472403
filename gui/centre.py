"""The centre of the window: messages on top, and under them tabs for all that there is to see."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtWidgets import QFrame, QTabWidget, QVBoxLayout, QWidget

from engine.config import RunConfig
from gui.compare.panel import ComparePanel
from gui.data.panel import DataPanel
from gui.graph.live_graph import LiveGraph
from gui.model.panel import ModelPanel
from gui.panel import Panel
from gui.predictions.panel import PredictionsPanel
from gui.runs.run import Run
from gui.widgets.banner import Banners
from gui.widgets.theme import Theme
from gui.workbench import Workbench


class Centre(QFrame):
    """The tabs, by name, in the order of Ctrl+1 to Ctrl+5."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__()
        self.setObjectName("centre")
        self.banners = Banners()
        self.graph = LiveGraph()
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.setAccessibleName(self.tr("What is to be seen"))
        self._names: list[str] = []
        self._add("curves", self.tr("Curves"), self.graph)
        self._add("data", self.tr("Data"), DataPanel(bench))
        self._add("model", self.tr("Model"), ModelPanel(bench))
        self.predictions = PredictionsPanel(bench)
        self._add("predictions", self.tr("Predictions"), self.predictions)
        self.compare = ComparePanel(bench)
        self._add("compare", self.tr("Compare"), self.compare)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(8)
        column.addWidget(self.banners)
        column.addWidget(self.tabs, 1)

    def _add(self, name: str, title: str, widget: QWidget) -> None:
        self._names.append(name)
        self.tabs.addTab(widget, title)

    @property
    def names(self) -> list[str]:
        """The names of the tabs, in order."""
        return list(self._names)

    @property
    def panels(self) -> Iterator[Panel]:
        """The tabs beside the graph."""
        widgets = (self.tabs.widget(number) for number in range(self.tabs.count()))
        return (widget for widget in widgets if isinstance(widget, Panel))

    def tab(self, name: str) -> QWidget:
        """The tab of this name. Raises `ValueError`."""
        return self.tabs.widget(self._names.index(name))

    def bring_forward(self, name: str) -> None:
        """Show the tab of this name."""
        self.tabs.setCurrentIndex(self._names.index(name))

    def show_settings(self, config: RunConfig) -> None:
        """Tell every panel of other settings."""
        for panel in self.panels:
            panel.show_settings(config)

    def show_run(self, run: Run | None) -> None:
        """Tell every panel of the run in front."""
        for panel in self.panels:
            panel.show_run(run)

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        self.graph.set_theme(theme)
        for panel in self.panels:
            panel.set_theme(theme)
