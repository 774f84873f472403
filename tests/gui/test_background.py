"""The background thread: results in order, the newest only, troubles told, an end that waits."""

from __future__ import annotations

import queue
import threading

import pytest

from engine.hardware import LOOK_SECONDS
from engine.message import InputError
from gui.background import IDLE_SECONDS, Background
from tests.gui.driving import dispose, pump


@pytest.fixture
def background(app):
    made = Background()
    yield made
    made.end()
    made.deleteLater()
    dispose(app)


def no(trouble):
    raise AssertionError(trouble)


def test_work_is_done_elsewhere_and_handed_over_here(background):
    threads = []
    background.ask("a", lambda: threading.current_thread().name, threads.append, no)
    background.ask("b", lambda: 7, lambda value: threads.append((value, threading.current_thread().name)), no)
    pump(lambda: not background.busy)
    assert threads == ["background", (7, "MainThread")]


def test_a_thread_with_nothing_to_do_ends_and_another_does_what_comes_next(background):
    threads = []
    for _ in range(3):
        background.ask("a", lambda: threads.append(threading.current_thread()), lambda _: None, no)
        pump(lambda: not background.busy)
        pump(lambda: not threads[-1].is_alive())
    assert len(set(threads)) == 3


def test_work_that_comes_as_the_thread_ends_is_done(background):
    done = []

    class Late(queue.SimpleQueue):
        """Gets its second piece of work when the thread has just found that there is none."""

        def get(self, *args, **kwargs):
            try:
                return super().get(*args, **kwargs)
            except queue.Empty:
                if done == ["first"]:
                    background.ask("b", lambda: done.append("second"), lambda _: None, no)
                raise

    background._waiting = Late()
    background.ask("a", lambda: done.append("first"), lambda _: None, no)
    pump(lambda: len(done) == 2 and not background.busy)
    assert done == ["first", "second"]


def test_of_each_kind_only_the_newest_counts(background):
    gate, begun, done, handed = threading.Event(), threading.Event(), [], []

    def work(name):
        done.append(name)
        begun.set()
        assert gate.wait(10)
        return name

    for name in ("first", "second", "third"):
        background.ask("same", lambda name=name: work(name), handed.append, no)
        assert begun.wait(10)  # the first is at work when it is replaced
    background.ask("other", lambda: work("other"), handed.append, no)
    gate.set()
    pump(lambda: not background.busy)
    assert done == ["first", "third", "other"], "what was replaced before it was begun is not done"
    assert handed == ["third", "other"], "what was replaced while it was done is not handed over"


def test_a_trouble_is_told_in_words_with_a_traceback_where_it_is_nobody_s_fault(background):
    troubles = []

    def wrong_input():
        raise InputError("too-many", "there are only {count}", count=3)

    def mistake():
        raise ZeroDivisionError("of all things")

    background.ask("a", wrong_input, no, troubles.append)
    background.ask("b", mistake, no, troubles.append)
    pump(lambda: not background.busy)
    assert [str(trouble.text) for trouble in troubles] == ["there are only 3", "ZeroDivisionError: of all things"]
    assert troubles[0].traceback == "" and "in mistake" in troubles[1].traceback


def test_the_end_waits_for_what_is_done_and_begins_nothing_more(app):
    background = Background()
    gate, begun, done, handed = threading.Event(), threading.Event(), [], []

    def work():
        begun.set()
        assert gate.wait(10)
        done.append("long")

    background.ask("long", work, handed.append, no)
    background.ask("later", lambda: done.append("later"), handed.append, no)
    assert begun.wait(10)
    threading.Timer(0.05, gate.set).start()
    background.end()
    app.processEvents()
    assert done == ["long"] and handed == []
    background.deleteLater()
    dispose(app)


def test_the_thread_is_gone_before_numbers_of_threads_are_tried():
    """While it is there, two threads seem slower than one."""
    assert 2 * IDLE_SECONDS <= LOOK_SECONDS
