"""All figures of one layer, over the plot that it is pointed at in."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from engine.inside.record import LayerLook
from gui.compare.words import escaped
from gui.graph.plot import Plot
from gui.model.inside.words import figure, quantities, short
from gui.widgets.theme import Theme
from gui.widgets.type_size import tabular

MARGIN = 8


class LayerReadOut(QLabel):
    """Stands in the corner of the plot that the pointer is not in."""

    def __init__(self, plot: Plot) -> None:
        super().__init__(plot)
        self._plot = plot
        self.setObjectName("readOut")
        self.setTextFormat(Qt.TextFormat.RichText)
        self.setFont(tabular(self.font()))
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        self.setStyleSheet(
            f"background: {theme.surface}; border: 1px solid {theme.border}; border-radius: 4px; padding: 4px 8px;"
        )

    def show_layer(self, number: int, count: int, rows: Sequence[tuple[str, LayerLook | None]], *, left: bool) -> None:
        """Tell of a layer in each run, which comes with its colour, on the left or on the right."""
        name = next((row.layer for _, row in rows if row is not None), "")
        heading = self.tr("Layer {number} of {count}: {name}").format(
            number=number, count=count, name=escaped(short(name))
        )
        lines = [f"<tr><td colspan='{1 + len(rows)}'>{heading}</td></tr>"]
        for quantity in quantities():
            values = [None if row is None else getattr(row, quantity.name) for _, row in rows]
            if any(value is not None for value in values):
                cells = "".join(
                    f"<td align='right'>&nbsp;&nbsp;<font color='{colour}'>{figure(quantity, value)}</font></td>"
                    for (colour, _), value in zip(rows, values, strict=True)
                )
                lines.append(f"<tr><td>{escaped(quantity.title)}</td>{cells}</tr>")
        self.setText(f"<table cellspacing='0'>{''.join(lines)}</table>")
        self.adjustSize()
        axis = round(self._plot.figures.width())
        right = self._plot.width() - self.width() - MARGIN - 12
        self.move(max(0, axis + MARGIN if left else right), MARGIN)
        self.raise_()
        self.show()
