"""The places of the plots: the loss on top; under it accuracy, or the fit of a regression, and the learning rate."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QStackedWidget, QVBoxLayout, QWidget

from gui.graph.fit_plot import FitPlot
from gui.graph.plot import Plot
from gui.widgets.icons import icon
from gui.widgets.measured import by_type
from gui.widgets.theme import Theme

BESIDE_AXIS = 72
"""Pixels on the left where the numbers of an axis are."""


class LossPane(QWidget):
    """The loss, and over it what is said while there is nothing, and the way back to the whole."""

    def __init__(self, plot: Plot, parent: QWidget) -> None:
        super().__init__(parent)
        self.empty_text = QLabel(self.tr("Press Start to train: the curves appear here"), self)
        self.empty_text.setProperty("role", "muted")
        self.empty_text.setWordWrap(True)
        self.empty_text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty_text.setContentsMargins(BESIDE_AXIS, 0, 16, 0)
        self.empty_text.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.follow_button = QPushButton(self.tr("Follow"), self)
        self.follow_button.setToolTip(self.tr("Show the whole run and follow it (double-click the graph)"))
        self.follow_button.setIconSize(QSize(16, 16))
        self.follow_button.hide()
        corner = QHBoxLayout()
        corner.setContentsMargins(0, 0, 20, plot.axis_height() + 8)
        corner.addWidget(self.follow_button)
        over = QGridLayout(self)
        over.setContentsMargins(0, 0, 0, 0)
        over.addWidget(plot, 0, 0)
        over.addWidget(self.empty_text, 0, 0, Qt.AlignmentFlag.AlignVCenter)
        over.addLayout(corner, 0, 0, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignRight)
        self.empty_text.raise_()
        self.follow_button.raise_()

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        self.follow_button.setIcon(icon("follow", theme.text))

    def show_state(self, *, empty: bool, following: bool) -> None:
        """Say that there is nothing to see, or offer to follow what there is."""
        self.empty_text.setVisible(empty)
        self.follow_button.setVisible(not empty and not following)


class Pane(QWidget):
    """A plot under its heading."""

    def __init__(self, title: str, plot: Plot, parent: QWidget) -> None:
        super().__init__(parent)
        heading = QLabel(title, self)
        heading.setProperty("role", "heading")
        by_type(heading, lambda metrics: heading.setFixedHeight(metrics.height() + 8))  # as the heading of a fit
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(heading)
        column.addWidget(plot, 1)


class LowerPanes(QWidget):
    """Two panes; the learning rate takes the room of both where the other has nothing to show."""

    def __init__(self, accuracy: Plot, lr: Plot, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.fit = FitPlot(self, theme)
        self.accuracy = Pane(self.tr("Accuracy, %"), accuracy, self)
        self._left = QStackedWidget(self)
        self._left.addWidget(self.accuracy)
        self._left.addWidget(self.fit)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self._left, 1)
        row.addWidget(Pane(self.tr("Learning rate"), lr, self), 1)

    def show_kind(self, *, accuracy: bool, fit: bool) -> None:
        """Show what there is on the left: the fit where there is one, else the accuracy, else nothing."""
        self._left.setVisible(accuracy or fit)
        self._left.setCurrentWidget(self.fit if fit else self.accuracy)
