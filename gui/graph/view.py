"""What part of the curves is seen: one range of epochs for all plots, which follows the data until a hand moves it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from gui.graph.drawings import Plots, Ranges

DEFAULT_EPOCHS = 10
"""Seen where no run says how many it has."""
BEFORE, BEYOND = 0.005, 0.015
"""Room on either side of a whole run, as a share of its epochs."""


class GraphView(QObject):
    """The view of the three plots together."""

    moved = Signal()
    """Other epochs are to be seen, or the view follows no more: draw anew."""

    def __init__(self, plots: Plots, parent: QObject) -> None:
        super().__init__(parent)
        self._plots = plots
        self._linking = False
        self._epochs = DEFAULT_EPOCHS
        self.following = True
        """Whether the view follows the data; False once the user has moved it."""
        for plot in plots:
            plot.moved_by_hand.connect(self._on_moved_by_hand)
            plot.view.sigXRangeChanged.connect(self._on_x_range)

    @property
    def epochs(self) -> int:
        """How many epochs a whole run has: one at least."""
        return self._epochs

    @epochs.setter
    def epochs(self, epochs: int) -> None:
        self._epochs = max(1, epochs)

    def show_all_epochs(self) -> None:
        """Make all epochs of a run the visible ones, on all plots."""
        self.show_epochs(-BEFORE * self._epochs, (1 + BEYOND) * self._epochs)

    def follow(self) -> None:
        """Show everything, and follow the data from now on."""
        self.following = True
        for plot in self._plots:
            plot.forget_fit()

    def show_epochs(self, low: float, high: float) -> None:
        """Make these epochs the visible ones, on all plots."""
        self._linking = True
        for plot in self._plots:
            plot.show_epochs(low, high)
        self._linking = False

    def fit(self, found: Sequence[Ranges], above_loss: int) -> None:
        """Make these ranges of figures visible, with so many pixels free above the loss."""
        for plot, ranges in zip(self._plots, zip(*found, strict=True), strict=True):
            plot.fit((one for some in ranges for one in some), above_loss if plot is self._plots.loss else 0)

    def _on_moved_by_hand(self) -> None:
        self.following = False
        self.moved.emit()

    def _on_x_range(self, view: object, span: tuple[float, float]) -> None:
        if not self._linking:
            self.show_epochs(*span)
            self.moved.emit()
