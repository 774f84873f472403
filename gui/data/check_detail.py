"""One finding of a check: what it is, what to do, the setting that does it, its files, and their pictures."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from engine.config import RunConfig
from gui.background import Trouble
from gui.data.check_words import MENDS, check_words, mended, show_with_names
from gui.widgets.flow import FlowLayout
from gui.widgets.image_grid import ImageGrid, Picture
from gui.widgets.looks import give
from gui.widgets.theme import Theme
from gui.words import say
from gui.workbench import Workbench

if TYPE_CHECKING:
    from engine.data_checks.finding import DataCheck, Finding

PREVIEWS, EDGE = 12, 128
"""Pictures that are shown, at most, and about how many pixels they have."""


class CheckDetail(QWidget):
    """Shows a `Finding`. Emits `settings_asked` with the settings that mend it."""

    settings_asked = Signal(object)

    def __init__(self, bench: Workbench) -> None:
        super().__init__()
        self._bench = bench
        self._check: DataCheck | None = None
        self._config: RunConfig | None = None
        self.finding: Finding | None = None
        self.what, self.remedy, self.told = _label(""), _label("muted"), _label("muted")
        self.mend = QPushButton()
        self.mend.clicked.connect(self._mend)
        self.copy = QPushButton(self.tr("Copy names"))
        self.copy.setToolTip(self.tr("Copies the names of its files, a line each"))
        self.copy.clicked.connect(self._copy)
        self.open = QPushButton(self.tr("Open folder"))
        self.open.setToolTip(self.tr("Shows the folder of its first file"))
        self.open.clicked.connect(self._open)
        self.grid = ImageGrid()
        self.grid.setAccessibleName(self.tr("Its pictures"))
        self.grid.setMinimumHeight(150)
        buttons = FlowLayout(8, line_spacing=8)
        for button in (self.mend, self.copy, self.open):
            buttons.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 4, 0)
        column.setSpacing(8)
        column.addWidget(self.what)
        column.addWidget(self.remedy)
        column.addLayout(buttons)
        column.addWidget(self.told)
        column.addWidget(self.grid, 100)
        column.addStretch(1)

    def show_finding(self, check: DataCheck | None, finding: Finding | None) -> None:
        """Show this one, or nothing."""
        self._check, self.finding = check, finding
        self.setVisible(finding is not None)
        self.grid.show_pictures([])
        if finding is None or check is None:
            return
        show_with_names(self.what, say(finding.what))
        self.remedy.setText(say(finding.remedy))
        self.copy.setVisible(bool(finding.files))
        self.open.setVisible(bool(finding.files))
        self.grid.setVisible(bool(finding.files))
        self.show_settings(self._config)
        self._ask_for_pictures(check, finding)

    def show_settings(self, config: RunConfig | None) -> None:
        """Offer what mends the finding, unless the settings have it already."""
        self._config = config
        finding, check = self.finding, self._check
        self.mend.setVisible(finding is not None and finding.mend is not None)
        if finding is None or finding.mend is None or check is None or config is None:
            self.told.setVisible(False)
            return
        self.mend.setText(check_words(MENDS, finding.mend))
        new = mended(config, finding.mend, check, self._bench.catalogue)
        self.mend.setEnabled(new != config)
        self.mend.setToolTip(self.tr("Changes the settings on the left; undo brings yours back"))
        self.told.setText(self.tr("The settings on the left have it: it counts from the next run on."))
        self.told.setVisible(new == config)

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        self.grid.set_theme(theme)

    def _mend(self) -> None:
        if self.finding is None or self.finding.mend is None or self._check is None or self._config is None:
            return
        self.settings_asked.emit(mended(self._config, self.finding.mend, self._check, self._bench.catalogue))

    def _copy(self) -> None:
        if self.finding is not None:
            QGuiApplication.clipboard().setText("\n".join(self.finding.files))

    def _open(self) -> None:
        if self.finding is not None and self._check is not None and self.finding.files:
            path = _below(self._check, self.finding.files[0])
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(path if path.is_dir() else path.parent)))

    def _ask_for_pictures(self, check: DataCheck, finding: Finding) -> None:
        background = self._bench.background
        if not finding.files:
            background.forget("data-check-pictures")
            return
        background.ask(
            "data-check-pictures", lambda: _pictures(check, finding), lambda found: self._show(finding, found),
            self._ignore,
        )  # fmt: skip

    def _show(self, finding: Finding, pictures: list[Picture]) -> None:
        if finding is self.finding:
            self.grid.show_pictures(pictures)
            self.grid.setVisible(bool(pictures))

    def _ignore(self, trouble: Trouble) -> None:
        """A finding is told without its pictures too."""
        self.grid.setVisible(False)


def _pictures(check: DataCheck, finding: Finding) -> list[Picture]:
    """In the background: those of its files that can be read."""
    from engine.message import InputError
    from engine.pictures.files import read_picture

    pictures = []
    for name in finding.files[:PREVIEWS]:
        try:
            pixels = read_picture(_below(check, name), EDGE // 4)
        except InputError:
            continue
        pictures.append(Picture(pixels, name.rsplit("/", 1)[-1], name))
    return pictures


def _below(check: DataCheck, name: str) -> Path:
    return Path(os.path.expanduser(check.folder)) / name  # noqa: PTH111 it raises for no name of a user


def _label(role: str) -> QLabel:
    label = QLabel()
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    give(label, role=role)
    return label
