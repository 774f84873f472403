"""The figures of the present run, and of earlier ones, at one x."""

from __future__ import annotations

from collections.abc import Sequence

from engine.history import EpochRow
from gui import numbers
from gui.graph.drawings import overlay_style, styles
from gui.graph.overlays import OverlayDrawing
from gui.graph.read_out import Column, Entry, ReadOut
from gui.graph.run_curves import LOSS, LR, SMOOTH, RunCurves
from gui.widgets.theme import Theme

LOSS_ROOM, PERCENT_ROOM, LR_ROOM, EPOCH_ROOM = "8.88e-08", "100.0 %", "8.88e-08", "8888.8"


class RunReadOut(ReadOut):
    """Losses above, accuracies below: of the present run, and the validation figures of each earlier one."""

    def show_columns(self, theme: Theme, overlays: Sequence[OverlayDrawing]) -> None:
        """Make room for the figures of a run and of these earlier ones."""
        looks = styles(theme)
        epoch, lr, step, smooth = self.tr("epoch"), self.tr("lr"), self.tr("step"), self.tr("smooth")
        present: list[Column] = [
            (Entry(epoch, EPOCH_ROOM, epoch), Entry(lr, LR_ROOM, lr, looks["lr"])),
            (Entry(step, LOSS_ROOM, step, looks["step"]), Entry(smooth, LOSS_ROOM, smooth, looks["smooth"])),
            *(
                (Entry(name, LOSS_ROOM, name, looks[key]), Entry(accuracy, PERCENT_ROOM))
                for key, name, accuracy in (
                    ("train", self.tr("train"), self.tr("train accuracy")),
                    ("clean", self.tr("clean"), self.tr("clean accuracy")),
                    ("val", self.tr("validation"), self.tr("validation accuracy")),
                )
            ),
        ]
        earlier = [
            (
                Entry(drawing.run.label, LOSS_ROOM, style=overlay_style(theme, drawing.number)),
                Entry(self.tr("{run} accuracy").format(run=drawing.run.label), PERCENT_ROOM),
            )
            for drawing in overlays
        ]
        self.set_columns([present, earlier], theme)

    def show_figures(self, x: float | None, run: RunCurves | None, overlays: Sequence[OverlayDrawing]) -> None:
        """Show the figures at this x, in epochs; without one, where the present run is, so that earlier ones are
        read at the same place. Epochs are read at the nearest end."""
        if run is None and not overlays:
            self.set_values([("", "")] * 5)
            return
        at = x
        if at is None:
            at = run.last_x() if run is not None else max(drawing.run.last_x() for drawing in overlays)
        step = run.step_at(at) if run else None
        row = run.row_at(at) if run else None
        lr = step[LR] if step else row.lr if row else None
        values = [
            (f"{max(0.0, at):.1f}", numbers.learning_rate(lr)),
            (numbers.loss(step[LOSS] if step else None), numbers.loss(step[SMOOTH] if step else None)),
            (numbers.loss(row and row.train_loss), numbers.percent(row and row.train_accuracy)),
            (numbers.loss(row and row.clean_train_loss), numbers.percent(row and row.clean_train_accuracy)),
            _validation(row),
        ]
        self.set_values([*values, *(_validation(drawing.run.row_at(at)) for drawing in overlays)])


def _validation(row: EpochRow | None) -> tuple[str, str]:
    return numbers.loss(row and row.val_loss), numbers.percent(row and row.val_accuracy)
