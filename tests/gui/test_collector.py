"""Cycles are collected in the window's own thread, and in no other."""

from __future__ import annotations

import gc
import threading
import weakref

import pytest

from gui.collector import Collector
from tests.gui.driving import dispose, pump


class Knot:
    """Refers to itself, and tells in which thread it goes."""

    def __init__(self, gone: list[str]) -> None:
        self.itself = self
        weakref.finalize(self, lambda: gone.append(threading.current_thread().name))


@pytest.fixture
def collector(app, monkeypatch):
    monkeypatch.setattr("gui.collector.MILLISECONDS", 0)
    made = Collector()
    made.install()
    yield made
    made.remove()
    made.deleteLater()
    dispose(app)


def test_a_thread_that_makes_cycles_leaves_them_to_the_window(collector):
    gone: list[str] = []

    def work() -> None:
        for _ in range(20_000):  # far more than Python's own threshold
            Knot(gone)

    thread = threading.Thread(target=work, name="elsewhere")
    thread.start()
    thread.join()
    assert gone == []
    collector.collect()
    assert len(gone) == 20_000 and set(gone) == {"MainThread"}


def test_nothing_is_collected_where_nothing_is_due(collector, monkeypatch):
    gc.collect()
    asked: list[int] = []
    monkeypatch.setattr(gc, "collect", asked.append)
    collector.collect()
    assert asked == []


def test_it_begins_when_it_is_told(app, collector, monkeypatch):
    asked: list[int] = []
    monkeypatch.setattr(gc, "collect", asked.append)
    monkeypatch.setattr(gc, "get_count", lambda: (10_000, 0, 0))  # something is always due
    for _ in range(10):
        app.processEvents()
    assert asked == []
    collector.begin()
    pump(lambda: asked)


def test_python_gets_it_back(app):
    collector = Collector()
    collector.install()
    assert not gc.isenabled()
    collector.remove()
    assert gc.isenabled()
    collector.deleteLater()
    dispose(app)
