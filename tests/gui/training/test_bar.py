"""The bar of a run costs a run next to nothing."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject

from gui.training.bar import RunBar


class Requests(QObject):
    """Counts how often something asks to be laid out anew."""

    def __init__(self, widget):
        super().__init__(widget)
        self.count = 0
        widget.installEventFilter(self)

    def eventFilter(self, widget, event):  # noqa: N802
        self.count += event.type() is QEvent.Type.LayoutRequest
        return False


def animates(bar):
    """Whether the bar lets Qt's style move it on; where it does not, the style ends that."""
    event = QEvent(QEvent.Type.StyleAnimationUpdate)
    event.setAccepted(False)
    QCoreApplication.sendEvent(bar, event)
    return event.isAccepted()


@pytest.mark.parametrize(("fraction", "moves"), [(None, True), (0.0, False), (0.0004, False), (0.5, False)])
def test_it_moves_by_itself_only_while_nobody_knows_how_far_the_run_is(show, fraction, moves):
    bar = show(RunBar(), 400, 60)
    bar.show_text("Preparing", None)
    bar.show_text("so far", fraction)
    assert animates(bar.bar) is moves


def test_other_figures_ask_nothing_of_the_layout_and_are_seen_and_heard(app, show):
    bar = show(RunBar(), 400, 60)
    bar.show_text("1 of 9")
    app.processEvents()
    requests, before = Requests(bar), bar.label.grab().toImage()
    bar.show_text("a line that is much longer")
    app.processEvents()
    assert requests.count == 0
    assert bar.label.accessibleName() == bar.label.text() == "a line that is much longer"
    assert bar.label.grab().toImage() != before
