"""One input against the target, where samples are no images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyqtgraph as pg
from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from engine.config import RunConfig
from gui.background import Trouble
from gui.graph.plot import FigureAxis
from gui.settings.choice_row import QuietComboBox
from gui.widgets.drops import let_drops_pass
from gui.widgets.flow import FlowLayout
from gui.widgets.looks import give
from gui.widgets.theme import LIGHT, Theme
from gui.widgets.type_size import tabular
from gui.words import say
from gui.workbench import Workbench

if TYPE_CHECKING:
    from engine.preview.data_view import Cloud, Facts

SYMBOLS = {"training": "o", "validation": "d", "test": "t"}
"""Of the points of each part, as pyqtgraph calls them."""
ASIDE = {"training": 0.0, "validation": -0.14, "test": -0.28}
"""How far the points of each part are drawn from their class, so that they don't hide each other."""
LEAST = QSize(200, 240)
"""Of the plot."""
MOST_NAMES = 20
"""Classes that are named on the axis, at most."""
SIZES = {"training": 9, "validation": 7, "test": 6}


class _Plot(pg.PlotWidget):
    def __init__(self, *arguments: object, **options: object) -> None:
        super().__init__(*arguments, **options)
        let_drops_pass(self)

    def sizeHint(self) -> QSize:  # noqa: N802
        """As little as it is to have: it grows into what there is."""
        return LEAST


class Scatter(QWidget):
    """Points of every part, in the colours and shapes of their parts; the input is chosen above them."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__()
        self._bench = bench
        self._config: RunConfig | None = None
        self._theme: Theme = LIGHT
        self._classes: list[str] = []
        self.clouds: tuple[Cloud, ...] = ()
        self.feature = QuietComboBox()
        self.feature.setAccessibleName(self.tr("Input on the horizontal axis"))
        self.feature.setToolTip(self.tr("Which input is drawn, against the target."))
        self.legend = QLabel()
        self.trouble = QLabel()
        self.trouble.setTextFormat(Qt.TextFormat.PlainText)
        self.trouble.setWordWrap(True)
        self.trouble.hide()
        give(self.trouble, role="error")
        self.plot = _Plot(axisItems={"left": FigureAxis("left"), "bottom": FigureAxis("bottom")})
        self.plot.setAccessibleName(self.tr("Samples: an input against the target"))
        self.plot.setMenuEnabled(False)
        self.plot.hideButtons()
        menu = self.plot.plotItem.ctrlMenu
        menu.setParent(self.plot, menu.windowFlags())  # pyqtgraph makes it in any case, and would leave it behind
        self.plot.setMinimumSize(LEAST)
        for axis in ("left", "bottom"):
            self.plot.getAxis(axis).setStyle(tickFont=tabular(self.font()), tickLength=0)
            self.plot.getAxis(axis).enableAutoSIPrefix(False)
        self.plot.showGrid(x=True, y=True, alpha=0.12)
        head = FlowLayout(16, line_spacing=4)
        head.addWidget(self.feature)
        head.addWidget(self.legend)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self.trouble)
        column.addWidget(self.plot, 1)
        self.feature.activated.connect(self._ask)

    def show_parts(self, config: RunConfig, facts: Facts) -> None:
        """Show the samples of a data set."""
        self._config = config
        self._classes = [count.name for count in facts.classes]
        kept = max(0, self.feature.currentIndex())
        count = facts.shapes["training"][1]
        self.feature.clear()
        for number in range(count):
            self.feature.addItem(self.tr("Input {number}").format(number=number + 1))
        self.feature.setCurrentIndex(min(kept, count - 1))
        self.feature.setVisible(count > 1)
        self._ask()

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        self._theme = theme
        self._draw()

    @Slot()
    def _ask(self) -> None:
        bench, config, feature = self._bench, self._config, max(0, self.feature.currentIndex())
        assert config is not None

        def look() -> tuple[Cloud, ...]:
            from engine.preview.data_view import clouds_of

            return clouds_of(bench.parts(config), feature)

        bench.background.ask("data-clouds", look, self._show, self._failed)

    def _show(self, clouds: tuple[Cloud, ...]) -> None:
        self.trouble.hide()
        self.clouds = clouds
        self._draw()
        self.plot.autoRange()

    def _failed(self, trouble: Trouble) -> None:
        self.trouble.setText(say(trouble.text))
        self.trouble.show()

    def _draw(self) -> None:
        theme = self._theme
        colours = {"training": theme.train, "validation": theme.validation, "test": theme.muted}
        words = {"training": self.tr("training"), "validation": self.tr("validation"), "test": self.tr("test")}
        signs = {"training": "●", "validation": "◆", "test": "▼"}
        self.plot.setBackground(theme.surface)
        for axis in ("left", "bottom"):
            self.plot.getAxis(axis).setPen(pg.mkPen(theme.border))
            self.plot.getAxis(axis).setTextPen(pg.mkPen(theme.muted))
        self.plot.setLabel("left", self.tr("class") if self._classes else self.tr("target"), color=theme.muted)
        named = 0 < len(self._classes) <= MOST_NAMES
        self.plot.getAxis("left").setTicks([list(enumerate(self._classes))] if named else None)
        only = self.feature.count() < 2
        self.plot.setLabel("bottom", self.tr("input") if only else self.feature.currentText(), color=theme.muted)
        self.plot.clear()
        for cloud in reversed(self.clouds):  # the training samples on top
            y = cloud.y + (ASIDE[cloud.part] if self._classes else 0.0)
            self.plot.plot(
                cloud.x, y, pen=None, symbol=SYMBOLS[cloud.part], symbolSize=SIZES[cloud.part],
                symbolPen=pg.mkPen(theme.surface), symbolBrush=pg.mkBrush(colours[cloud.part]),
            )  # fmt: skip
        marks = [f'<span style="color: {colours[c.part]}">{signs[c.part]}</span> {words[c.part]}' for c in self.clouds]
        self.legend.setText("&nbsp;&nbsp; ".join(marks))
