"""What the network sees: the same images before and after augmentation and mixing, and those it is judged by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from engine.config import RunConfig
from engine.strategy import Strategy, overrides
from gui.background import Trouble
from gui.data.rows import PictureRows, Row
from gui.widgets.image_grid import Picture
from gui.widgets.looks import give
from gui.widgets.theme import Theme
from gui.words import say, title
from gui.workbench import Workbench

if TYPE_CHECKING:
    from engine.preview.batch_view import Mixture, Preview, Statistics
    from engine.preview.data_view import Facts

NAMED = 2
"""Classes of a mixture in a caption, at most."""
LEAST_NAMED = 0.02
"""Share of a class in a mixture below which a caption leaves it out."""


class AugmentationPreview(QWidget):
    """Redrawn with every change of the settings; the images stay, and so do the dice until they are cast again."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__()
        self._bench = bench
        self._config: RunConfig | None = None
        self._statistics: Statistics | None = None
        self._draw = 0
        self.heading = QLabel(self.tr("What the network sees"))
        give(self.heading, role="heading")
        self.again = QPushButton(self.tr("Draw again"))
        self.again.setToolTip(self.tr("Show what other random numbers make of the same images, as in a later epoch."))
        self.summary = QLabel()
        self.summary.setWordWrap(True)
        give(self.summary, role="muted")
        self.trouble = QLabel()
        self.trouble.setTextFormat(Qt.TextFormat.PlainText)
        self.trouble.setWordWrap(True)
        self.trouble.hide()
        give(self.trouble, role="error")
        self.rows = PictureRows()
        self.rows.setAccessibleName(self.tr("Images before and after augmentation"))
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self.heading, 1)
        top.addWidget(self.again)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(top)
        column.addWidget(self.summary)
        column.addWidget(self.trouble)
        column.addWidget(self.rows)
        self.again.clicked.connect(self._draw_again)

    def show_settings(self, config: RunConfig, facts: Facts) -> None:
        """Show what these settings make of the images; nothing is done where they make the same of them."""
        if self._config is not None and what_counts(config) == what_counts(self._config):
            return
        self._config, self._statistics = config, facts.statistics
        active = acting(config)
        self.again.setEnabled(bool(active))
        self.summary.setText(self._summary(active))
        self._ask()

    def forget(self) -> None:
        """Let the next settings be shown whatever they are: the data are others."""
        self._config, self._draw = None, 0

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        self.rows.set_theme(theme)

    def _summary(self, active: list[Strategy]) -> str:
        if active:
            steps = " → ".join(title(type(strategy)) for strategy in active)
            return self.tr("In this order: {steps}. In training only.").format(steps=steps)
        return self.tr(
            "Nothing ticked changes the images: the network is trained on them as they are stored. Tick a technique "
            "under Augmentation, or one under Regularization that mixes images, to see here what it does."
        )

    @Slot()
    def _draw_again(self) -> None:
        self._draw += 1
        self._ask()

    def _ask(self) -> None:
        bench, config, draw, statistics = self._bench, self._config, self._draw, self._statistics
        assert config is not None

        def look() -> Preview:
            from engine.preview.batch_view import preview

            return preview(config, bench.parts(config), draw, statistics)

        bench.background.ask("data-preview", look, self._show, self._failed)

    def _show(self, preview: Preview) -> None:
        self.trouble.setText("\n".join(say(text) for text in preview.troubles))
        self.trouble.setVisible(bool(preview.troubles))
        labels = [sample.label for sample in preview.before]
        mixtures = preview.mixtures or ((),) * len(labels)
        after = zip(preview.after, mixtures, labels, strict=True)
        rows = [
            Row(
                self.tr("Training"), self.tr("as stored"),
                tuple(Picture(sample.pixels, sample.label) for sample in preview.before),
            ),
            Row(
                self.tr("Training"), self.tr("as the network sees it"),
                tuple(
                    Picture(pixels, "\n".join(self._shares(mixture[:NAMED])), ", ".join(self._shares(mixture)) or label)
                    for pixels, mixture, label in after
                ),
            ),
        ]  # fmt: skip
        if preview.validation:
            rows.append(Row(
                self.tr("Validation"), self.tr("is never augmented"),
                tuple(Picture(sample.pixels, tip=sample.label) for sample in preview.validation),
            ))  # fmt: skip
        self.rows.show_rows(rows)

    def _failed(self, trouble: Trouble) -> None:
        self.trouble.setText(say(trouble.text))
        self.trouble.show()

    def _shares(self, mixture: Mixture) -> list[str]:
        """A mixed label: `70 % Coat`, `30 % Bag`."""
        told = [pair for pair in mixture if pair[1] >= LEAST_NAMED] or mixture[:1]
        return [self.tr("{share} % {name}").format(share=round(100 * share), name=name) for name, share in told]


def acting(config: RunConfig) -> list[Strategy]:
    """The ticked techniques that change a training batch, in their order."""
    mixing = [regularizer for regularizer in config.regularizers if overrides(regularizer, "mix")]
    return [*config.augmentations, *mixing]


def what_counts(config: RunConfig) -> tuple[object, ...]:
    """All in the settings that a preview depends on, besides the data."""
    return config.augmentations, config.regularizers, config.scaling, config.model, config.seed, config.batch_size
