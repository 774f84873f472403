"""What each technique did: a bar on a common scale, its figures, its verdict, and a button that leaves it out."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from engine.sweeps.ablation import Ablation, Effect, TechniqueEffects
from gui.tune.ablation import words
from gui.tune.ablation.bars import EffectBar, EffectScale, reach
from gui.widgets.segments import Segments
from gui.widgets.theme import LIGHT, Theme

FIGURES: dict[str, Callable[[TechniqueEffects], Effect | None]] = {
    "best": lambda each: each.best, "accuracy": lambda each: each.accuracy, "gap": lambda each: each.gap,
}  # fmt: skip


class AblationResults(QWidget):
    """Shows one figure at a time, of all techniques."""

    leave_out_asked = Signal(str)
    """The id of the technique that is to go."""

    def __init__(self) -> None:
        super().__init__()
        self._theme: Theme = LIGHT
        self._found: Ablation | None = None
        self._names: list[str] = []
        self.lines: list[EffectLine] = []
        self.figures: list[str] = []
        self.summary = QLabel()
        self.summary.setProperty("role", "heading")
        self.summary.setWordWrap(True)
        self.summary.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.choice: Segments | None = None
        self.scale = EffectScale()
        self.explained = QLabel()
        self.explained.setProperty("role", "muted")
        self.explained.setWordWrap(True)
        self._choices = QVBoxLayout()
        self._rows = QVBoxLayout()
        self._rows.setSpacing(12)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 4, 0)
        column.setSpacing(8)
        for each in (self.summary, self._choices, self._rows, self.scale, self.explained):
            column.addWidget(each) if isinstance(each, QWidget) else column.addLayout(each)
        column.addStretch(1)

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        self._theme = theme
        self.scale.set_theme(theme)
        for line in self.lines:
            line.bar.set_theme(theme)

    @property
    def figure(self) -> str:
        """The one that is seen: `best`, `accuracy` or `gap`."""
        return self.figures[self.choice.current] if self.choice is not None else "best"

    def show_ablation(self, found: Ablation, names: dict[str, str]) -> None:
        """Show what the runs say so far; the names are those of the techniques, by their ids."""
        figures = [name for name, of in FIGURES.items() if any(of(each) is not None for each in found.effects)]
        if found.monitor == "val_accuracy" and "accuracy" in figures:
            figures.remove("accuracy")  # it is the best
        self._found = found
        self._offer(figures, found.monitor)
        if self._names != list(names.values()) or len(self.lines) != len(found.effects):
            self._make_lines(found, names)
        self._show()

    def _offer(self, figures: list[str], monitor: str) -> None:
        titles = [words.figure_title(name, monitor) for name in figures]
        if self.choice is not None and self.choice.property("titles") == titles:
            return
        before = self.figure
        if self.choice is not None:
            self._choices.removeWidget(self.choice)
            self.choice.hide()
            self.choice.deleteLater()
        self.figures = figures
        self.choice = Segments(self.tr("Figure"), [(title, self.tr("Effects on this figure")) for title in titles])
        self.choice.setProperty("titles", titles)
        if before in figures:
            self.choice.current = figures.index(before)
        self.choice.chosen.connect(self._show)
        self._choices.addWidget(self.choice)
        self.choice.setVisible(len(figures) > 1)

    def _make_lines(self, found: Ablation, names: dict[str, str]) -> None:
        self._names = list(names.values())
        for line in self.lines:
            self._rows.removeWidget(line)
            line.hide()
            line.deleteLater()
        self.lines = [EffectLine(each.technique, names[each.technique]) for each in found.effects]
        for line in self.lines:
            line.bar.set_theme(self._theme)
            line.leave_out_asked.connect(self.leave_out_asked)
            self._rows.addWidget(line)

    @Slot()
    def _show(self) -> None:
        found, name = self._found, self.figure
        if found is None:
            return
        share = words.is_share(name, found.monitor)
        effects = [FIGURES[name](each) for each in found.effects]
        far = reach([each for each in effects if each is not None])
        for line, each in zip(self.lines, effects, strict=True):
            line.show_effect(each, far, len(found.plan.seeds), share=share)
        self.scale.show_scale(far, share=share)
        self.scale.setVisible(any(each is not None for each in effects))
        self.summary.setText(words.summary(found))
        self.explained.setText(self._explanation(name, share=share))

    def _explanation(self, name: str, *, share: bool) -> str:
        text = self.tr(
            "Bars: the figure with the technique less without it, mean over the seeds. Whiskers: 95 % interval of the "
            "paired differences (Student's t); where it holds zero, no effect was measured."
        )
        if name == "gap":
            text += " " + self.tr("Gap: validation loss less clean training loss, of the last epoch.")
        elif share:
            text += " " + self.tr("In percentage points; to the right is better.")
        else:
            text += " " + self.tr("To the left is better.")
        if len(self.lines) >= 5:
            text += " " + self.tr(
                "Of twenty techniques that do nothing about one seems to do something, by luck alone."
            )
        return text


class EffectLine(QWidget):
    """One technique."""

    leave_out_asked = Signal(str)

    def __init__(self, id: str, name: str) -> None:
        super().__init__()
        self._name = name
        self.verdict = QLabel()
        self.verdict.setTextFormat(Qt.TextFormat.PlainText)
        self.verdict.setWordWrap(True)
        self.bar = EffectBar()
        self.figures = QLabel()
        self.figures.setProperty("role", "muted")
        self.figures.setWordWrap(True)
        self.button = QPushButton(self.tr("Leave out"))
        self.button.setAccessibleName(self.tr("Leave out {technique}").format(technique=name))
        self.button.setToolTip(self.tr("Untick {technique} on the left").format(technique=name))
        self.button.clicked.connect(lambda: self.leave_out_asked.emit(id))
        head = QHBoxLayout()
        head.addWidget(self.verdict, 1)
        head.addWidget(self.button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addLayout(head)
        column.addWidget(self.bar)
        column.addWidget(self.figures)

    def show_effect(self, found: Effect | None, far: float, seeds: int, *, share: bool) -> None:
        """Show this, on a scale that goes so far; None where no pair is there yet."""
        verdict = words.verdict(found) if found is not None else self.tr("not there yet")
        self.verdict.setText(self.tr("{technique}: {verdict}").format(technique=self._name, verdict=verdict))
        figures = words.effect(found, share=share) if found is not None else ""
        if found is not None and found.pairs < seeds:
            of = self.tr("{pairs} of {seeds} seeds").format(pairs=found.pairs, seeds=seeds)
            figures = f"{figures} · {of}"
        self.figures.setText(figures)
        self.bar.show_effect(found, far, f"{self.verdict.text()} {figures}")
