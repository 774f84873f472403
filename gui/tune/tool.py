"""What the tools of the tab Tune have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import Signal

from gui.panel import Panel
from gui.training.twins import TwinGroup
from gui.workbench import Workbench


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


@dataclass(frozen=True)
class ToolEntry:
    """A tool as the tab lists it."""

    title: str
    explanation: str
    make: Callable[[Workbench], Tool]
