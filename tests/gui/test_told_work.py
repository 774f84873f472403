from __future__ import annotations

import threading

import pytest
from PySide6.QtCore import Qt

from engine.message import message
from gui.background import Background
from gui.told_work import STOPPED, ToldWork
from tests.gui.driving import pump

HALF = message("half", "half of it")


@pytest.fixture
def background(app):
    background = Background()
    yield background
    background.end()


@pytest.fixture
def begin(background):
    """Start work, and collect what its signals say."""

    def begin(do):
        work = ToldWork(background, "work", do, background)
        heard = []
        work.told.connect(lambda text, fraction: heard.append(fraction))
        work.done.connect(lambda result: heard.append(result))
        work.failed.connect(lambda trouble: heard.append(trouble.text.code))
        work.start()
        return work, heard

    return begin


def test_it_tells_how_far_it_is_and_then_what_it_gave(begin):
    def do(report):
        report(HALF, 0.5)
        return "all"

    _, heard = begin(do)
    pump(lambda: "all" in heard)
    assert heard == [0.5, "all"]


def test_given_up_it_ends_with_the_next_report_and_what_was_on_its_way_is_not_heard(background, begin):
    reported, given_up, beyond = threading.Event(), threading.Event(), []

    def do(report):
        report(HALF, 0.5)
        reported.set()
        assert given_up.wait(30)
        report(HALF, 0.6)
        beyond.append(True)

    work, heard = begin(do)
    assert reported.wait(30)
    work.give_up()  # the window's own thread has not heard of the half yet
    given_up.set()
    pump(lambda: not background.busy)
    assert heard == [] and beyond == []


def test_given_up_in_its_last_moments_it_is_not_heard(background, begin):
    ready, given_up = threading.Event(), threading.Event()

    def do(report):
        ready.set()
        assert given_up.wait(30)
        return "all"

    work, heard = begin(do)
    assert ready.wait(30)
    work.give_up()
    given_up.set()
    pump(lambda: not background.busy)
    assert heard == []


def test_it_is_not_given_up_in_the_middle_of_a_report(background):
    """Who gives it up deletes it: a report that is on its way must have left by then."""
    reported, goes_on = threading.Event(), threading.Event()
    work = ToldWork(background, "work", lambda report: report(HALF, 0.5), background)
    work._reached.connect(lambda *_: (reported.set(), goes_on.wait(30)), Qt.ConnectionType.DirectConnection)
    work.start()
    assert reported.wait(30)
    giving_up = threading.Thread(target=work.give_up)
    giving_up.start()
    giving_up.join(0.2)
    assert giving_up.is_alive()
    goes_on.set()
    giving_up.join(30)
    pump(lambda: not background.busy)
    assert not giving_up.is_alive()


def test_it_ends_where_the_window_closes(background, begin):
    background.ending = True
    _, heard = begin(lambda report: "all")
    pump(lambda: heard)
    assert heard == [STOPPED]
