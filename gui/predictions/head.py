"""The head of the predictions: of which checkpoint and which part, and the figures."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from gui.numbers import NONE, count, loss, percent
from gui.widgets.type_size import tabular

if TYPE_CHECKING:
    from engine.trained.predictions import Predictions
    from engine.trained.reconstructions import Reconstructions

PARTS = ("validation", "test", "training")


class PredictionHead(QWidget):
    """What is shown, and its figures in one line that wraps between them."""

    part_chosen = Signal(str)
    classify_pressed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.part_box = QComboBox()
        for name, text in zip(PARTS, self._part_names(), strict=True):
            self.part_box.addItem(text, name)
        self.part_box.setAccessibleName(self.tr("Part of the data"))
        self.part_box.setToolTip(self.tr("The samples that are looked at; look at the test samples last"))
        self.part_box.activated.connect(self._chosen)
        self.classify = QPushButton(self.tr("Classify images…"))
        self.classify.setToolTip(self.tr("Choose image files, or drop files or a folder on the window"))
        self.classify.clicked.connect(self.classify_pressed)
        self.figures = QLabel()
        self.figures.setProperty("role", "headline")
        self.figures.setTextFormat(Qt.TextFormat.RichText)
        self.figures.setFont(tabular(self.font()))
        self.told = QLabel()
        self.told.setProperty("role", "muted")
        self.told.setTextFormat(Qt.TextFormat.PlainText)
        for label in (self.figures, self.told):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self.part_box)
        line.addStretch(1)
        line.addWidget(self.classify)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(line)
        column.addWidget(self.figures)
        column.addWidget(self.told)
        self.clear()

    @property
    def part(self) -> str:
        """The part that is chosen."""
        return str(self.part_box.currentData())

    def clear(self, text: str = "") -> None:
        """There are no figures; say why, or nothing."""
        self.figures.hide()
        self.told.setText(text)
        self.told.setVisible(bool(text))

    def show_predictions(self, made: Predictions | Reconstructions, which: str) -> None:
        """Show the figures; `which` says what kind of checkpoint it is."""
        self.figures.setText(" &nbsp; ".join(self._pairs(made)))
        self.figures.setToolTip(self._explanation(made))
        lines = [self.tr("{which}, epoch {epoch}").format(which=which, epoch=made.epoch)]
        if made.part == "test":
            lines.append(self.tr("look at the test samples last: whoever chooses by them flatters the figures"))
        if made.part == "training":
            lines.append(self.tr("it has learnt these samples: the figures say nothing of new ones"))
        self.told.setText(" · ".join(lines))
        self.figures.show()
        self.told.show()

    def _pairs(self, made: Predictions | Reconstructions) -> list[str]:
        """Figures in words, as rich text that does not break within a figure."""
        samples = _pair(self.tr("Samples"), count(len(made)))
        if made.task == "reconstruction":
            return [_pair(self.tr("Loss"), loss(made.loss)), samples]
        if made.task == "regression":
            figures = made.regression
            r2 = NONE if math.isnan(figures.r2) else f"{figures.r2:.3f}"
            pairs = [_pair("R²", r2), _pair("RMSE", loss(figures.rmse)), _pair("MAE", loss(figures.mae))]
            return [*pairs, _pair(self.tr("Loss"), loss(made.loss)), samples]
        low, high = made.interval
        f1 = made.figures.macro_f1
        between = f"{100 * low:.1f}–{percent(high)}"
        return [
            _pair(self.tr("Accuracy"), percent(made.accuracy), between),
            _pair(self.tr("Loss"), loss(made.loss)),
            _pair(self.tr("Macro F1"), NONE if math.isnan(f1) else f"{f1:.3f}"),
            samples,
        ]

    def _explanation(self, made: Predictions | Reconstructions) -> str:
        if made.task == "reconstruction":
            return self.tr("Between the scaled images and what is given back for them, as they are, not spoilt.")
        if made.task == "regression":
            return self.tr(
                "R²: share of the variance that is explained. RMSE: root of the mean squared error. "
                "MAE: mean absolute error."
            )
        return self.tr(
            "In brackets the 95 % interval of the accuracy (Wilson): with so few samples, the accuracy on others like "
            "them may lie anywhere in it. Macro F1: the mean of the classes' F1, so that rare classes count as much "
            "as common ones."
        )

    def _part_names(self) -> list[str]:
        return [self.tr("Validation samples"), self.tr("Test samples"), self.tr("Training samples")]

    def _chosen(self) -> None:
        self.part_chosen.emit(self.part)


def _pair(name: str, figure: str, more: str = "") -> str:
    kept = (text.replace(" ", "\N{NO-BREAK SPACE}") for text in (name, figure, f"({more})" if more else ""))
    name, figure, more = (escape(text) for text in kept)
    tail = f'\N{NO-BREAK SPACE}<span style="font-weight: 400">{more}</span>' if more else ""
    return f'<span style="font-weight: 400">{name}</span>\N{NO-BREAK SPACE}{figure}{tail}'
