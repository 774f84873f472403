"""Whether a window can be opened here, found out without Qt, which ends the process where it can't."""

from __future__ import annotations

import ctypes
import os
import sys


def display_problem() -> str | None:
    """Why no window can be opened here, in one line, or None."""
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM", "xcb").split(":")[0] not in (
        "xcb",
        "wayland",
    ):
        return None
    if os.environ.get("WAYLAND_DISPLAY"):
        return None
    if not os.environ.get("DISPLAY"):
        return "there is no display here"
    for library, package in (
        ("libxcb.so.1", "libxcb1"),
        ("libxcb-cursor.so.0", "libxcb-cursor0"),
        ("libEGL.so.1", "libegl1"),
    ):
        try:
            ctypes.CDLL(library)
        except OSError:
            return f"Qt needs the system library {library} (on Debian and Ubuntu: apt install {package})"
    return None if _display_answers() else f"the display {os.environ['DISPLAY']} does not answer"


def _display_answers() -> bool:
    xcb = ctypes.CDLL("libxcb.so.1")
    xcb.xcb_connect.restype = ctypes.c_void_p
    connection = ctypes.c_void_p(xcb.xcb_connect(None, None))
    answers = xcb.xcb_connection_has_error(connection) == 0
    xcb.xcb_disconnect(connection)
    return answers
