"""What stands over a study: which one, what can be pressed, how far it is, and the best of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QProgressBar, QPushButton, QVBoxLayout, QWidget

from engine.searches.files import StudyFile
from gui.widgets.flow import FlowLayout
from gui.widgets.labels import text_label

LISTED = 200
"""Studies to choose from, at most: those that were written last."""


class Head(QWidget):
    """Its parts are arranged by the tool."""

    study_chosen = Signal(str)
    """By the user: the name of a study, empty for a new one."""

    def __init__(self) -> None:
        super().__init__()
        self.studies = QComboBox()
        self.studies.setAccessibleName(self.tr("Study"))
        self.studies.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.studies.setMinimumContentsLength(16)
        self.studies.addItem(self.tr("New search"), "")
        self.start = QPushButton()
        self.start.setProperty("primary", True)
        self.stop = QPushButton(self.tr("Stop"))
        self.stop.setToolTip(self.tr("Everything is kept: Continue goes on with it"))
        self.use_best = QPushButton(self.tr("Use the best settings"))
        self.use_chosen = QPushButton()
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(6)
        self.bar.setAccessibleName(self.tr("How far it is"))
        self.told, self.standing, self.best = text_label(role="muted"), text_label(), text_label()
        self._names: list[str] = []
        line = FlowLayout(8, line_spacing=4)
        for widget in (self.studies, self.start, self.stop, self.use_best, self.use_chosen):
            line.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(line)
        for widget in (self.bar, self.standing, self.best, self.told):
            column.addWidget(widget)
        self.studies.activated.connect(lambda place: self.study_chosen.emit(self.studies.itemData(place)))

    def show_studies(self, files: Sequence[StudyFile], shown: str) -> None:
        """List these, and the one that is shown even where there is no file of it yet."""
        names = [file.name for file in files[:LISTED]]
        names = names if not shown or shown in names else [shown, *names]
        if self.studies.view().isVisible():  # not under the user's hands
            return
        if names != self._names:
            self._names = names
            while self.studies.count() > 1:
                self.studies.removeItem(1)
            for name in names:
                self.studies.addItem(name, name)
        times = {file.name: datetime.fromtimestamp(file.changed) for file in files}
        for place, name in enumerate(names, 1):
            if name in times:
                tip = self.tr("Last written {time}").format(time=f"{times[name]:%Y-%m-%d %H:%M}")
                self.studies.setItemData(place, f"{name}\n{tip}", Qt.ItemDataRole.ToolTipRole)
        self.studies.setCurrentIndex(names.index(shown) + 1 if shown else 0)
        self.studies.setToolTip(shown)
