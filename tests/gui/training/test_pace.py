"""The window takes no more of a processor than a run can spare."""

from __future__ import annotations

import pytest

from gui.training.pace import LONGEST, SHARE, SHORTEST, Pace


class Time:
    """The time of a thread that uses so many seconds for each drawing."""

    def __init__(self, drawing: float) -> None:
        self.drawing, self.used, self.now = drawing, 0.0, 0.0

    def pass_by(self, milliseconds: int) -> None:
        self.now += milliseconds / 1000
        self.used += self.drawing


def settled(drawing: float) -> tuple[Pace, Time]:
    time = Time(drawing)
    pace = Pace(lambda: time.used, lambda: time.now)
    for _ in range(40):
        time.pass_by(pace.next())
    return pace, time


@pytest.mark.parametrize("drawing", [0.006, 0.01, 0.015])
def test_drawing_settles_where_it_takes_its_share(drawing):
    pace, _ = settled(drawing)
    assert drawing / (pace.milliseconds / 1000) == pytest.approx(SHARE, rel=0.05)


def test_what_costs_little_is_drawn_often_and_nothing_more_seldom_than_once_a_second():
    assert settled(0.001)[0].milliseconds == SHORTEST
    assert settled(0.5)[0].milliseconds == LONGEST


def test_another_run_begins_often_again():
    pace, time = settled(0.5)
    time.now += 1000
    pace.begin()
    assert pace.milliseconds == SHORTEST
    assert pace.next() == SHORTEST  # no time has passed
