"""The live graph: loss, accuracy and learning rate of a run, as it trains, over earlier runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from PySide6.QtCore import QEvent, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QContextMenuEvent, QGuiApplication, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.history import EpochRow, History
from gui.graph import words as graph_words
from gui.graph.band import Band, BandDrawing
from gui.graph.drawings import Plots, RunDrawing
from gui.graph.export import Export
from gui.graph.loss_header import LossHeader
from gui.graph.marks import Marks
from gui.graph.menu import GraphMenu
from gui.graph.overlays import Fit, OverlayDrawing, Overlays
from gui.graph.panes import LossPane, LowerPanes
from gui.graph.plot import Plot
from gui.graph.present_run import PresentRun
from gui.graph.run_read_out import RunReadOut
from gui.graph.view import GraphView
from gui.widgets.theme import Theme, system_theme
from gui.widgets.turns import PaintTurns

MINIMUM_HEIGHT = 36
"""Pixels of each plot above its axis."""
LEGEND_SHARE = 0.2
"""Of the graph's height, what the legend may take before its names are cut."""


class LiveGraph(QWidget):
    """Three plots with one x, in epochs: loss on top, accuracy and learning rate below.

    A regression of one input has its points and its fit in place of the accuracy. Data may come as often as they
    like; `redraw` draws what is new. Until the user moves the view it follows the data, and then it stays where the
    user put it until `reset_view`.
    """

    log_toggled = Signal(bool)
    """Whether the loss is drawn on a logarithmic scale from now on."""
    picture_asked = Signal()
    """The user wants to save the graph as a picture: whoever asks for a file's name then calls `save`."""
    figures_asked = Signal()
    """The same for the figures."""

    def __init__(self, parent: QWidget | None = None, theme: Theme | None = None) -> None:
        super().__init__(parent)
        self._theme = theme or system_theme()
        self._run: PresentRun | None = None
        self._dirty = True
        self._cursor: float | None = None
        self._described: tuple[str, int] | None = None
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self.redraw)
        self.header = LossHeader(self._theme, self)
        self.plots = Plots(
            Plot(self.tr("Loss"), self.tr("epoch"), self),
            Plot(self.tr("Accuracy"), "", self),
            Plot(self.tr("Learning rate"), "", self),
        )
        self.view = GraphView(self.plots, self)
        self.drawing = RunDrawing(self.plots)
        self.marks = Marks(self.plots, self._theme)
        self.loss_pane = LossPane(self.plots.loss, self)
        self.panes = LowerPanes(self.plots.accuracy, self.plots.lr, self._theme, self)
        self._overlays = Overlays(self.plots, self.header.legend, self._theme)
        self.band = BandDrawing(self.plots, self.header.legend, self.tr("expected"), self._theme)
        self.read_out = RunReadOut(self._theme, self)
        self.menu = GraphMenu(self)
        self.setAccessibleName(self.tr("Curves"))
        self._turns = PaintTurns((self.loss_pane, self.panes, self.read_out), self)
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
        changes: Iterable[tuple[int, str, float, float]] = (),
        forked_epoch: float | None = None,
        forked_from: str = "",
        monitor: str = "val_loss",
    ) -> None:
        """Begin another run of so many epochs; a run that has an epoch already stays as an overlay.

        `history` holds what the run has done before, and `resumed_epoch`, in epochs, where it goes on. `changes` made
        in it (step, field, old, new) are marked again. A fork has left the run `forked_from` at `forked_epoch`: what
        it has of that run is faint, and not drawn a second time where that run is on the graph. `monitor` is the
        figure by which an epoch of the past is the best.
        """
        self.keep_as_overlay()
        run = self._run = PresentRun(label, steps_per_epoch, self.marks, self.header.smoothing())
        self.view.epochs = epochs
        run.mark_changes(changes)
        if forked_epoch is not None:
            run.leave(forked_from, forked_epoch)
        if history is not None:
            run.take_past(history, monitor)
        if resumed_epoch is not None:
            self.mark(resumed_epoch, self.tr("resumed"))
        self._show_overlays()
        self.reset_view()

    def continue_run(self, epochs: int) -> bool:
        """Go on with the same run, up to this total of epochs; returns whether they are more and marked as such."""
        more = epochs - self.view.epochs
        self.view.epochs = epochs
        if self._run is not None and more > 0:
            self._run.mark_extended(more)
        self._draw_soon()
        return more > 0

    def add_steps(self, rows: Iterable[Sequence[float]]) -> None:
        """Add steps to the present run: rows of step (counted from 1), loss and learning rate."""
        if self._run is not None:
            self._run.add_steps(rows)
            self._dirty = True

    def add_epoch(self, row: EpochRow, best: bool) -> None:
        """Add an epoch to the present run, and say whether it is the best so far."""
        if self._run is not None:
            self._run.add_epoch(row, best)
            self._dirty = True

    def show_points(self, training: Fit | None, validation: Fit | None = None, truth: Fit | None = None) -> None:
        """The present run is a regression of one input: show its points, and the line that they scatter about."""
        if self._run is not None:
            self._run.is_regression = True
        self.panes.fit.set_points(*(line and tuple(map(np.asarray, line)) for line in (training, validation, truth)))
        self._draw_soon()

    def add_fit(self, x: Sequence[float], y: Sequence[float]) -> None:
        """The present run's fit from now on; it stays with the run when that becomes an earlier one."""
        if self._run is not None:
            self._run.set_fit((x, y))
            self._overlays.keep_fit(self._run.label, (x, y))
            self.panes.fit.set_fit(x, y, self._run.label)
            self._dirty = True

    def keep_fit(self, label: str, fit: Fit) -> None:
        """What an earlier run of this name has learnt, for when it is drawn; it was seen training elsewhere."""
        self._overlays.keep_fit(label, fit)

    def mark(self, x_epochs: float, word: str) -> None:
        """Draw a vertical line at this x, in epochs, with a word or two.

        Jumps of the learning rate and the best epoch are marked without being asked for.
        """
        self.marks.add(x_epochs, word)
        self._draw_soon()

    def mark_changed(self, x_epochs: float, old: float, new: float) -> None:
        """Mark a learning rate that was changed by hand, in place of the jump that its steps show."""
        if self._run is not None:
            self._run.mark_lr(x_epochs, old, new)
            self._draw_soon()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Another language: the words on the marks and below the plots change, too."""
        super().changeEvent(event)
        if event.type() is QEvent.Type.LanguageChange:
            self.marks.say_again()
            self._show_overlays()
            self._fill_read_out()

    def mark_crossing(self, crossing: int | None, least: int | None) -> None:
        """Mark where validation crosses training, and where it is least if the best epoch is another; None: nowhere."""
        best = self._run.best if self._run is not None else None
        moved = self.marks.set_found("crossing", crossing, graph_words.crossing())
        moved |= self.marks.set_found("least", None if least == best else least, graph_words.least())
        if moved:
            self._draw_soon()

    # --- earlier runs -------------------------------------------------------------------------

    @property
    def overlays(self) -> list[OverlayDrawing]:
        """The earlier runs on the graph, oldest first."""
        return self._overlays.drawings

    def keep_as_overlay(self) -> None:
        """Make the present run an earlier one, if it has at least one epoch; then there is no present run."""
        run, self._run = self._run, None
        self.marks.clear()
        self.panes.fit.clear()
        if run is not None and run.rows:
            self._overlays.add(run.label, run.record)
        self._show_overlays()

    def overlay(self, label: str, history: History, fit: Fit | None = None) -> None:
        """Draw an earlier run, by its epochs, behind the present one; `fit` is that of a run not seen training."""
        self._overlays.add(label, history, fit)
        self._show_overlays()

    def remove_overlays(self) -> None:
        """Remove all earlier runs."""
        self._overlays.clear()
        self._show_overlays()

    def set_overlays_visible(self, visible: bool) -> None:
        """Show or hide all earlier runs."""
        self._overlays.set_visible(visible)
        self._show_overlays()

    def expect(self, loss: Band | None, accuracy: Band | None = None) -> None:
        """Draw in grey, behind all curves, where validation loss and accuracy are expected; None: nowhere."""
        self.band.set(loss, accuracy)
        self._draw_soon()

    # --- the view -----------------------------------------------------------------------------

    @property
    def following(self) -> bool:
        """Whether the view follows the data; False once the user has moved it."""
        return self.view.following

    def reset_view(self) -> None:
        """Show the whole run, and follow it from now on."""
        self.view.follow()
        self.panes.fit.reset_view()
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
        self.panes.fit.set_theme(theme)
        self._overlays.set_theme(theme)
        self.band.set_theme(theme)
        self.header.set_theme(theme)
        self.loss_pane.set_theme(theme)
        self.setStyleSheet(f"LiveGraph {{ background: {theme.surface}; }}")
        self._show_overlays()

    def redraw(self) -> None:
        """Draw what has changed since the last time, if anything has and the graph can be seen."""
        if not self._dirty or not self.isVisible():
            return
        self._dirty = False
        self._soon.stop()
        if self.following:
            if self._run is None and self.overlays:
                self.view.epochs = max(len(drawing.run.rows) for drawing in self.overlays)
            self.view.show_all_epochs()
        log = self.header.log.isChecked()
        run = self._run or PresentRun("", 1, self.marks)
        fork = run.fork(self._overlays.shows)
        found = [self.band.draw(log), *self._overlays.draw(log, run, fork)]
        self.drawing.set_fork(fork)
        found.append(self.drawing.draw(run, log, run.best))
        self.marks.place()
        if self.following:
            self.view.fit(found, self.marks.height())
        self._show_state()
        self._fill_read_out()
        self.panes.fit.redraw()

    def redraw_in_turns(self) -> None:
        """As `redraw`, by itself and again and again: what it changes is painted plot by plot, in turns."""
        if self._dirty and self.isVisible():
            self._turns.begin()
            self.redraw()

    # --- taking it out ------------------------------------------------------------------------

    def copy(self) -> None:
        """Put the picture on the clipboard."""
        QGuiApplication.clipboard().setImage(self._export().image())

    def save(self, path: str | Path) -> None:
        """Write a file, whole or not at all: `.png` at twice the size, `.svg`, or the figures as `.csv`.

        Raises `InputError` for another suffix, `OSError` where the file can't be written.
        """
        self._export().save(Path(path))

    def _export(self) -> Export:
        self._on_hovered(None)  # a picture has no pointer in it
        self.redraw()
        parts = (*self.header.parts(), self.plots.loss, self.loss_pane.empty_text, self.panes, self.read_out)
        shown = self._overlays.shown()
        fits = [(self._run.label, self._run.fit)] if self._run is not None else []
        fits += [(drawing.run.label, drawing.fit) for drawing in shown]
        return Export(
            whole=self,
            parts=[part for part in parts if part.isVisible()],
            ground=self._theme.surface,
            run=self._run,
            earlier=[drawing.run for drawing in shown],
            fits=[(label, fit) for label, fit in fits if fit is not None],
        )

    # --- within -------------------------------------------------------------------------------

    def _draw_soon(self) -> None:
        """Draw when the present event is done: what the user does must not wait for the owner's timer."""
        self._dirty = True
        self._soon.start()

    def _show_overlays(self) -> None:
        """Show what earlier runs have beside their curves: their figures, and their fits."""
        shown = self._overlays.shown()
        self.read_out.show_columns(self._theme, shown)
        fits = [(drawing, drawing.fit) for drawing in shown if drawing.fit is not None]
        self.panes.fit.set_overlays(
            [(drawing.run.label, drawing.number, *map(np.asarray, fit)) for drawing, fit in fits]
        )
        self._draw_soon()

    def _show_state(self) -> None:
        """Show the panes that there is something for, and say the latest figures to those who hear them."""
        run, shown = self._run, self._overlays.shown()
        self.loss_pane.show_state(empty=run is None and not self.overlays, following=self.following)
        curves = [run] if run is not None else [drawing.run for drawing in shown]
        self.panes.show_kind(
            accuracy=not any(each.rows for each in curves) or any(each.has_accuracy() for each in curves),
            fit=run.is_regression if run is not None else any(drawing.fit is not None for drawing in shown),
        )
        described = (run.label, len(run.rows)) if run is not None else None
        if described != self._described:
            self._described = described
            last = run.rows[-1] if run is not None and run.rows else None
            self.setAccessibleDescription(
                graph_words.figures(run.label, last, self.view.epochs) if run is not None else ""
            )

    def _fill_read_out(self) -> None:
        self.read_out.show_figures(self._cursor, self._run, self._overlays.shown())

    def _connect(self) -> None:
        for plot in self.plots:
            plot.double_clicked.connect(self.reset_view)
            plot.hovered.connect(self._on_hovered)
        for plot in self.findChildren(Plot):
            plot.menu_asked.connect(self._show_menu)
        self.view.moved.connect(self._draw_soon)
        self.header.legend.toggled.connect(self._on_legend)
        self.header.log_toggled.connect(self._on_log)
        self.header.log_toggled.connect(self.log_toggled)
        self.header.smoothing_changed.connect(self._on_smoothing)
        self.loss_pane.follow_button.clicked.connect(self.reset_view)
        self.menu.whole.triggered.connect(self.reset_view)
        self.menu.log.triggered.connect(self.set_log)
        self.menu.copy.triggered.connect(self.copy)
        self.menu.save_picture.triggered.connect(self.picture_asked)
        self.menu.save_figures.triggered.connect(self.figures_asked)

    def _lay_out(self) -> None:
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        for plot in self.findChildren(Plot):
            plot.let_curves_have(MINIMUM_HEIGHT)
        self.plots.loss.let_curves_have(2 * MINIMUM_HEIGHT)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 4, 8)
        column.setSpacing(4)
        column.addWidget(self.header)
        column.addWidget(self.loss_pane, 13)
        column.addWidget(self.panes, 8)
        column.addWidget(self.read_out)

    # --- what the user does -------------------------------------------------------------------

    def _on_hovered(self, x: float | None) -> None:
        self._cursor = x if self._run is not None or self.overlays else None
        for plot in self.plots:
            plot.set_cursor(self._cursor)
        self._fill_read_out()

    def _on_legend(self, key: str, shown: bool) -> None:
        if key in self.header.names():
            self.drawing.hidden ^= {key}
        self._overlays.toggle(key, shown)
        self.band.toggle(key, shown)
        self._show_overlays()

    def _on_log(self, log: bool) -> None:
        self.plots.loss.set_log(log)
        if not self.following:
            self.reset_view()  # the numbers of the old scale mean nothing on the new one
        self._draw_soon()

    def _on_smoothing(self, weight: float) -> None:
        if self._run is not None:
            self._run.smooth(weight)
        self._draw_soon()

    def _show_menu(self, at: QPoint) -> None:
        self.menu.show_state(log=self.header.log.isChecked(), has_figures=self._run is not None or bool(self.overlays))
        self.menu.popup(at)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802
        """Show the menu: at the pointer, or in the plot that has the keys."""
        self._show_menu(event.globalPos())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Draw anew: curves are thinned to the width, words placed by it."""
        super().resizeEvent(event)
        self.header.legend.set_most_height(LEGEND_SHARE * self.height())
        self._draw_soon()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Draw what came in while the graph could not be seen."""
        super().showEvent(event)
        self._soon.start()
