"""How far the run is: a thin bar under one line of figures that never shifts."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from gui import numbers
from gui.language import said_again
from gui.training.progress import Progress
from gui.widgets.measured import by_type
from gui.widgets.progress_bar import ProgressBar
from gui.widgets.running_line import RunningLine

SPACE = "\N{FIGURE SPACE}"
STEPS = 1000


class RunBar(QWidget):
    """The right part of the toolbar."""

    def __init__(self) -> None:
        super().__init__()
        self._texts: Sequence[str] = ("",)
        self.label = RunningLine()
        self.bar = ProgressBar()
        self.bar.setRange(0, STEPS)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(self.tr("Progress of the run"))
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 4, 8, 4)
        column.setSpacing(4)
        column.addWidget(self.label)
        column.addWidget(self.bar)
        by_type(self.label, lambda _: self._fit())

    def show_text(self, text: str, fraction: float | None = 0.0) -> None:
        """Show a text; a fraction of None is a bar that only says that something goes on."""
        self._set_texts((text,))
        self.bar.setRange(0, 0 if fraction is None else STEPS)
        if fraction is not None:
            self.bar.setValue(round(fraction * STEPS))

    def show_progress(self, progress: Progress, *, paused: bool) -> None:
        """Show how far the run is, in as many words as there is room for."""
        self._set_texts([" · ".join(words) for words in self._variants(progress, paused)])
        self.bar.setRange(0, STEPS)
        self.bar.setValue(round(progress.fraction * STEPS))
        self.bar.setAccessibleDescription(self.label.text())

    def _variants(self, progress: Progress, paused: bool) -> list[list[str]]:
        """The figures, from all of them to the one that matters most."""
        epoch = self.tr("epoch {epoch} of {epochs}").format(
            epoch=_padded(progress.epoch, progress.epochs), epochs=progress.epochs
        )
        if paused:
            return [[epoch, self.tr("paused")]]
        left = self.tr("{time} left").format(time=numbers.duration(progress.seconds_left).rjust(5, SPACE))
        step = self.tr("step {step} of {steps}").format(
            step=_padded(progress.batch, progress.steps_per_epoch), steps=progress.steps_per_epoch
        )
        unit = self.tr("images/s")
        rate = numbers.rate(progress.samples_per_second, unit).rjust(len(f"999,999 {unit}"), SPACE)
        return [[epoch, step, rate, left], [epoch, rate, left], [epoch, left], [epoch]]

    def _set_texts(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self._fit()

    def _fit(self) -> None:
        room = self.width() - 16
        metrics = self.label.fontMetrics()
        fitting = [text for text in self._texts if metrics.horizontalAdvance(text) <= room]
        text = fitting[0] if fitting else metrics.elidedText(self._texts[-1], Qt.TextElideMode.ElideRight, room)
        if text != self.label.text():
            self.label.setText(text)
        self.label.setToolTip("" if text == self._texts[0] else self._texts[0])

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Say it in another language."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange:
            self._set_texts([said_again(text) for text in self._texts])

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Say more or less in another width."""
        super().resizeEvent(event)
        self._fit()


def _padded(number: int, total: int) -> str:
    return str(number).rjust(len(str(total)), SPACE)
