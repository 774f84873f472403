"""Where no window can be opened, that is found out before Qt ends the process."""

from __future__ import annotations

import sys

import pytest

from gui import display

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux alone has to be asked")


@pytest.fixture
def desktop(monkeypatch):
    """A desktop on X11 where all is there."""
    for name in ("QT_QPA_PLATFORM", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DISPLAY", ":7")
    monkeypatch.setattr(display, "_loads", lambda library: True)
    monkeypatch.setattr(display, "_x11_answers", lambda: True)
    return monkeypatch


def test_a_whole_desktop_has_no_problem(desktop):
    assert display.display_problem() is None


def test_without_a_display_it_says_so(desktop):
    desktop.delenv("DISPLAY")
    assert display.display_problem() == "there is no display here"


def test_a_display_that_does_not_answer_is_named(desktop):
    desktop.setattr(display, "_x11_answers", lambda: False)
    assert display.display_problem() == "the display :7 does not answer"


def test_an_address_that_nobody_serves_does_not_answer(desktop):
    desktop.undo()
    desktop.setenv("DISPLAY", ":7654")
    assert display._loads("libxcb.so.1") and not display._x11_answers()


def test_all_missing_libraries_are_named_by_their_packages(desktop):
    gone = ("libxcb-icccm.so.4", "libxkbcommon-x11.so.0", "libEGL.so.1")
    desktop.setattr(display, "_loads", lambda library: library not in gone)
    assert display.display_problem().endswith("apt install libegl1 libxcb-icccm4 libxkbcommon-x11-0)")


@pytest.mark.parametrize(("name", "value"), [("WAYLAND_DISPLAY", "wayland-0"), ("QT_QPA_PLATFORM", "offscreen")])
def test_off_x11_its_libraries_are_not_asked_for(desktop, name, value):
    desktop.delenv("DISPLAY")
    desktop.setenv(name, value)
    desktop.setattr(display, "_loads", lambda library: library not in display.X11_LIBRARIES)
    assert display.display_problem() is None


def test_what_qt_links_against_is_what_is_asked_for():
    assert all(display._loads(library) for library in display.DRAWING_LIBRARIES)
