"""The Tune tab: its tools side by side, of which one is seen."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Signal, Slot
from PySide6.QtWidgets import QStackedLayout, QVBoxLayout, QWidget

from engine.config import RunConfig
from gui.panel import Panel
from gui.runs.run import Run
from gui.training.twins import TwinGroup
from gui.tune.tool import Tool, ToolEntry
from gui.widgets.segments import Segments
from gui.widgets.theme import Theme
from gui.workbench import Workbench


class TunePanel(Panel):
    """Each tool is made when it is first chosen."""

    settings_asked = Signal(object)
    runs_asked = Signal(object)
    twins_asked = Signal(object)
    stop_asked = Signal()
    continue_asked = Signal(object)

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._entries = tools()
        self._names = list(self._entries)
        self._made: dict[str, Tool] = {}
        self._twins: TwinGroup | None = None
        self.choice = Segments(self.tr("Tool"), [(each.title, each.explanation) for each in self._entries.values()])
        self._stack = QStackedLayout()
        self._places = {name: QWidget() for name in self._names}
        for place in self._places.values():
            self._stack.addWidget(place)
        column = QVBoxLayout(self)
        column.setContentsMargins(4, 12, 8, 4)
        column.setSpacing(12)
        column.addWidget(self.choice)
        column.addLayout(self._stack, 1)
        self.choice.chosen.connect(self._on_chosen)

    def tool(self, name: str) -> Tool:
        """The tool of this name, made if need be. Raises `KeyError`."""
        if name not in self._made:
            tool = self._made[name] = self._entries[name].make(self.bench)
            tool.settings_asked.connect(self.settings_asked)
            tool.runs_asked.connect(self.runs_asked)
            tool.twins_asked.connect(self.twins_asked)
            tool.stop_asked.connect(self.stop_asked)
            tool.continue_asked.connect(self.continue_asked)
            tool.set_theme(self.theme)
            if self.config is not None:
                tool.show_settings(self.config)
            tool.show_run(self.run)
            tool.show_twins(self._twins)
            column = QVBoxLayout(self._places[name])
            column.setContentsMargins(0, 0, 0, 0)
            column.addWidget(tool)
        return self._made[name]

    def bring_forward(self, name: str) -> Tool:
        """Show the tool of this name. Raises `KeyError`."""
        tool = self.tool(name)
        self.choice.current = self._names.index(name)
        self._stack.setCurrentWidget(self._places[name])
        return tool

    def end(self) -> None:
        """The window closes."""
        for tool in self._made.values():
            tool.end()

    def refresh(self) -> None:
        """Make what is seen: the tools themselves are told of everything."""
        if self._names:
            self.tool(self._names[self.choice.current])

    def show_settings(self, config: RunConfig) -> None:
        """The settings have changed."""
        super().show_settings(config)
        for tool in self._made.values():
            tool.show_settings(config)

    def show_run(self, run: Run | None) -> None:
        """Another run is in front, or it has come to the end of an epoch, or to its end."""
        super().show_run(run)
        for tool in self._made.values():
            tool.show_run(run)

    def show_twins(self, twins: TwinGroup | None) -> None:
        """Something has happened in runs that train side by side."""
        self._twins = twins
        for tool in self._made.values():
            tool.show_twins(twins)

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        super().set_theme(theme)
        for tool in self._made.values():
            tool.set_theme(theme)

    @Slot(int)
    def _on_chosen(self, place: int) -> None:
        self.bring_forward(self._names[place])


def tools() -> dict[str, ToolEntry]:
    """The tools by name, in their order; each is imported only when it is made."""
    return {
        "learning-rate": ToolEntry(
            _tr("Learning rate"), _tr("Find a learning rate for the settings on the left"), _learning_rate
        ),
        "data-curve": ToolEntry(
            _tr("Data curve"), _tr("Accuracy against the amount of training data, and what more would bring"),
            _data_curve,
        ),
        "ablation": ToolEntry(
            _tr("Ablation"), _tr("Which of the ticked techniques truly help: train without each of them"), _ablation
        ),
        "twin": ToolEntry(
            _tr("Twins"),
            _tr("Train two settings side by side, from the same weights and on the same batches: what differs in their "
                "curves comes from what differs in the settings"),
            _twin,
        ),
        "ensemble": ToolEntry(
            _tr("Ensemble"), _tr("Several trained networks together, by the mean of their probabilities"), _ensemble
        ),
        "search": ToolEntry(
            _tr("Search"), _tr("Many short runs over some of the settings, to find the best of them"), _search
        ),
    }  # fmt: skip


def _learning_rate(bench: Workbench) -> Tool:
    from gui.tune.learning_rate import LearningRateTool

    return LearningRateTool(bench)


def _data_curve(bench: Workbench) -> Tool:
    from gui.tune.data_curve import DataCurveTool

    return DataCurveTool(bench)


def _ablation(bench: Workbench) -> Tool:
    from gui.tune.ablation.tool import AblationTool

    return AblationTool(bench)


def _twin(bench: Workbench) -> Tool:
    from gui.tune.twin.panel import TwinTool

    return TwinTool(bench)


def _ensemble(bench: Workbench) -> Tool:
    from gui.tune.ensemble.tool import EnsembleTool

    return EnsembleTool(bench)


def _search(bench: Workbench) -> Tool:
    from gui.tune.search.tool import SearchTool

    return SearchTool(bench)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Tools", text)
