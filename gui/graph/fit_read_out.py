"""What the curves of a fit come to at the x under the pointer."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from gui.graph.fit_curve import Line
from gui.widgets.theme import Theme
from gui.widgets.type_size import tabular

MAX_SHARE = 0.2
"""Of the height of what it stands in: the first curves are read, and those that matter are not hidden."""
MAX_NAME = 28
"""Letters of a curve's name, at most."""


class FitReadOut(QLabel):
    """A few lines in a corner of the plot, while the pointer is over it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setFont(tabular(self.font()))
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        self.setStyleSheet(f"background: {theme.surface}; color: {theme.text}; padding: 4px;")

    def show_at(self, x: float | None, curves: Iterable[tuple[str, Line]]) -> None:
        """Say the height at x of each curve that reaches there, by name; nothing where there is no x."""
        lines = [] if x is None else [f"x  {_figure(x)}"]
        for name, (xs, ys) in curves:
            if x is not None and len(xs) and xs[0] <= x <= xs[-1]:
                short = name if len(name) <= MAX_NAME else name[: MAX_NAME - 1] + "…"
                lines.append(f"{short}  {_figure(float(np.interp(x, xs, ys)))}")
        most = max(2, int(MAX_SHARE * self.parentWidget().height() / self.fontMetrics().lineSpacing()))
        self.setText("\n".join(lines[:most]))
        self.setVisible(len(lines) > 1)


def _figure(value: float) -> str:
    """Two decimals, which don't come and go as the pointer moves; a large number is short of them."""
    return f"{value:.2f}" if abs(value) < 1_000 else f"{value:.3g}"
