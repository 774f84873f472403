"""Parts of a widget that change together are painted one after another."""

from __future__ import annotations

from itertools import pairwise

import pytest
from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QVBoxLayout, QWidget

from gui.graph.live_graph import LiveGraph
from gui.widgets.theme import LIGHT
from gui.widgets.turns import PaintTurns
from tests.gui.driving import pump
from tests.gui.graph.graphs import PER_EPOCH, redraw, row, steps


class Paintings(QObject):
    """Which widgets were painted, and where the event loop had a turn between."""

    def __init__(self, *widgets: QWidget) -> None:
        super().__init__()
        self.seen: list[QWidget | None] = []
        for widget in widgets:
            widget.installEventFilter(self)
        self._turn = QTimer(self, interval=0)
        self._turn.timeout.connect(lambda: self.seen.append(None))
        self._turn.start()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() is QEvent.Type.Paint:
            self.seen.append(watched)
        return False

    def in_order(self) -> list[QWidget]:
        return [widget for widget in self.seen if widget is not None]


@pytest.fixture
def whole(show):
    widget = QWidget()
    column = QVBoxLayout(widget)
    for _ in range(3):
        column.addWidget(QWidget())
    return show(widget, 200, 200)


def test_each_part_is_painted_in_a_turn_of_its_own(whole):
    parts = [whole.layout().itemAt(place).widget() for place in range(3)]
    paintings = Paintings(*parts)
    turns = PaintTurns(parts, whole)
    for _ in range(2):
        turns.begin()
        for part in parts:
            part.update()
    pump(lambda: len(paintings.in_order()) == 3)
    assert paintings.in_order() == parts
    places = [paintings.seen.index(part) for part in parts]
    assert all(None in paintings.seen[one:other] for one, other in pairwise(places))
    assert all(part.updatesEnabled() for part in parts)


def test_a_graph_that_has_changed_is_painted_in_turns_and_else_not_at_all(show):
    graph = show(LiveGraph(theme=LIGHT), 800, 600)
    graph.start("a", PER_EPOCH, 5)
    redraw(graph)
    loss, accuracy, _ = graph.plots
    graph.redraw_in_turns()
    assert loss.updatesEnabled() and accuracy.updatesEnabled()
    paintings = Paintings(loss.viewport(), accuracy.viewport())
    pump(lambda: paintings.seen[-5:] == [None] * 5)  # what was shown has been painted
    paintings.seen.clear()
    graph.add_steps(steps(1, PER_EPOCH))
    graph.add_epoch(row(1), best=True)
    graph.redraw_in_turns()
    pump(lambda: {loss.viewport(), accuracy.viewport()} <= set(paintings.in_order()) and accuracy.updatesEnabled())
    first, last = (paintings.seen.index(plot.viewport()) for plot in (loss, accuracy))
    assert first < last and None in paintings.seen[first:last]
