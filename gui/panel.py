"""What the tabs of the centre have in common."""

from __future__ import annotations

from PySide6.QtCore import QEvent
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QWidget

from engine.config import RunConfig
from gui.runs.run import Run
from gui.widgets.theme import LIGHT, Theme
from gui.workbench import Workbench


class Panel(QWidget):
    """Shows something of the settings and of the run in front. It is told of everything and works only while seen.

    A subclass overrides `refresh` (and `set_theme` where it draws by itself). It reads `self.config` and `self.run`,
    either of which may be None, asks `self.bench.background` for what takes long, and says what will be here where
    there is nothing to show yet.
    """

    def __init__(self, bench: Workbench) -> None:
        super().__init__()
        self.bench = bench
        self.theme: Theme = LIGHT
        self.config: RunConfig | None = None
        """The settings as they stand on the left; None until they are there."""
        self.run: Run | None = None
        """The run that the graph draws in front."""
        self._stale = True

    def show_settings(self, config: RunConfig) -> None:
        """The settings have changed."""
        self.config = config
        self.touch()

    def show_run(self, run: Run | None) -> None:
        """Another run is in front, or it has come to the end of an epoch, or to its end."""
        self.run = run
        self.touch()

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        self.theme = theme
        self.touch()

    def refresh(self) -> None:
        """Show what is to be shown now. Called when something has changed and the panel can be seen."""
        raise NotImplementedError

    def touch(self) -> None:
        """Something has changed: show it now, or as soon as the panel is seen."""
        self._stale = True
        if self.isVisible():
            self._refresh()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Catch up."""
        super().showEvent(event)
        if self._stale:
            self._refresh()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Say everything in another language."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange:
            self.touch()

    def _refresh(self) -> None:
        self._stale = False
        self.refresh()
