"""Below the settings: what the run will take, and what changes mean while one is training."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from gui.widgets.measured import by_type
from gui.widgets.note import Note

TWO_LINES = "\N{HANGUL SYLLABLE GEUL}\n\N{HANGUL SYLLABLE GEUL}"
"""Hangul may be higher than what the font itself has."""


class SettingsFoot(QWidget):
    """Stands below the forms: above, it would move every line under the pointer when a run starts or ends."""

    fork_pressed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("settingsFoot")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.estimate = QLabel()
        self.estimate.setProperty("role", "muted")
        self.estimate.setWordWrap(True)
        self.estimate.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.estimate.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        lines = self.estimate.setMinimumHeight
        by_type(self.estimate, lambda metrics: lines(metrics.size(0, TWO_LINES).height()))  # nothing shifts
        self.estimate.setAccessibleName(self.tr("What the run will take"))
        self.estimate.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.warning = Note()
        self._next_run = QLabel(self.tr("A run is under way. Changes here count for the next one."))
        self._next_run.setProperty("role", "tag")
        self._next_run.setWordWrap(True)
        self.fork = QPushButton(self.tr("Fork here"))
        self.fork.setToolTip(self.tr(
            "Stop the run that is training, keep it, and go on from this moment with these settings as a new run."
        ))  # fmt: skip
        self.fork.clicked.connect(self.fork_pressed)
        self._lay_out()
        self.show_running(running=False, differs=False)

    def _lay_out(self) -> None:
        self._during = QWidget()
        line = QHBoxLayout(self._during)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        line.addWidget(self._next_run, 1)
        line.addWidget(self.fork, 0, Qt.AlignmentFlag.AlignVCenter)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 8, 16, 8)
        column.setSpacing(8)
        column.addWidget(self._during)
        column.addWidget(self.warning)
        column.addWidget(self.estimate)

    def show_running(self, *, running: bool, differs: bool) -> None:
        """Say that a run is training, and offer to fork where the settings differ from its own."""
        self._during.setVisible(running)
        self.fork.setVisible(running and differs)

    def show_estimate(self, text: str, warnings: Sequence[str]) -> None:
        """Say what the run will take, and warn where that is too much, or more than need be."""
        self.estimate.setText(text)
        self.warning.warn(warnings)
