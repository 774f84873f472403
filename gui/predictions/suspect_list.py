"""The images whose labels may be wrong, as a list to go through elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QPushButton, QWidget

from engine.message import InputError
from gui.words import say

if TYPE_CHECKING:
    from engine.trained.predictions import Predictions


class SuspectList(QWidget):
    """A button that saves the list, and what came of it."""

    def __init__(self) -> None:
        super().__init__()
        self._predictions: Predictions | None = None
        self.save = QPushButton(self.tr("Save list as CSV…"))
        self.save.setToolTip(self.tr("File, label, and what the network takes it for: the surest first"))
        self.save.clicked.connect(self._save)
        self.told = QLabel()
        self.told.setProperty("role", "muted")
        self.told.setTextFormat(Qt.TextFormat.PlainText)
        self.told.setWordWrap(True)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.save)
        row.addWidget(self.told, 1)
        self.hide()

    def show_predictions(self, made: Predictions, *, visible: bool) -> None:
        """Offer the list of these predictions, where there is any."""
        if made is not self._predictions:
            self.told.clear()
        self._predictions = made
        self.setVisible(visible and bool(made.suspected.any()))

    @Slot()
    def _save(self) -> None:
        from engine.csv_file import table_file, write_table
        from engine.trained.suspects import suspects_csv

        made = self._predictions
        path = self.ask_file() if made is not None else None
        if made is None or path is None:
            return
        path = path if path.suffix else path.with_suffix(".csv")
        try:
            table_file(self.tr("The list"), str(path))
            write_table(path, suspects_csv(made.suspects()))
        except InputError as error:
            self.told.setText(say(error.message))
        else:
            self.told.setText(self.tr("Saved to {path}").format(path=path))

    def ask_file(self) -> Path | None:
        """Ask for a file to write; none where the user would rather not."""
        title = self.tr("Save list of labels that may be wrong")
        name, _ = QFileDialog.getSaveFileName(self, title, "labels.csv", "CSV (*.csv)")
        return Path(name) if name else None
