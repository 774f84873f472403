"""The live graph: loss, accuracy and learning rate of a run, as it trains, over earlier runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QPixmap, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from engine.history import EpochRow, History
from gui import numbers
from gui.drawings import OverlayDrawing, Plots, Ranges, RunDrawing, overlay_style, styles
from gui.icons import icon
from gui.loss_header import LossHeader
from gui.marks import Marks
from gui.plot import Plot
from gui.run_curves import RunCurves
from gui.run_read_out import RunReadOut
from gui.theme import Theme, system_theme

DEFAULT_EPOCHS = 10
MAX_OVERLAYS = 6
"""Earlier runs on the graph, at most: the oldest goes when there are more."""


class LiveGraph(QWidget):
    """Three plots with one x, in epochs: loss on top, accuracy and learning rate below.

    Data may come as often as they like; `redraw` draws what is new. Until the user moves the view it follows
    the data, and then it stays where the user put it until `reset_view`.
    """

    log_toggled = Signal(bool)
    """Whether the loss is drawn on a logarithmic scale from now on."""

    def __init__(self, parent: QWidget | None = None, theme: Theme | None = None) -> None:
        super().__init__(parent)
        self._theme = theme or system_theme()
        self._run: RunCurves | None = None
        self._epochs = DEFAULT_EPOCHS
        self._best: int | None = None
        self.overlays: list[OverlayDrawing] = []
        self._overlays_made = 0
        self._overlays_visible = True
        self._following = True
        self._linking = False
        self._dirty = True
        self._cursor: float | None = None
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self.redraw)
        self.plots = Plots(
            Plot(self.tr("Loss"), self.tr("epoch"), self),
            Plot(self.tr("Accuracy"), "", self),
            Plot(self.tr("Learning rate"), "", self),
        )
        self.drawing = RunDrawing(self.plots)
        self.marks = Marks(self.plots, self._theme)
        self.header = LossHeader(self._theme, self)
        self._legend = self.header.legend
        self.read_out = RunReadOut(self._theme, self)
        self.empty_text = QLabel(self.tr("Press Start to train: the curves appear here"), self)
        self.follow_button = QPushButton(self.tr("Follow"), self)
        self._lay_out()
        self._connect()
        self.set_theme(self._theme)

    # --- a run --------------------------------------------------------------------------------

    def start(
        self,
        label: str,
        steps_per_epoch: int,
        epochs: int,
        history: History | None = None,
        resumed_epoch: float | None = None,
    ) -> None:
        """Begin another run of so many epochs; a run that has an epoch already stays as an overlay.

        `history` holds what the run has done before, and `resumed_epoch`, in epochs, where it goes on.
        """
        self.keep_as_overlay()
        self._run = RunCurves(label, steps_per_epoch, self.header.smoothing())
        self._epochs = max(1, epochs)
        if history is not None:
            self._mark_jumps(self._run.add_history(history))
            best = history.best("val_loss") or history.best("train_loss")
            if best is not None:
                self._set_best(best.epoch)
        if resumed_epoch is not None:
            self.mark(resumed_epoch, self.tr("resumed"))
        self._fill_read_out_cells()
        self.reset_view()

    def continue_run(self, epochs: int) -> None:
        """Go on with the same run, up to this total of epochs."""
        self._epochs = max(1, epochs)
        self._draw_soon()

    def add_steps(self, rows: Iterable[Sequence[float]]) -> None:
        """Add steps to the present run: rows of step (counted from 1), loss and learning rate."""
        if self._run is not None:
            self._mark_jumps(self._run.add_steps(rows))
            self._dirty = True

    def add_epoch(self, row: EpochRow, best: bool) -> None:
        """Add an epoch to the present run, and say whether it is the best so far."""
        if self._run is not None:
            self._run.rows.append(row)
            if best:
                self._set_best(row.epoch)
            self._dirty = True

    def mark(self, x_epochs: float, word: str) -> None:
        """Draw a vertical line at this x, in epochs, with a word or two.

        Jumps of the learning rate and the best epoch are marked without being asked for.
        """
        self.marks.add(x_epochs, word)
        self._draw_soon()

    # --- earlier runs -------------------------------------------------------------------------

    def keep_as_overlay(self) -> None:
        """Make the present run an earlier one, if it has at least one epoch; then there is no present run."""
        run, self._run = self._run, None
        self.marks.clear()
        self._best = None
        if run is not None and run.rows:
            history = History()
            history.epochs = run.rows
            self.overlay(run.label, history)
        self._draw_soon()

    def overlay(self, label: str, history: History) -> None:
        """Draw an earlier run, by its epochs, behind the present one."""
        run = RunCurves(label, 1)
        run.rows = list(history.epochs)
        drawing = OverlayDrawing(self.plots, run, self._free_number())
        drawing.set_theme(self._theme)
        self.overlays.append(drawing)
        self._legend.add(self._key(drawing), label, overlay_style(self._theme, drawing.number), self._theme)
        if len(self.overlays) > MAX_OVERLAYS:
            self._remove_overlay(self.overlays[0])
        self._fill_read_out_cells()
        self._draw_soon()

    def remove_overlays(self) -> None:
        """Remove all earlier runs."""
        for drawing in list(self.overlays):
            self._remove_overlay(drawing)
        self._fill_read_out_cells()
        self._draw_soon()

    def set_overlays_visible(self, visible: bool) -> None:
        """Show or hide all earlier runs."""
        self._overlays_visible = visible
        for drawing in self.overlays:
            self._legend.entry(self._key(drawing)).setVisible(visible)
        self._fill_read_out_cells()
        self._draw_soon()

    # --- the view -----------------------------------------------------------------------------

    @property
    def following(self) -> bool:
        """Whether the view follows the data; False once the user has moved it."""
        return self._following

    def reset_view(self) -> None:
        """Show the whole run, and follow it from now on."""
        self._following = True
        self.follow_button.hide()
        for plot in self.plots:
            plot.forget_fit()
        self._draw_soon()

    def set_log(self, log: bool) -> None:
        """Draw the loss on a logarithmic scale, or on a linear one."""
        self.header.log.setChecked(log)

    def set_smoothing(self, weight: float) -> None:
        """Smooth the training loss of the steps: what the moving average keeps at each, from 0 to 0.99."""
        self.header.slider.setValue(round(100 * weight))

    def set_theme(self, theme: Theme) -> None:
        """Take another palette."""
        self._theme = theme
        for plot in self.plots:
            plot.set_theme(theme)
        self.drawing.set_theme(theme)
        self.marks.set_theme(theme)
        looks = styles(theme)
        for key in self.header.names():
            self._legend.entry(key).set_look(looks[key], theme)
        for drawing in self.overlays:
            drawing.set_theme(theme)
            self._legend.entry(self._key(drawing)).set_look(overlay_style(theme, drawing.number), theme)
        self.follow_button.setIcon(icon("follow", theme.text))
        self.setStyleSheet(f"LiveGraph {{ background: {theme.surface}; }}")
        self._fill_read_out_cells()
        self._draw_soon()

    def save_image(self, path: str | Path) -> None:
        """Write what is to be seen as a PNG file, at twice the window's size in pixels; OSError where it can't be."""
        self.redraw()
        image = QPixmap(2 * self.size())
        image.setDevicePixelRatio(2)
        image.fill(self._theme.surface)
        self.render(image)
        if not image.save(str(path), "PNG"):
            raise OSError(f"{path} could not be written")

    def redraw(self) -> None:
        """Draw what has changed since the last time, if anything has and the graph can be seen."""
        if not self._dirty or not self.isVisible():
            return
        self._dirty = False
        self._soon.stop()
        if self._following:
            self._show_epochs(-0.005 * self._epochs, 1.015 * self._epochs)
        found = [self._draw_overlay(drawing) for drawing in self.overlays]
        log = self.header.log.isChecked()
        found.append(self.drawing.draw(self._run or RunCurves("", 1), log, self._best))
        self.marks.place()
        if self._following:
            self._fit(found)
        self.empty_text.setVisible(self._run is None and not self.overlays)
        self._fill_read_out()

    # --- within -------------------------------------------------------------------------------

    def _draw_soon(self) -> None:
        """Draw when the present event is done: what the user does must not wait for the owner's timer."""
        self._dirty = True
        self._soon.start()

    def _draw_overlay(self, drawing: OverlayDrawing) -> Ranges:
        return drawing.draw(self.header.log.isChecked(), self._overlays_visible and drawing.visible)

    def _fit(self, found: list[Ranges]) -> None:
        for plot, ranges in zip(self.plots, zip(*found, strict=True), strict=False):
            above = self.marks.height() if plot is self.plots.loss else 0
            plot.fit((one for some in ranges for one in some), above)

    def _show_epochs(self, low: float, high: float) -> None:
        self._linking = True
        for plot in self.plots:
            plot.show_epochs(low, high)
        self._linking = False

    def _set_best(self, epoch: int) -> None:
        self._best = epoch
        self.marks.set_best(epoch, self.tr("best, epoch {epoch}").format(epoch=epoch))

    def _mark_jumps(self, jumps: list[tuple[float, float]]) -> None:
        for x, factor in jumps:
            self.mark(x, self.tr("lr {factor}").format(factor=numbers.factor(factor)))

    def _free_number(self) -> int:
        used = {drawing.number for drawing in self.overlays}
        return next(number for number in range(len(used) + 1) if number not in used)

    def _key(self, drawing: OverlayDrawing) -> str:
        return f"overlay-{drawing.number}"

    def _remove_overlay(self, drawing: OverlayDrawing) -> None:
        drawing.remove()
        self.overlays.remove(drawing)
        self._legend.remove(self._key(drawing))

    def _fill_read_out_cells(self) -> None:
        self.read_out.show_cells(self._theme, self._shown_overlays())

    def _fill_read_out(self) -> None:
        self.read_out.show_figures(self._cursor, self._run, self._shown_overlays())

    def _shown_overlays(self) -> list[OverlayDrawing]:
        return self.overlays if self._overlays_visible else []

    def _connect(self) -> None:
        for plot in self.plots:
            plot.moved_by_hand.connect(self._on_moved_by_hand)
            plot.double_clicked.connect(self.reset_view)
            plot.hovered.connect(self._on_hovered)
            plot.view.sigXRangeChanged.connect(self._on_x_range)
        self._legend.toggled.connect(self._on_legend)
        self.header.log_toggled.connect(self._on_log)
        self.header.log_toggled.connect(self.log_toggled)
        self.header.smoothing_changed.connect(self._on_smoothing)
        self.follow_button.clicked.connect(self.reset_view)

    def _lay_out(self) -> None:
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.empty_text.setProperty("role", "muted")
        self.empty_text.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.follow_button.setToolTip(self.tr("Show the whole run and follow it (double-click the graph)"))
        self.follow_button.setIconSize(QSize(16, 16))
        self.follow_button.hide()
        over = QGridLayout()
        over.addWidget(self.plots.loss, 0, 0)
        over.addWidget(self.empty_text, 0, 0, Qt.AlignmentFlag.AlignCenter)
        corner = QHBoxLayout()
        corner.setContentsMargins(0, 0, 20, self.plots.loss.axis_height() + 8)
        corner.addWidget(self.follow_button)
        over.addLayout(corner, 0, 0, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignRight)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 4, 8)
        column.setSpacing(4)
        column.addWidget(self.header)
        column.addLayout(over, 13)
        column.addLayout(self._lower_plots(), 8)
        column.addWidget(self.read_out)

    def _lower_plots(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(8)
        for title, plot in ((self.tr("Accuracy, %"), self.plots.accuracy), (self.tr("Learning rate"), self.plots.lr)):
            label = QLabel(title, self)
            label.setProperty("role", "heading")
            column = QVBoxLayout()
            column.setSpacing(0)
            column.addWidget(label)
            column.addWidget(plot, 1)
            row.addLayout(column, 1)
        return row

    # --- what the user does -------------------------------------------------------------------

    def _on_moved_by_hand(self) -> None:
        self._following = False
        self.follow_button.setVisible(self._run is not None or bool(self.overlays))
        self._draw_soon()

    def _on_x_range(self, view: object, span: tuple[float, float]) -> None:
        if self._linking:
            return
        self._show_epochs(*span)
        self._draw_soon()

    def _on_hovered(self, x: float | None) -> None:
        self._cursor = x if self._run is not None or self.overlays else None
        for plot in self.plots:
            plot.set_cursor(self._cursor)
        self._fill_read_out()

    def _on_legend(self, key: str, shown: bool) -> None:
        if key in self.header.names():
            self.drawing.hidden ^= {key}
        for drawing in self.overlays:
            if self._key(drawing) == key:
                drawing.visible = shown
        self._draw_soon()

    def _on_log(self, log: bool) -> None:
        self.plots.loss.set_log(log)
        if not self._following:
            self.reset_view()  # the numbers of the old scale mean nothing on the new one
        self._draw_soon()

    def _on_smoothing(self, weight: float) -> None:
        if self._run is not None:
            self._run.smooth(weight)
        self._draw_soon()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Draw anew: curves are thinned to the width, words placed by it."""
        super().resizeEvent(event)
        self._draw_soon()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Draw what came in while the graph could not be seen."""
        super().showEvent(event)
        self._soon.start()
