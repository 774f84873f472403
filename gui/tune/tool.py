"""What the tools of the tab Tune have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtGui import QHideEvent, QShowEvent

from gui.panel import Panel
from gui.training.twins import TwinGroup
from gui.workbench import Workbench

LOOK_MILLISECONDS = 2000
"""How often a tool that is seen looks what has become of the runs."""


class Tool(Panel):
    """One question about the settings on the left, and its answer. Like every panel it works only while it is seen."""

    settings_asked = Signal(object)
    """The `RunConfig` that is to stand on the left from now on."""
    runs_asked = Signal(object)
    """A list of `RunConfig`, each to be trained as a run of its own, one after another."""
    continue_asked = Signal(object)
    """The folder of a run that was left, and is to go on."""
    twins_asked = Signal(object)
    """A list of `RunConfig` that are to be trained side by side."""
    stop_asked = Signal()
    """What trains is to stop, with everything kept."""

    def show_twins(self, twins: TwinGroup | None) -> None:
        """Something has happened in the runs that train side by side, or did so last."""

    def end(self) -> None:
        """The window closes: what was started beside it ends."""


class WatchingTool(Tool):
    """One whose answer depends on the runs of the workspace: it watches them as long as it is seen."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(bench)
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MILLISECONDS)
        self._timer.timeout.connect(self._look)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Watch the runs from now on."""
        super().showEvent(event)
        self._timer.start()
        self._look()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        """Watch no more."""
        super().hideEvent(event)
        self._timer.stop()

    @Slot()
    def _look(self) -> None:
        """Ask, in the background, what runs there are."""
        raise NotImplementedError


@dataclass(frozen=True)
class ToolEntry:
    """A tool as the tab lists it."""

    title: str
    explanation: str
    make: Callable[[Workbench], Tool]
