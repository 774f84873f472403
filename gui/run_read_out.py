"""The figures of the present run, and of earlier ones, at one x."""

from __future__ import annotations

from gui import numbers
from gui.drawings import OverlayDrawing, overlay_style
from gui.read_out import Cell, ReadOut
from gui.run_curves import LOSS, LR, SMOOTH, RunCurves
from gui.theme import Theme

LOSS_ROOM, PERCENT_ROOM, LR_ROOM, EPOCH_ROOM = "8.88e-08", "100.0 %", "8.88e-08", "8888.8"


class RunReadOut(ReadOut):
    """Epoch, losses, accuracies and learning rate; the validation loss of each earlier run."""

    def show_cells(self, theme: Theme, overlays: list[OverlayDrawing]) -> None:
        """Make room for the figures of a run and of these earlier ones."""
        cells = [
            Cell(self.tr("epoch"), EPOCH_ROOM),
            Cell(self.tr("loss: step"), LOSS_ROOM, theme.train_faint),
            Cell(self.tr("smoothed"), LOSS_ROOM, theme.train),
            Cell(self.tr("train"), LOSS_ROOM, theme.train),
            Cell(self.tr("clean"), LOSS_ROOM, theme.clean),
            Cell(self.tr("validation"), LOSS_ROOM, theme.validation),
            Cell(self.tr("accuracy: train"), PERCENT_ROOM, theme.train),
            Cell(self.tr("clean"), PERCENT_ROOM, theme.clean),
            Cell(self.tr("validation"), PERCENT_ROOM, theme.validation),
            Cell(self.tr("lr"), LR_ROOM, theme.lr),
        ]
        earlier = [Cell(o.run.label, LOSS_ROOM, overlay_style(theme, o.number).colour) for o in overlays]
        self.set_cells(cells + earlier, theme)

    def show_figures(self, x: float | None, run: RunCurves | None, overlays: list[OverlayDrawing]) -> None:
        """Show the figures at this x, in epochs; without one, where the present run is, so that earlier ones are
        read at the same place. Epochs are read at the nearest end."""
        if run is None and not overlays:
            self.set_values([""] * (10 + len(overlays)))
            return
        at = x
        if at is None:
            at = run.last_x() if run is not None else max(drawing.run.last_x() for drawing in overlays)
        values = [f"{max(0.0, at):.1f}", *_of_run(run, at)]
        for drawing in overlays:
            row = drawing.run.row_at(at)
            values.append(numbers.loss(row.val_loss if row else None))
        self.set_values(values)


def _of_run(run: RunCurves | None, x: float) -> list[str]:
    step = run.step_at(x) if run else None
    row = run.row_at(x) if run else None
    return [
        numbers.loss(step[LOSS] if step else None),
        numbers.loss(step[SMOOTH] if step else None),
        numbers.loss(row.train_loss if row else None),
        numbers.loss(row.clean_train_loss if row else None),
        numbers.loss(row.val_loss if row else None),
        numbers.percent(row.train_accuracy if row else None),
        numbers.percent(row.clean_train_accuracy if row else None),
        numbers.percent(row.val_accuracy if row else None),
        numbers.learning_rate(step[LR] if step else row.lr if row else None),
    ]
